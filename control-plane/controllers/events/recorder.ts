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
import { formatTime } from '../../../shared/model/time.ts'
import type { ApiClient } from '../../client/port.ts'
import { COMBINED_PREFIX, newEvent, sameKey, SIMILAR_LIMIT, SIMILAR_WINDOW_MS, similarKey, type Occurrence } from './correlate.ts'

export interface Happening {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
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

interface Stored {
  readonly event: Event
  readonly count: number
}

interface Similar {
  readonly messages: ReadonlySet<string>
  readonly lastMs: number
}

export function createEventRecorder({ client, clock, log }: RecorderParts): EventRecorder {
  const queue: Occurrence[] = []
  const stored = new Map<string, Stored>()
  const similar = new Map<string, Similar>()
  let sequence = 0
  let wake: (() => void) | undefined

  const correlate = (what: Occurrence): Occurrence => {
    const key = similarKey(what)
    const known = similar.get(key)
    const messages = known && what.atMs - known.lastMs <= SIMILAR_WINDOW_MS ? known.messages : new Set<string>()
    const all = messages.has(what.message) || messages.size > SIMILAR_LIMIT ? messages : new Set([...messages, what.message])
    remember(similar, key, { messages: all, lastMs: what.atMs })
    return all.size > SIMILAR_LIMIT && !messages.has(what.message) ? { ...what, message: `${COMBINED_PREFIX}${what.message}` } : what
  }
  const keyOfStored = (what: Occurrence): string => (what.message.startsWith(COMBINED_PREFIX) ? similarKey(what) : sameKey(what))

  const write = async (what: Occurrence): Promise<void> => {
    const key = keyOfStored(what)
    const known = stored.get(key)
    if (known && (await repeat(known, what, key))) return
    const event = await client.create(events, newEvent(what, sequence++))
    remember(stored, key, { event, count: 1 })
  }
  const repeat = async (known: Stored, what: Occurrence, key: string): Promise<boolean> => {
    const { name = '', namespace } = known.event.metadata
    const count = known.count + 1
    remember(stored, key, { event: known.event, count })
    try {
      await client.patch(events, { namespace, name }, { type: 'merge', body: { count, message: what.message, lastTimestamp: formatTime(what.atMs) } })
      return true
    } catch (error) {
      if (isApiError(error, 'NotFound')) return false // it has outlived its time
      throw error
    }
  }
  const drain = async (): Promise<void> => {
    for (let what = queue.shift(); what; what = queue.shift()) {
      try {
        await write(correlate(what))
      } catch (error) {
        log.debug({ reason: what.reason, object: what.involvedObject.name, err: messageOf(error) }, 'an event was not written')
      }
    }
  }
  return {
    record(component, involvedObject, what) {
      if (queue.length >= QUEUE_LIMIT) return log.warn({ reason: what.reason, object: involvedObject.name }, 'too many events: one is dropped')
      queue.push({ ...what, involvedObject, component, atMs: clock.nowMs() })
      wake?.()
    },
    async run(signal) {
      while (!signal.aborted) {
        if (queue.length === 0) await untilWoken(signal, (resolve) => (wake = resolve))
        wake = undefined
        await sleep(clock, LINGER_MS, signal).catch(() => {})
        if (signal.aborted) return
        await Promise.all(Array.from({ length: Math.min(WRITERS, queue.length) }, drain))
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
