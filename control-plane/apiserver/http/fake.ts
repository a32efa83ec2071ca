/** A small API for tests of the doors: one namespace, one running pod whose commands run in memory. */
import type { NodeStream } from '../../dispatch/port.ts'
import type { Handle, ApiResponse } from '../request.ts'
import { createMetrics } from '../../../shared/kit/metrics.ts'
import { systemClock } from '../../../shared/kit/clock.ts'
import { silentLog } from '../../../shared/kit/log.ts'
import { createAuthority, issueCertificate, type Identity } from '../../../shared/kit/pki.ts'
import { createAuthenticator } from '../authn/authn.ts'
import { requestAttributes } from '../authz/attributes.ts'
import { createAuthorizer } from '../authz/authz.ts'
import { bootstrapRbac } from '../authz/testing.ts'
import { forbiddenStatus } from '../authz/forbidden.ts'
import { createDiscovery } from '../discovery/discovery.ts'
import type { DiscoveredKind } from '../discovery/groups.ts'
import { createOpenApi } from '../openapi/openapi.ts'
import { unknownResource, notFound } from '../status.ts'
import { echoServer, fakeNode, programOf, type FakeNode } from '../streaming/fake.ts'
import { jsonBody, refusal, statusAnswer } from './answers.ts'
import { createApiDoor, type ApiDoor } from './door.ts'
import { createSite } from './site.ts'

const STANDARD_VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

export const podKind: DiscoveredKind = {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  singular: 'pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.Pod',
  verbs: STANDARD_VERBS,
  deleteAnswers: 'object',
  subresources: [
    { name: 'attach', verbs: ['create', 'get'], kind: 'PodAttachOptions', behaviour: { kind: 'special' } },
    { name: 'eviction', verbs: ['create'], kind: 'Eviction', group: 'policy', version: 'v1', behaviour: { kind: 'special' } },
    { name: 'exec', verbs: ['create', 'get'], kind: 'PodExecOptions', behaviour: { kind: 'special' } },
    { name: 'log', verbs: ['get'], behaviour: { kind: 'special' } },
    { name: 'portforward', verbs: ['create', 'get'], kind: 'PodPortForwardOptions', behaviour: { kind: 'special' } },
    { name: 'status', verbs: ['get', 'patch', 'update'], behaviour: { kind: 'status' } },
  ],
}

export const deploymentKind: DiscoveredKind = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  singular: 'deployment',
  shortNames: ['deploy'],
  categories: ['all'],
  namespaced: true,
  schema: 'io.k8s.api.apps.v1.Deployment',
  verbs: STANDARD_VERBS,
  deleteAnswers: 'status',
  subresources: [
    { name: 'scale', verbs: ['get', 'patch', 'update'], kind: 'Scale', group: 'autoscaling', version: 'v1', behaviour: { kind: 'scale', specPath: '.spec.replicas', statusPath: '.status.replicas', selectorPath: '.status.selector' } },
    { name: 'status', verbs: ['get', 'patch', 'update'], behaviour: { kind: 'status' } },
  ],
}

const KINDS = [podKind, deploymentKind]

const pod = {
  kind: 'Pod',
  apiVersion: 'v1',
  metadata: { name: 'p', namespace: 'default', uid: 'u', resourceVersion: '1' },
  spec: { nodeName: 'n', containers: [{ name: 'c', image: 'busybox:1.35', ports: [{ containerPort: 80 }], stdin: true }] },
  status: { phase: 'Running', containerStatuses: [{ name: 'c', ready: true, started: true, state: { running: {} } }] },
}

const isOn = (query: URLSearchParams, name: string): boolean => ['true', '1'].includes(query.get(name) ?? '')

/** A watch that never says anything but ends with its request. */
async function* silence(signal: AbortSignal): AsyncGenerator<string> {
  yield '{"type":"BOOKMARK"}\n'
  if (!signal.aborted) await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

/** The core, for the paths that kubectl needs for streams. */
function fakeCore(node: FakeNode, dial: FakeOptions['dial']): Handle {
  return async (request) => {
    const wanted = requestAttributes(request)
    if (wanted.kind === 'path') return refusal(unknownResource(), request)
    const decision = authorize(wanted)
    if (decision.kind !== 'allow') return statusAnswer(forbiddenStatus(wanted, decision.reason), request)
    if (wanted.resource === 'echo') return jsonBody(200, { bytes: request.body.length, path: request.path }, {})
    if (wanted.resource === 'large') return { kind: 'body', status: 200, headers: { 'content-type': 'application/json' }, warnings: ['old "thing"', 'old "thing"', 'häßlich'], body: JSON.stringify('x'.repeat(300_000)) }
    if (wanted.verb === 'watch') return { kind: 'stream', status: 200, headers: { 'content-type': 'application/json' }, chunks: silence(request.signal) }
    if (wanted.subresource === 'proxy' && dial) return { kind: 'proxy', target: { scheme: 'http', host: '10.244.0.5:80', path: request.path.slice(request.path.indexOf('/proxy') + 6), dial: () => dial(Number(wanted.name.split(':')[1])) } }
    if (wanted.resource !== 'pods' || wanted.name !== 'p') return refusal(notFound({ group: '', name: wanted.resource }, wanted.name), request)
    if (wanted.subresource === 'exec' || wanted.subresource === 'attach') return terminal(node, request.query, wanted.subresource)
    if (wanted.subresource === 'portforward') return { kind: 'upgrade', upgrade: { kind: 'portforward', openPort: (port) => openPort(node, port) } }
    return jsonBody(200, pod)
  }
}

async function openPort(node: FakeNode, port: number): ReturnType<Extract<Extract<ApiResponse, { kind: 'upgrade' }>['upgrade'], { kind: 'portforward' }>['openPort']> {
  if (port !== 80) throw new Error(`failed to connect to port ${port}: connection refused`)
  return node.open(echoServer)
}

function terminal(node: FakeNode, query: URLSearchParams, kind: 'exec' | 'attach'): ApiResponse {
  const command = kind === 'attach' ? ['cat'] : query.getAll('command')
  const tty = isOn(query, 'tty')
  return {
    kind: 'upgrade',
    upgrade: { kind, stdin: isOn(query, 'stdin'), stdout: isOn(query, 'stdout'), stderr: isOn(query, 'stderr') && !tty, tty, open: async () => node.open(programOf(command)) },
  }
}

const authorize = createAuthorizer({ nodes: { isPodOfNode: () => false, isReferencedByNode: () => false }, rbac: bootstrapRbac().authorizer })

export interface FakeServer extends AsyncDisposable {
  readonly door: ApiDoor
  readonly node: FakeNode
  readonly authority: Identity
  readonly admin: Identity
  readonly url: string
}

export interface FakeOptions {
  /** A connection to the port of a pod, for proxy requests. */
  dial?(port: number): Promise<NodeStream>
}

/** Listens on a free port of the loopback address. */
export async function fakeServer({ dial }: FakeOptions = {}): Promise<FakeServer> {
  const clock = systemClock
  const authority = await createAuthority({ clock })
  const server = await issueCertificate(authority, { commonName: 'apiserver', organizations: [], usages: ['server'], dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], clock })
  const admin = await issueCertificate(authority, { commonName: 'admin', organizations: ['system:masters'], usages: ['client'], clock })
  const node = fakeNode()
  const metrics = createMetrics()
  const kinds = (): readonly DiscoveredKind[] => KINDS
  const handle = createSite({ core: fakeCore(node, dial), authorize, discovery: createDiscovery({ kinds, serverAddress: '127.0.0.1:6443' }), openapi: createOpenApi({ kinds }), checks: [{ name: 'etcd', check: async () => {} }, { name: 'informer-sync', endpoints: ['readyz'], check: () => Promise.reject(new Error('not yet')) }], metrics, version: '0.1.0' })
  const door = await createApiDoor({ handle, tls: { key: server.privateKeyPem, certificate: server.certificatePem, clientAuthorities: authority.certificatePem }, authenticate: createAuthenticator({}), log: silentLog, clock, listen: [{ host: '127.0.0.1', port: 0 }, { host: '127.0.0.1', port: 0 }], metrics })
  return { door, node, authority, admin, url: `https://127.0.0.1:${door.address.port}`, [Symbol.asyncDispose]: () => door.close() }
}
