/** Composes one control plane from its rooms, over any storage: the real one and the simulated one are wired here, in the same way. */
import type { Clock } from '../shared/kit/clock.ts'
import type { Log } from '../shared/kit/log.ts'
import { createMetrics, type Metrics } from '../shared/kit/metrics.ts'
import type { Random } from '../shared/kit/random.ts'
import { pods, type Resource } from '../shared/model/resources.ts'
import { createAuthenticator, type Authenticate } from './apiserver/authn/authn.ts'
import { DEFAULT_ISSUER } from './apiserver/authn/claims.ts'
import { issuerDocuments } from './apiserver/authn/issuer-documents.ts'
import { createTokenSigner, type TokenSigner } from './apiserver/authn/token-signer.ts'
import { createTokenVerifier } from './apiserver/authn/token-verifier.ts'
import { createAuthorizer } from './apiserver/authz/authz.ts'
import { createApiServer, type ApiServer } from './apiserver/apiserver.ts'
import { createDiscovery } from './apiserver/discovery/discovery.ts'
import { createSite } from './apiserver/http/site.ts'
import { createOpenApi } from './apiserver/openapi/openapi.ts'
import type { Handle } from './apiserver/request.ts'
import { createInProcessClient } from './client/in-process.ts'
import type { ApiClient } from './client/port.ts'
import { createControllers } from './controllers/controllers.ts'
import { createEventRecorder } from './controllers/events/recorder.ts'
import { createDispatch, type Dispatch } from './dispatch/dispatch.ts'
import { createInformers } from './informers/informers.ts'
import type { Informers } from './informers/port.ts'
import { boundObjects, nodeIndex } from './node-index.ts'
import { alternateKinds, kinds } from './registry/registry.ts'
import { createScheduler, type Scheduler } from './scheduler/scheduler.ts'
import type { Guard, Storage } from './storage/port.ts'
import { withWhy } from './why.ts'

export interface ControlPlaneOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** PEM of the CA, and the keys of service account tokens. */
  readonly rootCaPem: string
  readonly tokensKey: string
  readonly tokensPublicKey: string
  /** Signs instead of `tokensKey`: real signatures are made on other threads, whose time a simulation does not hold. */
  readonly tokenSigner?: TokenSigner | undefined
  /** `host:port` that clients reach. */
  readonly serverAddress: string
  /** Where pods reach the API. */
  readonly advertised?: { readonly host: string; readonly port: number } | undefined
  readonly clusterCidr: string
  readonly version: string
  readonly heartbeatPeriodMs?: number
  readonly nodeLeaseMs?: number
  readonly startGraceMs?: number
  /** The leader's right to write, once there is an election. */
  readonly guard?: () => Guard | undefined
}

export interface ControlPlane {
  /** Everything that is asked over HTTP. */
  readonly handle: Handle
  readonly authenticate: Authenticate
  readonly api: ApiServer
  readonly client: ApiClient
  readonly dispatch: Dispatch
  readonly informers: Informers
  readonly scheduler: Scheduler
  readonly metrics: Metrics
  /** Serves the API until the signal aborts. */
  serve(signal: AbortSignal): Promise<void>
  /** What only the leader does: schedule, reconcile, face the agents. */
  lead(signal: AbortSignal): Promise<void>
}

/** What is served; some of it is another kind's objects under other names. */
const servedKinds = [...kinds, ...alternateKinds]

const systemUser = (name: string) => ({ name, uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} })

export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { storage, clock, random, log } = options
  const signer = options.tokenSigner ?? createTokenSigner({ key: options.tokensKey, clock, random })
  let dispatch: Dispatch | undefined
  let index: ReturnType<typeof nodeIndex> | undefined
  const authorize = createAuthorizer({
    nodes: { isPodOfNode: (node, pod) => index?.isPodOfNode(node, pod) ?? false, isReferencedByNode: (node, object) => index?.isReferencedByNode(node, object) ?? false },
  })
  const api = createApiServer({
    storage,
    kinds: servedKinds,
    clock,
    random,
    log,
    authorize,
    nodeStreams: { open: (node, request, signal) => (dispatch ? dispatch.streams.open(node, request, signal) : Promise.reject(new Error('dispatch is not composed yet'))) },
    tokenSigner: signer,
    advertised: () => options.advertised,
  })
  const client = createInProcessClient({ core: api.core, user: systemUser('system:gantry'), guard: options.guard })
  const informers = createInformers({ client, clock, log })
  index = nodeIndex(informers)
  dispatch = createDispatch({
    client,
    informers,
    clock,
    random,
    log,
    heartbeatPeriodMs: options.heartbeatPeriodMs ?? 300,
    nodeLeaseMs: options.nodeLeaseMs ?? 4_000,
    startGraceMs: options.startGraceMs ?? 5_000,
    async issueToken({ audiences, expirationSeconds, ...subject }) {
      const { token, expiresMs } = await signer.sign({ subject, audiences, expirationSeconds })
      return { token, expiresMs }
    },
  })
  const events = createEventRecorder({ client, clock, log })
  const scheduler = createScheduler({ client, informers, clock, random, log, events })
  const resources: readonly Resource[] = kinds.map(({ group, version, plural, kind, namespaced }) => ({ group, version, plural, kind, namespaced }))
  const controllers = createControllers({ client, informers, clock, random, log, liveness: dispatch.liveness, clusterCidr: options.clusterCidr, rootCaPem: options.rootCaPem, resources })
  const metrics = createMetrics()
  const site = createSite({
    core: api.handle,
    authorize,
    discovery: createDiscovery({ kinds: () => servedKinds, serverAddress: options.serverAddress }),
    openapi: createOpenApi({ kinds: () => servedKinds }),
    checks: [{ name: 'etcd', check: async (signal) => void (await storage.currentRevision(signal)) }],
    metrics,
    issuer: issuerDocuments(DEFAULT_ISSUER, [options.tokensPublicKey]),
    version: options.version,
  })
  const facing = dispatch
  return {
    handle: withWhy(site, { scheduler, pods: informers.for(pods) }),
    authenticate: createAuthenticator({ tokens: createTokenVerifier({ keys: [options.tokensPublicKey], objects: boundObjects(informers), clock }) }),
    api,
    client,
    dispatch,
    informers,
    scheduler,
    metrics,
    serve: (signal) => api.run(signal),
    async lead(signal) {
      await api.whenReady(signal)
      await Promise.all([informers.run(signal), facing.run(signal), events.run(signal), scheduler.run(signal), controllers.run(signal)])
    },
  }
}
