/** Whatever is asked of services, and in whatever order: what is reserved is what they hold, no less and no more. */
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonObject } from '../../../../shared/model/json.ts'
import { storageKey } from '../../../storage/port.ts'
import { startTestServer, type TestServer } from '../../core/testing.ts'
import { nodePorts } from './reservations.ts'

let server: TestServer
beforeAll(async () => void (server = await startTestServer()))
afterAll(() => server.stop())

const SERVICES = '/api/v1/namespaces/x/services'
interface Port {
  readonly nodePort?: number
}
interface Spec {
  readonly type: string
  readonly ports?: readonly Port[]
  readonly healthCheckNodePort?: number
  readonly clusterIPs?: readonly string[]
}

const port = fc.record({ port: fc.constantFrom(53, 80), protocol: fc.constantFrom('TCP', 'UDP'), nodePort: fc.constantFrom(30500, 30501, 30502, 29_999, 0, 0) })
const ports = fc.uniqueArray(port, { minLength: 1, maxLength: 3, selector: (one) => `${one.port}${one.protocol}` }).map((list) => list.map((one, index) => ({ ...one, name: `p${index}` })))
const free = ports.map((list) => list.map((one) => ({ ...one, nodePort: 0 })))
const clusterIP = fc.constantFrom('', '', '10.96.0.77', '10.96.0.78')
const spec = fc.oneof(
  fc.record({ type: fc.constant('ClusterIP'), ports: free, clusterIP: fc.oneof(clusterIP, fc.constant('None')) }),
  fc.record({ type: fc.constant('NodePort'), ports, clusterIP }),
  fc.record({ type: fc.constant('LoadBalancer'), ports, clusterIP, externalTrafficPolicy: fc.constant('Local'), healthCheckNodePort: fc.constantFrom(0, 30500, 30600), allocateLoadBalancerNodePorts: fc.boolean() }),
  fc.record({ type: fc.constant('LoadBalancer'), ports, externalTrafficPolicy: fc.constant('Cluster') }),
  fc.record({ type: fc.constant('ExternalName'), ports, externalName: fc.constant('a.example.com') }),
)
const step = fc.record({ how: fc.constantFrom('POST', 'PUT', 'PUT', 'PATCH', 'DELETE', 'status'), name: fc.constantFrom('a', 'b', 'c'), spec, dry: fc.constantFrom('', '', '', '?dryRun=All') })

async function take({ how, name, spec: wanted, dry }: typeof step extends fc.Arbitrary<infer T> ? T : never): Promise<void> {
  const body = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: wanted }
  if (how === 'POST') await server.ask(`POST ${SERVICES}${dry}`, body)
  else if (how === 'PATCH') await server.ask(`PATCH ${SERVICES}/${name}${dry}`, body, { 'content-type': 'application/merge-patch+json' })
  else if (how === 'status') await server.ask(`PUT ${SERVICES}/${name}/status${dry}`, body)
  else await server.ask(`${how} ${SERVICES}/${name}${dry}`, how === 'DELETE' ? undefined : body)
}

async function specsOf(): Promise<readonly Spec[]> {
  const { body } = await server.ask('GET /api/v1/services')
  return (body['items'] as unknown as ReadonlyArray<{ readonly spec: Spec }>).map((one) => one.spec)
}

/** Of services that name ports without holding any, those are not counted. What two services hold stands there twice. */
const portsHeld = (specs: readonly Spec[]): readonly string[] =>
  specs
    .filter(({ type }) => type !== 'ExternalName')
    .flatMap(({ ports: list = [], healthCheckNodePort = 0 }) => [...new Set(list.map(({ nodePort = 0 }) => nodePort)), healthCheckNodePort])
    .filter((number) => number !== 0)
    .map(String)
    .toSorted()
const addressesHeld = (specs: readonly Spec[]): readonly string[] => specs.flatMap(({ clusterIPs = [] }) => clusterIPs).filter((ip) => ip !== 'None' && ip !== '').toSorted()

test('safety: ports and addresses are reserved as long as a service holds them, and no longer', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), async (steps) => {
      for (const name of ['a', 'b', 'c']) await server.ask(`DELETE ${SERVICES}/${name}`)
      for (const one of steps) await take(one)
      const specs = await specsOf()
      const reserved = await server.storage.list(storageKey(nodePorts))
      const addresses = await server.ask('GET /apis/networking.k8s.io/v1/ipaddresses')
      const names = (addresses.body['items'] as unknown as ReadonlyArray<{ readonly metadata: JsonObject }>).map(({ metadata }) => String(metadata['name']))
      expect({ ports: reserved.entries.map(({ key }) => key.split('/').at(-1) ?? '').toSorted(), addresses: names.toSorted() }).toEqual({ ports: portsHeld(specs), addresses: addressesHeld(specs) })
    }),
    { numRuns: 100 },
  )
})
