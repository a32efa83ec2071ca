/** Composes one control plane from its rooms, over any storage: the real one and the simulated one are wired here, in the same way. */
import type { RelayMessage, StreamFrame } from '../proto/gen/node/v1/session.ts'
import type { Duplex } from '../proto/rpc.ts'
import type { Clock } from '../shared/kit/clock.ts'
import type { Log } from '../shared/kit/log.ts'
import { createMetrics, type Metrics } from '../shared/kit/metrics.ts'
import type { Random } from '../shared/kit/random.ts'
import { DEFAULT_TERMS, type FencingTerms } from '../shared/model/fencing-terms.ts'
import { endpointSlices, nodes, pods, type Resource } from '../shared/model/resources.ts'
import { defaultRanges } from './apiserver/admission/services/ranges.ts'
import { createAuthenticator, type Authenticate } from './apiserver/authn/authn.ts'
import { DEFAULT_ISSUER } from './apiserver/authn/claims.ts'
import { issuerDocuments } from './apiserver/authn/issuer-documents.ts'
import { createTokenSigner, type TokenSigner } from './apiserver/authn/token-signer.ts'
import { createTokenVerifier } from './apiserver/authn/token-verifier.ts'
import { createAuthorizer } from './apiserver/authz/authz.ts'
import { createRbac } from './apiserver/authz/rbac/rbac.ts'
import { createApiServer, type ApiServer } from './apiserver/apiserver.ts'
import { createDiscovery } from './apiserver/discovery/discovery.ts'
import type { HealthCheck } from './apiserver/http/health.ts'
import { createSite } from './apiserver/http/site.ts'
import { createOpenApi, type Maker } from './apiserver/openapi/openapi.ts'
import type { Handle } from './apiserver/request.ts'
import { createInProcessClient } from './client/in-process.ts'
import type { ApiClient } from './client/port.ts'
import { createNodeDoor, type NodeDoor } from './dispatch/node-door.ts'
import { isNodeAlive } from './dispatch/node-alive.ts'
import { createRelayedStreams } from './dispatch/relay.ts'
import { createRequestToken } from './dispatch/tokens.ts'
import { createElection, DEFAULT_TTL_MS, electionPrefix, Observer } from './election/election.ts'
import type { Candidate, Election } from './election/port.ts'
import { createInProcessHeartbeats } from './heartbeats/in-process.ts'
import type { HeartbeatsOfProcess } from './heartbeats/port.ts'
import { createInformers } from './informers/informers.ts'
import type { Informers } from './informers/port.ts'
import type { Leader } from './leader.ts'
import type { ClientCertificateSigner } from './controllers/certificates/port.ts'
import { createLeading, type Duty } from './leading.ts'
import { boundObjects, nodeIndex } from './node-index.ts'
import { kinds, servedKinds } from './registry/registry.ts'
import { announceReplica } from './replicas/announce.ts'
import { keepLeaseObjects } from './replicas/lease-objects.ts'
import { keepEndpoints } from './replicas/endpoints.ts'
import type { Storage } from './storage/port.ts'
import { withWhy, type LeaderSight } from './why.ts'

export interface ControlPlaneOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** PEM of the CA, and the keys of service account tokens. */
  readonly rootCaPem: string
  /** Signs approved requests of clients; without it they wait for another signer. */
  readonly clientCertificates?: ClientCertificateSigner | undefined
  readonly tokensKey: string
  readonly tokensPublicKey: string
  /** Signs instead of `tokensKey`: real signatures are made on other threads, whose time a simulation does not hold. */
  readonly tokenSigner?: TokenSigner | undefined
  /** `host:port` that clients reach. */
  readonly serverAddress: string
  /** Where pods reach the API. */
  readonly advertised?: { readonly host: string; readonly port: number } | undefined
  readonly clusterCidr: string
  /** What addresses services get from: 10.96.0.0/16 unless told otherwise. All replicas need the same. */
  readonly serviceCidr?: string | undefined
  readonly version: string
  /** Where agents' signs of life are taken in; without it in this process, from their sessions alone. */
  readonly heartbeats?: HeartbeatsOfProcess | undefined
  /** Where a leader at this address (of its {@link Candidate}) takes heartbeats in: they are handed on to it while this replica follows. */
  readonly heartbeatsOf?: ((address: string) => string) | undefined
  /** By which nodes are judged. */
  readonly terms?: FencingTerms | undefined
  /** This replica among all. */
  readonly replica: Candidate
  readonly leaderLeaseMs?: number
  /** What the election is held over, if not over `storage`: renewals that wait behind other writes come late. */
  readonly electionStorage?: Storage
  /** Calls the leader, when that is another replica, for streams to nodes. */
  readonly dialLeader?: (address: string, signal: AbortSignal) => Duplex<RelayMessage, StreamFrame>
  /** Makes the documents that describe the API: in this thread unless told otherwise. */
  readonly makeDocuments?: Maker | undefined
  /** What else the leader does, each until the leadership is over. */
  readonly duties?: readonly Duty[]
}

export interface ControlPlane {
  /** Everything that is asked over HTTP. */
  readonly handle: Handle
  readonly authenticate: Authenticate
  readonly api: ApiServer
  /** For this process's own reading, and for tests: its writes need no leadership. */
  readonly client: ApiClient
  readonly informers: Informers
  readonly metrics: Metrics
  /** Whether what it needs is well. */
  readonly checks: readonly HealthCheck[]
  readonly election: Election
  /** For agents and other control planes. */
  readonly nodes: NodeDoor
  /** The leader's part, while this replica leads and is ready to. */
  leader(): Leader | undefined
  /** Serves the API until the signal aborts, whoever leads. */
  serve(signal: AbortSignal): Promise<void>
  /** Leads whenever it can, until the signal aborts: schedules, reconciles, faces the agents. */
  campaign(signal: AbortSignal): Promise<void>
  /** Says to the other replicas that this one serves, until the signal aborts: the service `kubernetes` leads to it then. */
  announce(signal: AbortSignal): Promise<void>
  /** Whether the node's agent gives signs of life, as far as this replica can tell. @throws Fault('unavailable') while it cannot. */
  isNodeAlive(nodeName: string): boolean
  /** Resolves when everything that requests need is there. */
  whenServing(signal: AbortSignal): Promise<void>
}

/** How long a replica may be silent before nothing leads to it any more, and how often it says that it lives, in leases. */
const GRACE = 1.5
const BEATS = 0.5
const ELECTION = 'control-plane'
/** What is written of leaders and replicas is below it. */
export const ELECTION_PREFIX = electionPrefix(ELECTION)

const resources: readonly Resource[] = kinds.map(({ group, version, plural, kind, namespaced }) => ({ group, version, plural, kind, namespaced }))

const whySight = (leader: Leader | undefined): LeaderSight | undefined => leader && { scheduler: leader.scheduler, liveness: leader.liveness }

const systemUser = (name: string) => ({ name, uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} })

export function createControlPlane(options: ControlPlaneOptions): ControlPlane {
  const { storage, clock, random, log } = options
  const signer = options.tokenSigner ?? createTokenSigner({ key: options.tokensKey, clock, random })
  const electionStorage = options.electionStorage ?? storage
  const prefix = ELECTION_PREFIX
  const observer = new Observer({ storage: electionStorage, clock, log, prefix })
  const ttlMs = options.leaderLeaseMs ?? DEFAULT_TTL_MS
  const election = createElection({ storage: electionStorage, clock, log, name: ELECTION, candidate: options.replica, ttlMs, observer })
  // Both are asked by the API server and fed by the informers that live on it.
  let index: ReturnType<typeof nodeIndex> | undefined
  let bound: ReturnType<typeof boundObjects> | undefined
  const tokenVerifier = createTokenVerifier({ keys: [options.tokensPublicKey], objects: { find: async (resource, namespace, name) => bound?.find(resource, namespace, name) }, clock })
  const rbac = createRbac()
  const authorize = createAuthorizer({
    rbac: rbac.authorizer,
    nodes: { isPodOfNode: (node, pod) => index?.isPodOfNode(node, pod) ?? false, isReferencedByNode: (node, object) => index?.isReferencedByNode(node, object) ?? false },
  })
  const leaderAddress = (): string | undefined => election.leader()?.address
  const relayed = createRelayedStreams({
    dial(signal) {
      const address = leaderAddress()
      return address === undefined || address === options.replica.address ? undefined : options.dialLeader?.(address, signal)
    },
  })
  const api = createApiServer({
    storage,
    kinds: servedKinds,
    clock,
    random,
    log,
    authorize,
    rbac,
    tokenVerifier,
    serviceRanges: options.serviceCidr === undefined ? undefined : { ...defaultRanges, serviceCidr: options.serviceCidr },
    nodeStreams: { open: (nodeName, request, signal) => (leading.leader()?.dispatch.streams ?? relayed).open(nodeName, request, signal) },
    tokenSigner: signer,
    advertised: () => options.advertised,
  })
  const client = createInProcessClient({ core: api.core, user: systemUser('system:gantry') })
  const informers = createInformers({ client, clock, log })
  // A replica that follows keeps all of them current, so that it can lead in a moment.
  for (const resource of resources) informers.for(resource)
  index = nodeIndex(informers)
  bound = boundObjects(informers)
  const requestToken = createRequestToken({
    informers,
    async issueToken({ audiences, expirationSeconds, ...subject }) {
      const { token, expiresMs } = await signer.sign({ subject, audiences, expirationSeconds })
      return { token, expiresMs }
    },
  })
  const metrics = createMetrics()
  const checks: readonly HealthCheck[] = [{ name: 'etcd', check: async (signal) => void (await storage.currentRevision(signal)) }]
  const site = createSite({
    core: api.handle,
    authorize,
    discovery: createDiscovery({ kinds: () => api.definitions(), serverAddress: options.serverAddress }),
    openapi: createOpenApi({ kinds: () => api.definitions(), make: options.makeDocuments }),
    checks,
    metrics,
    issuer: issuerDocuments(DEFAULT_ISSUER, [options.tokensPublicKey]),
    version: options.version,
  })

  const whenServing = async (signal: AbortSignal): Promise<void> => {
    await api.whenReady(signal)
    await api.whenBootstrapped()
    await informers.whenSynced(signal)
  }
  const duties: Duty[] = [...(options.duties ?? []), (leadership, own) => keepLeaseObjects({ clock, log, whenServing }, leadership, own)]
  const { advertised, replica } = options
  if (advertised) duties.push((leadership, own) => keepEndpoints({ storage: electionStorage, observer, slices: informers.for(endpointSlices), whenServing, clock, log, prefix, api: advertised, graceMs: () => election.leaseMs() * GRACE }, leadership, own))
  const heartbeats = options.heartbeats ?? createInProcessHeartbeats({ clock, random })
  const leading = createLeading({ ...options, secretTokens: signer, storage: electionStorage, heartbeats, terms: options.terms ?? DEFAULT_TERMS, duties, api, informers, election, resources, user: systemUser('system:gantry') })
  return {
    handle: withWhy(site, { leader: () => whySight(leading.leader()), pods: informers.for(pods), clock }),
    authenticate: createAuthenticator({ tokens: tokenVerifier, clock }),
    api,
    client,
    informers,
    metrics,
    checks,
    election,
    nodes: createNodeDoor({ leading: () => leading.leader(), leaderAddress, requestToken }),
    leader: () => leading.leader(),
    async serve(signal) {
      const informing = async (): Promise<void> => {
        await api.whenReady(signal)
        await informers.run(signal)
      }
      const unlisten = election.onChange(() => {
        const address = leaderAddress()
        heartbeats.handOnTo(address === undefined || address === replica.address ? undefined : options.heartbeatsOf?.(address))
      })
      signal.addEventListener('abort', unlisten, { once: true })
      await Promise.all([api.run(signal), election.run(signal), informing()])
    },
    campaign: (signal) => leading.campaign(signal),
    async announce(signal) {
      if (advertised) await announceReplica({ storage: electionStorage, clock, log, prefix, identity: replica.identity, api: advertised, everyMs: () => election.leaseMs() * BEATS, isLeading: () => leading.leader() !== undefined }, signal)
    },
    isNodeAlive: (nodeName) => isNodeAlive(nodeName, { liveness: leading.leader()?.liveness, nodes: informers.for(nodes) }),
    whenServing,
  }
}
