import { expect, test, vi } from 'vitest'
import { ABSENT_MS } from '../../control-plane/membership/absentees.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { deployments } from '../../shared/model/resources.ts'
import { unquiet } from '../sim/invariants.ts'
import { isOutOfService } from '../sim/ledger.ts'
import { World } from '../sim/world.ts'
import { deploy, deploymentOf, expectPeace, smallWorld } from './testing.ts'

/** Seed 3: the control plane had called the node unknown, and nobody said otherwise, because the session had outlived the cut. */
test('a node that was cut off for less than a keepalive becomes ready again', async () => {
  const world = await smallWorld()
  await deploy(world, deploymentOf('web', 2))
  world.node('n2').setCable({ up: { isOpen: false }, down: { isOpen: false } })
  expect(await world.until(() => !world.isNodeReady('n2'), 10_000)).toBe(true)
  world.node('n2').setCable({ up: { isOpen: true }, down: { isOpen: true } })
  expect(await world.until(() => world.isNodeReady('n2'), 5_000)).toBe(true)
  await expectPeace(world)
})

test('the status a node reports is stored though the storage refuses it at first', async () => {
  const world = await smallWorld()
  world.storage.weather.failures = 1
  await world.advance(1_500)
  world.node('n1').crashAgent()
  world.node('n1').start()
  await world.advance(3_000)
  await expectPeace(world)
})

/** Refusals were said once a second, so each keeper took its connection for a broken one and replaced it twice a second: between the two its node was called silent. */
test('while the storage is away no node that speaks is called silent, and none replaces its connection', async () => {
  const world = new World({ seed: 1, nodes: 3, planes: 2 })
  await world.boot()
  await world.advance(6_000)
  const told: string[] = []
  world.onCommit = ({ key, value = '' }) => void (key.includes('/events/') && /"reason":"(NodeSilent|NodeNotReady)"/.test(value) && told.push(value))
  const dial = vi.spyOn(world.wires, 'dial')
  world.storage.weather.failures = 1
  await world.advance(20_000)
  expect(dial.mock.calls.map(([{ from, to }]) => `${from} ${to}`).filter((way) => way.startsWith('n') && way.includes(' c'))).toEqual([])
  world.storage.weather.failures = 0
  await world.advance(10_000)
  expect(told).toEqual([])
  await expectPeace(world)
})

/** Seeds 749 and 947: a machine got another name and had its own again before it was admitted. The pods that were bound under the other stayed on their way out for ever. */
test('pods of a node that was never admitted are replaced when it has been away for a while', async () => {
  const world = await smallWorld(2)
  const node = world.node('n2')
  // What it ran before takes long to stop, so it does not say yet that nothing is left.
  await deploy(world, deploymentOf('web', 2, { terminationGracePeriodSeconds: 60, containers: [{ name: 'main', image: 'busybox:1.35', command: ['sleep', '1000000'] }] }))
  node.rename('n2x')
  expect(await world.until(() => world.isNodeReady('n2x'), 20_000)).toBe(true)
  await world.finish(world.api.create(deployments, deploymentOf('api', 4)))
  const bound = (): readonly Pod[] => world.ledger.pods().filter(({ spec }) => spec?.nodeName === 'n2x')
  expect(await world.until(() => bound().length > 0, 10_000)).toBe(true)
  await world.finish(world.api.delete(deployments, { namespace: 'default', name: 'api' }))
  node.rename('n2')
  expect(await world.until(() => bound().length === 0, ABSENT_MS + 10_000)).toBe(true)
  await expectPeace(world)
})

/** Seed 2405: no pod was bound under the other name, so everything else had been at rest for long when the name was given up. */
test('a cluster is not at rest before a name that no machine bears any more is given up', async () => {
  const world = await smallWorld(2)
  const node = world.node('n2')
  const other = (): Node | undefined => world.ledger.nodes().find(({ metadata }) => metadata.name === 'n2x')
  // It cannot say what is left on it, so it is not admitted.
  node.weather.failures = 1
  node.rename('n2x')
  expect(await world.until(() => other()?.spec?.podCIDR !== undefined, 10_000)).toBe(true)
  node.rename('n2')
  node.weather.failures = 0
  expect(await world.until(() => world.isNodeReady('n2'), 20_000)).toBe(true)
  expect(unquiet(world)).toContain('node n2x, whose name no machine bears, is not given up yet')
  await expectPeace(world)
  expect(isOutOfService(other())).toBe(true)
})
