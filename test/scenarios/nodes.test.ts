import { expect, test } from 'vitest'
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
