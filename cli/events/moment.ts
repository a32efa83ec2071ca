/** When an event happened, as exactly as it says. */
import type { Event } from '../../shared/model/gen/api.ts'
import { parseTime } from '../../shared/model/time.ts'

/**
 * ms since the epoch. Times of the older kind are whole seconds; but recorders name an event by the nanoseconds of its first occurrence, in hex,
 * which are believed where they agree with the seconds.
 */
export function firstMs({ eventTime, firstTimestamp, lastTimestamp, metadata }: Event): number {
  const told = parseTime(eventTime ?? undefined)
  if (told !== undefined) return told
  const seconds = parseTime(firstTimestamp ?? undefined) ?? parseTime(lastTimestamp ?? undefined) ?? parseTime(metadata.creationTimestamp ?? undefined) ?? 0
  const [, hex] = /\.([0-9a-f]{15,16})$/.exec(metadata.name ?? '') ?? []
  const named = hex === undefined ? Number.NaN : Number(BigInt(`0x${hex}`) / 1000n) / 1000
  return Math.floor(named / 1000) * 1000 === seconds ? named : seconds
}

/** Of the latest occurrence. */
export function lastMs(event: Event): number {
  const { series, lastTimestamp, firstTimestamp } = event
  const again = parseTime(series?.lastObservedTime ?? undefined)
  if (again !== undefined) return again
  const last = parseTime(lastTimestamp ?? undefined)
  // The same second as the first: the first is known better.
  return last === undefined || lastTimestamp === firstTimestamp ? firstMs(event) : last
}
