/** What a delete makes of an object: gone at once, marked and waiting, or nothing new. PURE. */
import { isWhole, type JsonObject } from '../../../shared/model/json.ts'
import { formatTime, parseTime } from '../../../shared/model/time.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import type { DeleteOptions } from '../options/delete-options.ts'
import { FOREGROUND, finalizersOf, ORPHAN, specFinalizers } from './finalizers.ts'
import { metadataOf, withMeta } from './stored.ts'

export type Deletion =
  /** Take it away; `marked` must be written before, so that watchers see it terminating. */
  | { readonly kind: 'remove'; readonly marked?: JsonObject | undefined }
  /** Write this: somebody else takes it away later. */
  | { readonly kind: 'mark'; readonly object: JsonObject }
  /** It is terminating already and this delete asks for nothing more. */
  | { readonly kind: 'pending' }

export function planDeletion(definition: KindDefinition, object: JsonObject, { options, nowMs }: { readonly options: DeleteOptions; readonly nowMs: number }): Deletion {
  const grace = graceful(definition, object, { options, nowMs })
  if (grace.kind === 'pending') return grace
  const finalizers = wantedFinalizers(definition, object, options)
  if (grace.kind === 'graceful') {
    const marked = withFinalizers(grace.object, finalizers)
    return finalizers.length > 0 || grace.seconds > 0 ? { kind: 'mark', object: marked } : { kind: 'remove', marked }
  }
  if (finalizers.length === 0) return { kind: 'remove' }
  return { kind: 'mark', object: withFinalizers(markDeleting(object, nowMs), finalizers) }
}

/** A namespace is marked by the first delete and stays, whatever it holds: its contents go first, then what still waits for it. */
export function planNamespaceDeletion(definition: KindDefinition, object: JsonObject, { options, nowMs }: { readonly options: DeleteOptions; readonly nowMs: number }): Deletion {
  if (metadataOf(object)['deletionTimestamp'] !== undefined) return specFinalizers(object).length > 0 ? { kind: 'pending' } : planDeletion(definition, object, { options, nowMs })
  const { orphanDependents, propagationPolicy } = options
  const existing = finalizersOf(object)
  const orphan = orphanDependents ?? (propagationPolicy === undefined ? existing.includes(ORPHAN) : propagationPolicy === 'Orphan')
  const foreground = orphanDependents === undefined ? (propagationPolicy === undefined ? existing.includes(FOREGROUND) : propagationPolicy === 'Foreground') : !orphanDependents
  const status = { ...(object['status'] as JsonObject | undefined), phase: 'Terminating' }
  return { kind: 'mark', object: { ...withFinalizers(withMeta(object, { deletionTimestamp: formatTime(nowMs) }), withDependents(existing, orphan, foreground)), status } }
}

type Grace = { readonly kind: 'pending' } | { readonly kind: 'at-once' } | { readonly kind: 'graceful'; readonly object: JsonObject; readonly seconds: number | bigint }

function graceful(definition: KindDefinition, object: JsonObject, { options, nowMs }: { readonly options: DeleteOptions; readonly nowMs: number }): Grace {
  if (!definition.gracePeriodSeconds) return { kind: 'at-once' }
  const requested = options.gracePeriodSeconds === undefined ? undefined : options.gracePeriodSeconds < 0 ? 1 : options.gracePeriodSeconds
  const metadata = metadataOf(object)
  const { deletionTimestamp, deletionGracePeriodSeconds: granted } = metadata
  if (deletionTimestamp === undefined) {
    const seconds = definition.gracePeriodSeconds(object, requested)
    if (seconds === undefined) return { kind: 'at-once' }
    const marked = withMeta(object, { deletionTimestamp: formatTime(nowMs + durationMs(seconds)), deletionGracePeriodSeconds: seconds, ...bumped(object) })
    return { kind: 'graceful', object: marked, seconds }
  }
  // Without grace left it should be gone: whoever marked it died before taking it away.
  if (!isWhole(granted) || granted === 0) return { kind: 'at-once' }
  if (requested === undefined || requested >= granted) return { kind: 'pending' }
  const began = (parseTime(String(deletionTimestamp)) ?? nowMs) - durationMs(granted)
  return { kind: 'graceful', object: withMeta(object, { deletionTimestamp: formatTime(began + durationMs(requested)), deletionGracePeriodSeconds: requested }), seconds: requested }
}

const LONGEST_SECONDS = 2 ** 63 / 1e9

/** As Go's durations count: in 64 bits of nanoseconds, which go round after 292 years. A time beyond the year 9999 would be none that clients can read. */
function durationMs(seconds: number | bigint): number {
  return seconds < LONGEST_SECONDS ? Number(seconds) * 1000 : Number(BigInt.asIntN(64, BigInt(seconds) * 1_000_000_000n)) / 1e6
}

/** For kinds without grace that finalizers hold back. */
function markDeleting(object: JsonObject, nowMs: number): JsonObject {
  const { deletionTimestamp } = metadataOf(object)
  const since = typeof deletionTimestamp === 'string' ? parseTime(deletionTimestamp) : undefined
  if (since === undefined) return withMeta(object, { deletionTimestamp: formatTime(nowMs), deletionGracePeriodSeconds: 0, ...bumped(object) })
  return withMeta(object, { deletionTimestamp: formatTime(Math.min(since, nowMs)), deletionGracePeriodSeconds: 0 })
}

/** Its controller will behave differently from now on: a new generation, if the kind has any. */
function bumped(object: JsonObject): { readonly generation?: number } {
  const { generation } = metadataOf(object)
  return typeof generation === 'number' && generation > 0 ? { generation: generation + 1 } : {}
}

function withFinalizers(object: JsonObject, finalizers: readonly string[]): JsonObject {
  return withMeta(object, { finalizers: finalizers.length === 0 ? undefined : finalizers })
}

/** Those it has, and the one by which the garbage collector learns what becomes of the dependents. */
export function wantedFinalizers(definition: KindDefinition, object: JsonObject, options: DeleteOptions): readonly string[] {
  const existing = finalizersOf(object)
  return withDependents(existing, orphans(definition, existing, options), inForeground(existing, options))
}

function withDependents(existing: readonly string[], orphan: boolean, foreground: boolean): readonly string[] {
  if (orphan === existing.includes(ORPHAN) && foreground === existing.includes(FOREGROUND)) return existing
  const others = existing.filter((one) => one !== ORPHAN && one !== FOREGROUND)
  return [...others, ...(orphan ? [ORPHAN] : []), ...(foreground ? [FOREGROUND] : [])]
}

function orphans(definition: KindDefinition, existing: readonly string[], options: DeleteOptions): boolean {
  if (options.orphanDependents !== undefined) return options.orphanDependents
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === 'Orphan'
  if (existing.includes(ORPHAN)) return true
  if (existing.includes(FOREGROUND)) return false
  return definition.defaultPropagation === 'Orphan'
}

function inForeground(existing: readonly string[], options: DeleteOptions): boolean {
  if (options.orphanDependents !== undefined) return false
  if (options.propagationPolicy !== undefined) return options.propagationPolicy === 'Foreground'
  return existing.includes(FOREGROUND)
}
