import { short, type Measured } from './row.ts'

const HEAD = ['row', 'figure', 'floor or peer', 'ratio', 'must', 'aim', 'met'] as const

const mark = (meets: boolean | undefined): string => (meets === undefined ? '–' : meets ? '✓' : '✗')

function cells(row: Measured): readonly string[] {
  const beside = row.beside === undefined ? '' : `${short(row.beside)} ${row.besideName ?? ''}`
  return [row.title, row.figure === undefined ? '–' : `${short(row.figure)} ${row.unit}`, beside, row.ratio === undefined ? '' : `${row.ratio.toFixed(2)}×`, short(row.must), short(row.aim), `${mark(row.meetsMust)} ${mark(row.meetsAim)}`]
}

/** The table as text: one mark against *must*, a second against *aim*. */
export function table(rows: readonly Measured[]): string {
  const lines = [HEAD, ...rows.map(cells)]
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  const text = lines.map((line, index) => `${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}  ${index === 0 ? 'note' : (rows[index - 1]?.note ?? '')}`.trimEnd())
  return `${text.join('\n')}\n`
}
