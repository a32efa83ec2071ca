import { expect, test } from 'vitest'
import { silentLog } from '../../shared/kit/log.ts'
import type { Deployment, Namespace, Pod } from '../../shared/model/gen/api.ts'
import { configMaps, deployments, endpointSlices, events, namespaces, nodes, pods, replicaSets, serviceAccounts, services } from '../../shared/model/resources.ts'
import type { FakeCall } from '../client/fake.ts'
import type { NodeState } from '../dispatch/liveness-port.ts'
import { fakeLiveness, fencedState } from '../dispatch/testing.ts'
import { createControllers } from './controllers.ts'
import { world, type World } from './testing.ts'

const namespace: Namespace = { metadata: { name: 'ns' }, spec: { finalizers: ['kubernetes'] }, status: { phase: 'Active' } }
const web: Deployment = {
  metadata: { name: 'web', namespace: 'ns' },
  spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } } },
}

interface House {
  readonly here: World
  setNode(name: string, state: NodeState): void
}

async function open(here: World): Promise<House & AsyncDisposable> {
  const liveness = fakeLiveness()
  const { client, informers, clock, random } = here.parts
  const resources = [configMaps, deployments, endpointSlices, events, namespaces, nodes, pods, replicaSets, serviceAccounts, services]
  const controllers = createControllers({ client, informers, clock, random, log: silentLog, liveness, clusterCidr: '10.244.0.0/16', rootCaPem: 'PEM', resources })
  await here.start()
  const end = new AbortController()
  const ended = controllers.run(end.signal)
  await here.clock.advance(100)
  return {
    here,
    setNode: (name, state) => liveness.set(name, state),
    async [Symbol.asyncDispose]() {
      end.abort(new Error('the test is over'))
      await here.clock.advance(0)
      await ended
    },
  }
}

/** A namespace, a node with an agent, a service, and a deployment whose pods run there. */
async function furnish({ here, setNode }: House): Promise<void> {
  const { client, clock } = here
  await client.create(namespaces, namespace)
  setNode('n', { kind: 'seen' })
  await client.create(nodes, { metadata: { name: 'n' }, status: { conditions: [{ type: 'Ready', status: 'True' }] } })
  await client.create(services, { metadata: { name: 'web', namespace: 'ns' }, spec: { clusterIP: '10.96.0.9', selector: { app: 'web' }, ports: [{ port: 80 }] } })
  await client.create(deployments, web)
  await clock.advance(500)
  for (const pod of client.all(pods)) await run(here, pod)
  await clock.advance(500)
}

async function run({ client }: World, pod: Pod): Promise<void> {
  const name = pod.metadata.name ?? ''
  await client.bind({ namespace: 'ns', name, uid: pod.metadata.uid ?? '' }, 'n')
  const status = { phase: 'Running', podIP: `10.244.0.${name.length + name.charCodeAt(name.length - 1)}`, conditions: [{ type: 'Ready', status: 'True' }] }
  await client.patch<Pod>(pods, { namespace: 'ns', name }, { type: 'merge', subresource: 'status', body: { status } })
}

const readyEndpoints = ({ client }: World): number => client.all(endpointSlices).flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions?.ready).length

test('together: a deployment becomes available behind its service; when its node is lost its pods are replaced within a second', async () => {
  await using here = world()
  await using house = await open(here)
  await furnish(house)
  expect(here.client.all(deployments)[0]?.status).toMatchObject({ availableReplicas: 3, updatedReplicas: 3 })
  expect([readyEndpoints(here), here.client.all(serviceAccounts).length, here.client.all(configMaps).length]).toEqual([3, 1, 1])
  const before = new Set(here.client.all(pods).map(({ metadata }) => metadata.uid))
  house.setNode('n', fencedState(here.clock.nowMs()))
  await here.clock.advance(1000)
  const after = here.client.all(pods)
  expect([after.length, after.some(({ metadata }) => before.has(metadata.uid)), readyEndpoints(here)]).toEqual([3, false, 0])
})

test('a deleted namespace takes everything along', async () => {
  await using here = world()
  await using house = await open(here)
  await furnish(house)
  await here.client.delete(namespaces, { name: 'ns' })
  await here.clock.advance(1000)
  for (const pod of here.client.all(pods)) await here.client.delete(pods, { namespace: 'ns', name: pod.metadata.name ?? '' }, { gracePeriodSeconds: 0 })
  await here.clock.advance(10_000)
  const left = [namespaces, deployments, replicaSets, pods, services, endpointSlices, configMaps, serviceAccounts].map((resource) => here.client.all(resource).length)
  expect(left).toEqual([0, 0, 0, 0, 0, 0, 0, 0])
})

test('the same seed gives the same calls', async () => {
  const play = async (): Promise<readonly FakeCall[]> => {
    await using here = world(7)
    await using house = await open(here)
    await furnish(house)
    house.setNode('n', fencedState(here.clock.nowMs()))
    await here.clock.advance(5000)
    return here.client.calls
  }
  expect(await play()).toEqual(await play())
})
