/** What `npm run bench` measures: one row of its table each. */

export interface Figure {
  readonly value: number
  /** What the figure is held against: a floor that the kernel and the tools set, or a peer; measured in the same run. */
  readonly beside?: { readonly name: string; readonly value: number } | undefined
  /** What else was seen: resident memory, spread. */
  readonly note?: string | undefined
}

export interface Row {
  /** By which it is asked for on the command line. */
  readonly name: string
  readonly title: string
  readonly unit: string
  /** What must and aim speak of: the figure, or its ratio to what is beside it. */
  readonly judged: 'figure' | 'ratio'
  readonly better: 'less' | 'more'
  readonly must: number
  readonly aim: number
  /** `undefined`, with the reason, where it cannot be measured here. */
  readonly measure: () => Promise<Figure | { readonly skipped: string }>
}

export interface Measured {
  readonly name: string
  readonly title: string
  readonly unit: string
  readonly figure?: number | undefined
  readonly besideName?: string | undefined
  readonly beside?: number | undefined
  readonly ratio?: number | undefined
  readonly must: number
  readonly aim: number
  readonly meetsMust?: boolean | undefined
  readonly meetsAim?: boolean | undefined
  readonly note?: string | undefined
}

export function judge({ name, title, unit, judged, better, must, aim }: Row, result: Figure | { readonly skipped: string }): Measured {
  const row = { name, title, unit, must, aim }
  if ('skipped' in result) return { ...row, note: `skipped: ${result.skipped}` }
  const { value, beside, note } = result
  const ratio = beside === undefined ? undefined : value / beside.value
  const judgedBy = judged === 'ratio' ? (ratio ?? Number.NaN) : value
  const reaches = (bound: number): boolean => (better === 'less' ? judgedBy <= bound : judgedBy >= bound)
  return { ...row, figure: value, besideName: beside?.name, beside: beside?.value, ratio, meetsMust: reaches(must), meetsAim: reaches(aim), note }
}

/** The middle one; the mean of the two in the middle where there is none. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? Number.NaN)) / 2
}

/** What so many hundredths of the figures do not exceed: 50 is the middle, 99 the worst but one of a hundred. */
export function percentile(figures: readonly number[], hundredths: number): number {
  const sorted = figures.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * hundredths) / 100) - 1)] ?? Number.NaN
}

/** `median of 5, 61–88`: how far the runs lay apart. */
export const spread = (figures: readonly number[]): string => `median of ${figures.length}, ${short(Math.min(...figures))}–${short(Math.max(...figures))}`

/** Three digits that matter. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en')
  return Number(value.toPrecision(3)).toString()
}
