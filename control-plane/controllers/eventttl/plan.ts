/** Which Events have outlived their time. PURE. */
import type { Event } from '../../../shared/model/gen/api.ts'
import { parseTime } from '../../../shared/model/time.ts'

export const EVENT_TTL_MS = 3_600_000

/** When it last happened, whichever of the API's ways to say so was used. */
function lastSeenMs(event: Event): number | undefined {
  const times = [event.lastTimestamp, event.series?.lastObservedTime, event.eventTime, event.firstTimestamp, event.metadata.creationTimestamp].flatMap((time) => parseTime(time ?? undefined) ?? [])
  return times.length === 0 ? undefined : Math.max(...times)
}

/** Kubernetes counts from the last write. An Event that claims to be of long ago is kept an hour from its creation all the same. */
export function isExpired(event: Event, nowMs: number): boolean {
  const createdMs = parseTime(event.metadata.creationTimestamp) ?? nowMs
  const seenMs = lastSeenMs(event) ?? createdMs
  return Math.max(createdMs, seenMs > nowMs ? createdMs : seenMs) + EVENT_TTL_MS <= nowMs
}
