import { expect, test } from 'vitest'
import { services, pods } from '../../shared/model/resources.ts'
import { deploy, deploymentOf, expectPeace, forever, smallWorld } from './testing.ts'

/** A pod kept back from a COMPLETE message was taken for gone and killed at once. */
test('a pod whose termination is kept back ends with its grace, though its agent dials again meanwhile', async () => {
  const world = await smallWorld(2)
  const main = { ...forever, command: ['sh', '-c', "trap 'sleep 1; exit 0' TERM; while true; do sleep 1; done"] }
  await deploy(world, deploymentOf('web', 1, { terminationGracePeriodSeconds: 5, containers: [main] }))
  await world.finish(world.api.create(services, { metadata: { name: 'web', namespace: 'default' }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } }))
  await world.advance(2_000)
  const [pod] = world.ledger.pods()
  // One node does not ack its maps, so the pod is kept back for as long as that may last.
  for (const { name, weather } of world.nodes) if (name !== pod?.spec?.nodeName) weather.minDelayMs = weather.maxDelayMs = 1_000
  await world.finish(world.api.delete(pods, { namespace: 'default', name: pod?.metadata.name ?? '' }))
  world.node(pod?.spec?.nodeName ?? '').breakCables()
  await world.advance(10_000)
  const ends = world.transcript.lines.filter((line) => line.includes(`pod default/${pod?.metadata.name} container main ended`))
  expect(ends).toHaveLength(1)
  expect(ends[0]).toContain('ended with 0 (Completed)')
  await expectPeace(world)
})
