import { POSITIONS } from './port.ts'

/** A value as etcd holds it: the position in its batch, a line feed, the JSON text. */
export const toStored = (position: number, value: string): string => `${position}\n${value}`

const LINE_FEED = 10

/** What was put there by other hands than ours has no position: it counts as the first of its batch. */
export function fromStored(stored: Buffer): { readonly position: number; readonly value: string } {
  const end = stored.subarray(0, 5).indexOf(LINE_FEED)
  const position = end > 0 ? Number(stored.toString('latin1', 0, end)) : Number.NaN
  if (!Number.isInteger(position) || position < 0 || position >= POSITIONS) return { position: 0, value: stored.toString('utf8') }
  return { position, value: stored.toString('utf8', end + 1) }
}
