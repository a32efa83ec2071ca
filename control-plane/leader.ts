/** What only the leader does, composed anew for each leadership: nothing of it outlives the right to write. */
import type { Clock } from '../shared/kit/clock.ts'
import type { Log } from '../shared/kit/log.ts'
import type { Random } from '../shared/kit/random.ts'
import type { Resource } from '../shared/model/resources.ts'
import type { ApiClient } from './client/port.ts'
import type { SecretTokenSigner } from './controllers/serviceaccounttoken/port.ts'
import type { ClientCertificateSigner } from './controllers/certificates/port.ts'
import { createControllers } from './controllers/controllers.ts'
import { createEventRecorder } from './controllers/events/recorder.ts'
import { createDispatch, type Dispatch } from './dispatch/dispatch.ts'
import type { NodeLiveness } from './dispatch/liveness-port.ts'
import type { Leadership } from './election/port.ts'
import { informersUntil } from './informers/until.ts'
import type { Informers } from './informers/port.ts'
import type { NodeWatch } from './membership/watch.ts'
import { servedMeasures } from './metrics/pod-measures.ts'
import { nodeUsages } from './metrics/usages.ts'
import { createScheduler, type Scheduler } from './scheduler/scheduler.ts'

export interface LeaderOptions {
  readonly leadership: Leadership
  /** Its writes carry the leadership's guard. */
  readonly client: ApiClient
  /** Shared by all leaderships of the process, and run by it. */
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly clusterCidr: string
  readonly rootCaPem: string
  readonly clientCertificates?: ClientCertificateSigner | undefined
  readonly secretTokens?: SecretTokenSigner | undefined
  readonly resources: readonly Resource[]
  /** Since the election, and run by somebody else. */
  readonly watch: NodeWatch
}

export interface Leader {
  readonly dispatch: Dispatch
  readonly liveness: NodeLiveness
  readonly scheduler: Scheduler
  /** Aborts when the leadership is over. */
  readonly signal: AbortSignal
  isConfirmed(): boolean
  /** Another agent under the name of a node that lives was refused, for this reason. */
  doubled(nodeName: string, message: string): void
  /** Works until the leadership is over. */
  run(): Promise<void>
}

export function createLeader(options: LeaderOptions): Leader {
  const { leadership, client, clock, random, log } = options
  const { signal } = leadership
  const informers = informersUntil(options.informers, signal)
  const parts = { client, informers, clock, random, log }
  const events = createEventRecorder(parts)
  const { watch } = options
  const dispatch = createDispatch({ ...parts, liveness: watch, admissions: watch })
  const scheduler = createScheduler({ ...parts, events })
  const controllers = createControllers({ ...parts, liveness: watch, clusterCidr: options.clusterCidr, rootCaPem: options.rootCaPem, clientCertificates: options.clientCertificates, secretTokens: options.secretTokens, resources: options.resources, measurePods: servedMeasures(nodeUsages({ nodeStreams: dispatch.streams, clock, log }), informers) })
  return {
    dispatch,
    liveness: watch,
    scheduler,
    signal,
    isConfirmed: () => leadership.isConfirmed(),
    doubled: (nodeName, message) => watch.doubled(nodeName, message),
    async run() {
      await Promise.all([dispatch.run(signal), events.run(signal), scheduler.run(signal), controllers.run(signal)])
    },
  }
}
