/** Text in columns, as kubectl lays it out: three spaces apart, and none narrower than three characters. */

const NARROWEST = 3

/** The lines, each with a line end; nothing trails the last column but what it holds. @param header left out when empty. */
export function columnsOf(header: readonly string[], rows: ReadonlyArray<readonly string[]>, gap = 3): string {
  const all = header.length > 0 ? [header, ...rows] : rows
  const widths: number[] = []
  for (const row of all) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? NARROWEST, widthOf(cell))
  return all.map((row) => `${row.map((cell, at) => (at === row.length - 1 ? cell : cell + ' '.repeat((widths[at] ?? 0) - widthOf(cell) + gap))).join('')}\n`).join('')
}

/** Characters, not bytes. */
const widthOf = (text: string): number => (/^[\x20-\x7e]*$/.test(text) ? text.length : [...text].length)
