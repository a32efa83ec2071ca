/** Columns of a table that goes on: they keep the widths they once had, so that lines printed at different times stand below one another. */
export function createGrowingColumns(header: readonly string[]): (rows: ReadonlyArray<readonly string[]>) => string {
  const widths: number[] = []
  let heads: ReadonlyArray<readonly string[]> = header.length > 0 ? [header] : []
  return (added) => {
    const rows = [...heads, ...added]
    heads = []
    for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 3, cell.length)
    return rows.map((row) => `${row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd((widths[at] ?? 0) + 3))).join('')}\n`).join('')
  }
}
