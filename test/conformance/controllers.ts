/** The controllers and the scheduler over the core that `serve.ts` serves: what stood behind the recordings besides the API server. No node has an agent. */
import type { TokenSigner } from '../../control-plane/apiserver/authn/token-signer.ts'
import { createControllers } from '../../control-plane/controllers/controllers.ts'
import { createEventRecorder } from '../../control-plane/controllers/events/recorder.ts'
import type { ApiClient } from '../../control-plane/client/port.ts'
import type { NodeLiveness } from '../../control-plane/dispatch/liveness-port.ts'
import { createInformers } from '../../control-plane/informers/informers.ts'
import { kinds } from '../../control-plane/registry/registry.ts'
import { createScheduler } from '../../control-plane/scheduler/scheduler.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import type { Log } from '../../shared/kit/log.ts'
import { systemRandom } from '../../shared/kit/random.ts'

const noAgents: NodeLiveness = { stateOf: () => ({ kind: 'no-agent' }), onChange: () => () => {} }

export async function runControllers(client: ApiClient, { log, tokens }: { readonly log: Log; readonly tokens: TokenSigner }, signal: AbortSignal): Promise<void> {
  const parts = { client, clock: systemClock, random: systemRandom, log }
  const informers = createInformers(parts)
  const events = createEventRecorder(parts)
  const resources = kinds.map(({ group, version, plural, kind, namespaced }) => ({ group, version, plural, kind, namespaced }))
  const controllers = createControllers({ ...parts, informers, liveness: noAgents, clusterCidr: '10.244.0.0/16', rootCaPem: 'PEM', secretTokens: tokens, resources })
  const scheduler = createScheduler({ ...parts, informers, events })
  await Promise.all([informers.run(signal), events.run(signal), controllers.run(signal), scheduler.run(signal)])
}
