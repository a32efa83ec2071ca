/**
 * Says on the API what happened to an object, as core/v1 Events. Never in the way of the work it tells of: occurrences are queued, written a
 * moment later by a few writers, and dropped (with a line in the log) when they cannot be written.
 */
import { isApiError } from '../../../shared/kit/api-error.ts'
import type { Clock } from '../../../shared/kit/clock.ts'
import { sleep } from '../../../shared/kit/clock.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import type { Log } from '../../../shared/kit/log.ts'
import type { Event, ObjectReference } from '../../../shared/model/gen/api.ts'
import type { KubeObject } from '../../../shared/model/meta.ts'
import { apiVersionOf, events, type Resource } from '../../../shared/model/resources.ts'
import type { ApiClient } from '../../client/port.ts'
import { COMBINED_PREFIX, newEvent, repetition, sameKey, SIMILAR_LIMIT, SIMILAR_WINDOW_MS, similarKey, type Occurrence } from './correlate.ts'

export interface Happening {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** See {@link Occurrence.action}. */
  readonly action?: string | undefined
  /** See {@link Occurrence.related}. */
  readonly related?: ObjectReference | undefined
}

export interface EventRecorder {
  /** @param component who says so: `replicaset-controller`. Never throws and never waits. */
  record(component: string, about: ObjectReference, what: Happening): void
  /** Writes what is queued, until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

/** How an Event names the object it is about. */
export const referenceTo = (resource: Resource, object: KubeObject): ObjectReference => ({
  kind: resource.kind,
  apiVersion: apiVersionOf(resource),
  name: object.metadata.name,
  ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
  uid: object.metadata.uid,
  resourceVersion: object.metadata.resourceVersion,
})

const QUEUE_LIMIT = 4096
const REMEMBERED = 4096
const WRITERS = 4
/** Events wait this long, so that the work they tell of goes first. */
const LINGER_MS = 50

interface RecorderParts {
  readonly client: ApiClient
  readonly clock: Clock
  readonly log: Log
}

/** Occurrences of one Event that are not written yet. */
interface Pending {
  readonly key: string
  readonly what: Occurrence
  readonly times: number
}

interface Stored {
  readonly event: Event
  readonly count: number
}

interface Similar {
  readonly messages: ReadonlySet<string>
  readonly lastMs: number
}

export function createEventRecorder({ client, clock, log }: RecorderParts): EventRecorder {
  const pending = new Map<string, Pending>()
  const stored = new Map<string, Stored>()
  const similar = new Map<string, Similar>()
  let sequence = 0
  let wake: (() => void) | undefined

  const correlate = (what: Occurrence): Occurrence => {
    const key = similarKey(what)
    const known = similar.get(key)
    const messages = known && what.atMs - known.lastMs <= SIMILAR_WINDOW_MS ? known.messages : new Set<string>()
    const isCombined = !messages.has(what.message) && messages.size >= SIMILAR_LIMIT
    remember(similar, key, { messages: isCombined ? messages : new Set([...messages, what.message]), lastMs: what.atMs })
    return isCombined ? { ...what, message: `${COMBINED_PREFIX}${what.message}` } : what
  }
  const write = async ({ key, what, times }: Pending): Promise<void> => {
    const known = stored.get(key)
    if (known && (await repeat(known, { key, what, times }))) return
    const event = await client.create(events, newEvent(what, { count: times, sequence: sequence++ }))
    remember(stored, key, { event, count: times })
  }
  const repeat = async (known: Stored, { key, what, times }: Pending): Promise<boolean> => {
    const { name = '', namespace } = known.event.metadata
    const count = known.count + times
    try {
      await client.patch(events, { namespace, name }, { type: 'merge', body: repetition(what, count) })
    } catch (error) {
      if (isApiError(error, 'NotFound')) return false // it has outlived its time
      throw error
    }
    remember(stored, key, { event: known.event, count })
    return true
  }
  /** Everything that is pending, each Event once, by several writers. What comes meanwhile waits for the next round. */
  const writeAll = async (): Promise<void> => {
    const round = [...pending.values()].toReversed()
    pending.clear()
    const writer = async (): Promise<void> => {
      for (let next = round.pop(); next; next = round.pop()) {
        const { involvedObject, reason } = next.what
        await write(next).catch((error: unknown) => log.debug({ reason, object: involvedObject.name, err: messageOf(error) }, 'an event was not written'))
      }
    }
    await Promise.all(Array.from({ length: Math.min(WRITERS, round.length) }, writer))
  }
  return {
    record(component, involvedObject, happening) {
      const what = correlate({ ...happening, involvedObject, component, atMs: clock.nowMs() })
      const key = what.message.startsWith(COMBINED_PREFIX) ? similarKey(what) : sameKey(what)
      if (pending.size >= QUEUE_LIMIT && !pending.has(key)) return log.warn({ reason: what.reason, object: involvedObject.name }, 'too many events: one is dropped')
      pending.set(key, { key, what, times: (pending.get(key)?.times ?? 0) + 1 })
      wake?.()
    },
    async run(signal) {
      while (!signal.aborted) {
        if (pending.size === 0) await untilWoken(signal, (resolve) => (wake = resolve))
        wake = undefined
        await sleep(clock, LINGER_MS, signal).catch(() => {})
        if (signal.aborted) return
        await writeAll()
      }
    },
  }
}

function untilWoken(signal: AbortSignal, register: (resolve: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      signal.removeEventListener('abort', end)
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
    register(end)
  })
}

/** A map that keeps only what was touched last. */
function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key)
  map.set(key, value)
  if (map.size <= REMEMBERED) return
  const oldest = map.keys().next()
  if (!oldest.done) map.delete(oldest.value)
}
