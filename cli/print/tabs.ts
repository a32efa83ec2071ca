/** Elastic tab stops: cells that end in a tab and stand below one another in neighbouring lines are made equally wide. */

/** @param padding spaces after the widest cell of a column */
export function alignTabs(text: string, padding = 2): string {
  const lines = text.split('\n').map((line) => line.split('\t'))
  const widths: number[][] = lines.map(() => [])
  measure(lines, { from: 0, to: lines.length, column: 0 }, { widths, padding })
  return lines.map((cells, at) => cells.map((cell, column) => (column === cells.length - 1 ? cell : cell + ' '.repeat(Math.max(0, (widths[at]?.[column] ?? 0) - lengthOf(cell))))).join('')).join('\n')
}

const lengthOf = (cell: string): number => [...cell].length

interface Block {
  readonly from: number
  readonly to: number
  readonly column: number
}

/** A column is as long as the run of lines that have a cell in it; each such run is a block for the columns to its right. */
function measure(lines: ReadonlyArray<readonly string[]>, { from, to, column }: Block, found: { readonly widths: number[][]; readonly padding: number }): void {
  const hasCell = (at: number): boolean => column < (lines[at]?.length ?? 0) - 1
  let at = from
  while (at < to) {
    if (!hasCell(at)) {
      at++
      continue
    }
    const start = at
    let widest = 0
    for (; at < to && hasCell(at); at++) widest = Math.max(widest, lengthOf(lines[at]?.[column] ?? ''))
    for (let line = start; line < at; line++) (found.widths[line] ?? [])[column] = widest + found.padding
    measure(lines, { from: start, to: at, column: column + 1 }, found)
  }
}
