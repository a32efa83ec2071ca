/** Which stored Event a new occurrence belongs to, as Kubernetes' event correlator has it. PURE. */
import type { Event, ObjectReference } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { formatMicroTime, formatTime } from '../../../shared/model/time.ts'

export interface Occurrence {
  readonly involvedObject: ObjectReference
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  readonly component: string
  /** What was being done: `Binding`. Components that say so write Events of the new kind (`events.k8s.io`). */
  readonly action?: string | undefined
  /** A second object that has to do with it: the node that a pod is taken from. */
  readonly related?: ObjectReference | undefined
  readonly atMs: number
}

/** Occurrences that differ in nothing but time are one Event with a count. */
export const sameKey = (of: Occurrence): string => [similarKey(of), of.message].join('\u0000')

/** Occurrences that differ in time and message are similar: many of them in a short time are stored as one. */
export const similarKey = ({ involvedObject: about, type, reason, component }: Occurrence): string =>
  [component, about.kind, about.namespace, about.name, about.uid, about.apiVersion, about.fieldPath, type, reason].join('\u0000')

/** How many similar Events may be stored within {@link SIMILAR_WINDOW_MS} before they are combined. */
export const SIMILAR_LIMIT = 10
export const SIMILAR_WINDOW_MS = 600_000
export const COMBINED_PREFIX = '(combined from similar events): '

/** The Event object of what happened `count` times; `sequence` keeps the names of one millisecond apart. */
export function newEvent(of: Occurrence, { count, sequence }: { readonly count: number; readonly sequence: number }): Event {
  const namespace = of.involvedObject.namespace ?? 'default'
  const metadata = { name: `${of.involvedObject.name}.${hexNanos(of.atMs, sequence)}`, namespace }
  const { involvedObject, type, reason, message, related } = of
  const told = { apiVersion: 'v1', kind: 'Event', metadata, involvedObject, type, reason, message, reportingComponent: of.component, ...(related ? { related } : {}) }
  if (of.action !== undefined) return { ...told, action: of.action, eventTime: formatMicroTime(of.atMs), reportingInstance: of.component, ...(count > 1 ? repetition(of, count) : {}) }
  const time = formatTime(of.atMs)
  return { ...told, source: { component: of.component }, firstTimestamp: time, lastTimestamp: time, count, reportingInstance: '' }
}

/** The merge patch by which a stored Event says that it has now happened `count` times. */
export function repetition(of: Occurrence, count: number): JsonObject {
  if (of.action !== undefined) return { series: { count, lastObservedTime: formatMicroTime(of.atMs) } }
  return { count, message: of.message, lastTimestamp: formatTime(of.atMs) }
}

const hexNanos = (ms: number, sequence: number): string => (BigInt(Math.floor(ms)) * 1_000_000n + BigInt(sequence % 1_000_000)).toString(16)
