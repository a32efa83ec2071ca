import { expect, test } from 'vitest'
import { deployments, pods } from '../../shared/model/resources.ts'
import { deploy, deploymentOf, expectPeace, smallWorld } from './testing.ts'

/** Seed 33: without its checkpoints an agent began from nothing, and pods went back from Running to Pending. */
test('pods of a node that lost its power for a moment go on where their status left them', async () => {
  const world = await smallWorld(1)
  await deploy(world, deploymentOf('web', 2))
  world.node('n1').losePower()
  await world.advance(300)
  world.node('n1').start()
  expect(await world.until(() => world.ledger.pods().every((pod) => pod.status?.containerStatuses?.[0]?.restartCount === 1 && pod.status.containerStatuses[0].state?.running), 20_000)).toBe(true)
  expect(world.ledger.pods().map((pod) => pod.status?.containerStatuses?.[0]?.lastState?.terminated?.reason)).toEqual(['ContainerStatusUnknown', 'ContainerStatusUnknown'])
  await expectPeace(world)
})

/** Seed 16: a pod that could not be taken over at once was begun anew, beside its running container. */
test('a pod that cannot be taken over at once is taken over later', async () => {
  const world = await smallWorld(1)
  await deploy(world, deploymentOf('web', 2))
  const node = world.node('n1')
  const running = node.host.running().map(({ spec }) => spec.id)
  node.crashAgent()
  node.weather.failures = 1
  node.start()
  await world.advance(5_000)
  node.weather.failures = 0
  await world.advance(15_000)
  expect(node.host.running().map(({ spec }) => spec.id)).toEqual(running)
  await expectPeace(world)
})

/** Seed 45: the agent heard of the end, could not ask how it was, and nobody told it a second time. */
test('a container that ends while the kernel refuses everything is started again afterwards', async () => {
  const world = await smallWorld(1)
  await deploy(world, deploymentOf('web', 1))
  const [pod] = world.ledger.pods()
  world.node('n1').weather.failures = 1
  expect(pod && world.killContainer(pod)).toBe(true)
  await world.advance(3_000)
  world.node('n1').weather.failures = 0
  expect(await world.until(() => world.ledger.pods()[0]?.status?.containerStatuses?.[0]?.restartCount === 1, 20_000)).toBe(true)
  await expectPeace(world)
})

/** Seeds 74, 153, 188, 246: what failed half-way was in no record, or was forgotten with the next attempt. */
test('nothing is left of pods that were made and removed while half of all calls to the kernel fail', async () => {
  const world = await smallWorld(1)
  world.node('n1').weather.failures = 0.5
  await world.finish(world.api.create(deployments, deploymentOf('web', 3)))
  await world.advance(10_000)
  await world.finish(world.api.delete(deployments, { namespace: 'default', name: 'web' }))
  await world.advance(10_000)
  await expectPeace(world)
  expect([...world.node('n1').host.containers.containers.keys(), ...world.node('n1').host.snapshots.prepared.keys()]).toEqual([])
})

/** An agent that was only started again made its node unready, its pods too, and took back their addresses. */
test('an agent that is killed and started again is not noticed by anybody', async () => {
  const world = await smallWorld(2)
  await deploy(world, deploymentOf('web', 4))
  await world.advance(2_000)
  const from = world.transcript.lines.length
  world.node('n1').crashAgent()
  await world.advance(500)
  world.node('n1').weather.minDelayMs = world.node('n1').weather.maxDelayMs = 100
  world.node('n1').start()
  await world.advance(5_000)
  const heard = world.transcript.lines.slice(from).filter((line) => /(pod|node) /.test(line))
  expect(heard).toEqual([])
  await expectPeace(world)
})

/** The node controller called the pods unready, the intake called them ready again, as fast as they could. */
test('nobody argues about pods on a node that lives and is not ready', async () => {
  const world = await smallWorld(2)
  await deploy(world, deploymentOf('web', 4))
  const node = world.node('n1')
  node.losePower()
  node.weather.failures = 1
  node.start()
  await world.advance(2_000)
  const before = world.ledger.writes
  await world.advance(10_000)
  expect(world.ledger.writes - before).toBeLessThan(100)
  await expectPeace(world)
})

/** Seed 26: the API server died between marking a pod and taking it away, and no later delete took it. */
test('a pod whose server died while taking it away goes in the end', async () => {
  const world = await smallWorld(1)
  await deploy(world, deploymentOf('web', 3))
  for (const pod of world.ledger.pods()) await world.finish(world.api.delete(pods, { namespace: 'default', name: pod.metadata.name ?? '' }))
  // The marks are written one by one while the pods end: each crash hits another moment.
  for (let crash = 0; crash < 20; crash++) {
    await world.advance(37)
    world.plane.crash()
    world.plane.start()
    await world.advance(60)
  }
  await expectPeace(world)
})
