/** `intstr.IntOrString`: a count, or a percentage of one. */
export type IntOrString = number | string

const PERCENT = /^([0-9]+)%$/

/** The number before the sign of `25%`, or `undefined` for anything else. */
export function percentOf(value: IntOrString): number | undefined {
  const match = typeof value === 'string' ? PERCENT.exec(value) : null
  return match ? Number(match[1]) : undefined
}

/** A count as it is, a percentage scaled to `total` and rounded; `undefined` for a text that is no percentage. */
export function scaledValue(value: IntOrString, total: number, round: 'up' | 'down'): number | undefined {
  if (typeof value === 'number') return value
  const percent = percentOf(value)
  if (percent === undefined) return undefined
  return round === 'up' ? Math.ceil((percent * total) / 100) : Math.floor((percent * total) / 100)
}
