import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { deleted, podHarness, shell, testPod, type PodHarness } from './harness.ts'

let own: Node
let node: PodHarness
beforeEach(async () => {
  own = { metadata: { name: 'n1', labels: {} }, spec: { taints: [{ key: 'k', effect: 'NoExecute' }] } }
  node = await podHarness({ ownNode: () => own })
})
afterEach(async () => {
  await node.close()
})

const tolerant = { tolerations: [{ operator: 'Exists' }] }
const containers = [shell('c', 'while :; do sleep 1; done')]
/** Names its node itself: nobody has said that it is scheduled. */
const direct = (name: string, spec: Parameters<typeof testPod>[1]): Pod => ({ ...testPod(name, spec), status: {} })
const picky = direct('p', { ...tolerant, nodeSelector: { disk: 'fast' }, containers })
const refused = { phase: 'Failed', reason: 'NodeAffinity', message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector" }

test.each<readonly [string, Pod, Partial<Node>]>([
  ['a label', picky, { metadata: { name: 'n1', labels: { disk: 'fast' } } }],
  ['a taint that is gone', direct('p', { containers }), { spec: {} }],
])('%s is heard of after the pod that needs it: the pod runs', async (_, pod, change) => {
  node.workers.update(pod)
  await node.clock.advance(1_500)
  expect(node.reports).toEqual([])
  own = { ...own, ...change }
  await node.clock.advance(300)
  expect(node.status('p').phase).toBe('Running')
  expect(node.events.map(({ reason }) => reason)).not.toContain('NodeAffinity')
})

test('it is refused after two seconds, once, however often it is told of meanwhile', async () => {
  node.workers.update(picky)
  for (let i = 0; i < 19; i++) {
    await node.clock.advance(100)
    node.workers.update({ ...picky, metadata: { ...picky.metadata, labels: { round: String(i) } } })
  }
  expect(node.reports).toEqual([])
  await node.clock.advance(200)
  expect(node.status('p')).toMatchObject(refused)
  expect(node.events).toMatchObject([{ pod: 'p', reason: 'NodeAffinity' }])
})

test('what is refused for other reasons is refused at once', async () => {
  node.workers.update(direct('much', { ...tolerant, nodeSelector: { disk: 'fast' }, containers: [shell('c', 'true', { resources: { requests: { cpu: '1000' } } })] }))
  await node.clock.advance(50)
  expect(node.status('much')).toMatchObject({ phase: 'Failed', reason: 'OutOfcpu' })
})

test('one that goes meanwhile leaves nothing behind', async () => {
  const ways: ReadonlyArray<readonly [string, (pod: Pod) => void]> = [
    ['deleted', (pod) => node.workers.update(deleted(pod, 1))],
    ['gone', (pod) => node.workers.remove(`ns/${pod.metadata.name}`, pod.metadata.uid ?? '')],
    ['not-named', () => node.workers.setAll([])],
    ['ended', (pod) => node.workers.update({ ...pod, status: { phase: 'Failed' } })],
  ]
  for (const [name, go] of ways) {
    const pod = direct(name, { ...tolerant, nodeSelector: { disk: 'fast' }, containers })
    node.workers.update(pod)
    await node.clock.advance(500)
    go(pod)
    await node.clock.advance(5_000)
    expect([name, node.workers.statuses(), node.events]).toEqual([name, [], []])
  }
  expect(node.removed('deleted')).toBe(true)
})

test('an agent that is started again holds it anew', async () => {
  node.workers.update(picky)
  await node.clock.advance(1_500)
  await node.restartAgent()
  node.workers.setAll([picky])
  await node.clock.advance(1_500)
  expect(node.reports).toEqual([])
  await node.clock.advance(1_000)
  expect(node.status('p')).toMatchObject(refused)
})
