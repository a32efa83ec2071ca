import { expect, test } from 'vitest'
import { deployments } from '../../shared/model/resources.ts'
import { isPodReady } from './ledger.ts'
import { World } from './world.ts'

test('a deployment runs', async () => {
  const world = new World({ seed: 1, nodes: 3 })
  await world.boot()
  await world.finish(world.api.create(deployments, { metadata: { name: 'web', namespace: 'default' }, spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'busybox:1.35', command: ['sh', '-c', 'while true; do sleep 1; done'] }] } } } }))
  expect(await world.until(() => world.ledger.pods().filter(isPodReady).length === 3, 20_000)).toBe(true)
  expect(world.transcript.violations).toEqual([])
  world.end()
})
