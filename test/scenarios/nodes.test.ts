import { expect, test, vi } from 'vitest'
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
