/** The door of the room: the API server's core over one storage, for requests in text and for clients in this process. */
import type { Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Random } from '../../shared/kit/random.ts'
import { taskGroup } from '../../shared/kit/task-group.ts'
import { createTurns } from '../../shared/kit/turns.ts'
import { serveDefinitions } from '../apiextensions/served.ts'
import { conversionBy } from '../webhooks/plugin.ts'
import { withRuleErrors } from '../apiextensions/definition-rules.ts'
import { withExpressionErrors } from '../policies/later-errors.ts'
import { withSignatureErrors } from './admission/certificate-signature.ts'
import { withSelectorErrors } from './admission/device-selectors.ts'
import { metricsHandlers } from '../metrics/handlers.ts'
import { serveMetrics } from '../metrics/served.ts'
import { nodeUsages } from '../metrics/usages.ts'
import type { KindDefinition } from '../registry/kind.ts'
import type { Storage } from '../storage/port.ts'
import { createWatchCache } from '../storage/storage.ts'
import { defaultPlugins } from './admission/chain.ts'
import { defaultRanges, type ServiceRanges } from './admission/services/ranges.ts'
import { repairReservations, type RepairRight } from './admission/services/repair.ts'
import { serviceAllocations } from './admission/services/service-allocations.ts'
import { admissionChain } from './admission/plugin.ts'
import type { TokenVerifier } from './authn/token-verifier.ts'
import { followRbac } from './authz/rbac/follow.ts'
import { createRbac, type Rbac } from './authz/rbac/rbac.ts'
import { bootstrap } from './bootstrap/bootstrap.ts'
import type { Advertised } from './bootstrap/objects.ts'
import type { CoreParts } from './core/parts.ts'
import { dynamicResources } from './core/dynamic-resources.ts'
import { resourcesOf } from './core/resources.ts'
import { createDispatch } from './dispatch.ts'
import { reviewHandlers } from './reviews/reviews.ts'
import type { SubresourcePorts } from './subresources/ports.ts'
import { specialHandlers } from './subresources/special.ts'
import { createHandle } from './handle.ts'
import { createListBytes } from './representations/list-bytes.ts'
import type { Handle } from './request.ts'

export interface ApiServerOptions extends SubresourcePorts {
  readonly storage: Storage
  /** Every kind that is served. */
  readonly kinds: readonly KindDefinition[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What of `authorize` rests on roles and bindings: this server keeps it current. Left out: nobody decides by it, but what it would give may still be asked. */
  readonly rbac?: Rbac | undefined
  /** Whose a bearer token is, for TokenReviews. */
  readonly tokenVerifier?: TokenVerifier | undefined
  /** 10.96.0.0/16 and 30000–32767 unless told otherwise. */
  readonly serviceRanges?: ServiceRanges | undefined
  /** Where pods reach this server: the endpoint of the service `kubernetes`. Asked for when the caches are ready. */
  readonly advertised?: (() => Advertised | undefined) | undefined
}

export interface ApiServer {
  /** For requests on resources; the site around it answers all other paths. */
  readonly handle: Handle
  /** For `createInProcessClient`. */
  readonly core: CoreParts
  /** Every kind that is served now, custom ones too; the same array as long as nothing changes. */
  definitions(): readonly KindDefinition[]
  /** Keeps the caches current until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Resolves when every cache has been filled once. */
  whenReady(signal?: AbortSignal): Promise<void>
  /** Resolves when what every cluster holds by itself is there, and its roles are decided by. */
  whenBootstrapped(): Promise<void>
  /** Makes the addresses and ports that services hold, and what is reserved, agree again and again. One of several servers does it: the leader. */
  repair(right: RepairRight): Promise<void>
}

export function createApiServer(options: ApiServerOptions): ApiServer {
  const { storage, kinds, clock, random, log } = options
  const turns = createTurns({ clock })
  const resources = dynamicResources(resourcesOf(kinds.map((kind) => withRuleErrors(kind, turns)).map(withExpressionErrors).map(withSignatureErrors).map(withSelectorErrors), (prefix) => createWatchCache({ storage, prefix, clock, log })))
  const ranges = options.serviceRanges ?? defaultRanges
  const sources = { storage, resources, clock, random, turns }
  const served = serveDefinitions({ storage, resources, clock, turns, log, convertBy: conversionBy({ sources, nodeStreams: options.nodeStreams }) })
  const access = { authorize: options.authorize, rbac: options.rbac ?? createRbac() }
  const roles = followRbac(access.rbac.index, resources)
  const core: CoreParts = { storage, resources, clock, random, log, admission: admissionChain(defaultPlugins(sources, access, options.nodeStreams)), allocations: serviceAllocations(sources, ranges) }
  const dispatch = createDispatch({ ...specialHandlers(options), ...reviewHandlers(access, options.tokenVerifier), ...metricsHandlers(nodeUsages({ nodeStreams: options.nodeStreams, clock, log })) })
  const lists = createListBytes({ clock })
  const handle = createHandle({ parts: core, authorize: options.authorize, log, dispatch, lists, turns })
  const made = Promise.withResolvers<void>()
  const self: ApiServer = {
    handle,
    core,
    definitions: () => resources.definitions(),
    async run(signal) {
      await using tasks = taskGroup((name, error) => log.error({ cache: name, err: messageOf(error) }, 'a cache has stopped'), signal)
      for (const { cache, definition } of resources.all) tasks.start(definition.plural, (own) => cache.run(own))
      tasks.start('roles', (own) => roles.run(own))
      tasks.start('definitions', (own) => served.run(own))
      tasks.start('metrics', (own) => serveMetrics({ resources, clock, log }, own))
      tasks.start('bootstrap', async (own) => {
        await self.whenReady(own)
        await bootstrap(core, { ranges, advertised: options.advertised?.(), settled: (revision, until) => roles.whenReached(revision, until), signal: own })
        made.resolve()
      })
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => resolve(), { once: true })
      })
      lists.clear()
    },
    async whenReady(signal) {
      await Promise.all(resources.all.map(({ cache }) => cache.whenReady(signal)))
      await Promise.race([served.whenReady(), new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }))])
    },
    whenBootstrapped: () => made.promise,
    repair: (right) => repairReservations(sources, log, right),
  }
  return self
}
