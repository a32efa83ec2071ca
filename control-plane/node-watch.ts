/** The leader's eye on nodes, from its election on: acks go on before the caches have caught up. */
import type { Clock } from '../shared/kit/clock.ts'
import type { Log } from '../shared/kit/log.ts'
import type { FencingTerms } from '../shared/model/fencing-terms.ts'
import { nodes } from '../shared/model/resources.ts'
import type { ApiClient } from './client/port.ts'
import { createEventRecorder } from './controllers/events/recorder.ts'
import type { Leadership } from './election/port.ts'
import type { HeartbeatsOfProcess } from './heartbeats/port.ts'
import type { Informers } from './informers/port.ts'
import { informersUntil } from './informers/until.ts'
import { createChronicle } from './membership/chronicle.ts'
import { NodeWatch } from './membership/watch.ts'
import type { Guard, Storage } from './storage/port.ts'

export interface WatchNodesOptions {
  readonly leadership: Leadership
  readonly client: ApiClient
  readonly guard: () => Guard
  readonly informers: Informers
  /** Where memberships are kept. */
  readonly storage: Storage
  readonly heartbeats: HeartbeatsOfProcess
  /** By which nodes are judged. */
  readonly terms: FencingTerms
  readonly clock: Clock
  readonly log: Log
}

export interface WatchedNodes {
  readonly watch: NodeWatch
  /** Judges until the leadership is over. */
  run(): Promise<void>
  /** Tells people what was decided, from when there is an API to tell it by until the leadership is over. */
  tell(): Promise<void>
}

export function watchNodes({ leadership, informers: all, ...parts }: WatchNodesOptions): WatchedNodes {
  const { signal, identity } = leadership
  const informers = informersUntil(all, signal)
  const events = createEventRecorder(parts)
  const chronicle = createChronicle({ ...parts, events, nodes: informers.for(nodes), identity, signal })
  const watch = new NodeWatch({ ...parts, informers, signal, chronicle, onConfirmed: (listener) => leadership.onConfirmed(listener) })
  return { watch, run: () => watch.run(), tell: () => events.run(signal) }
}
