import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Pod } from '../../shared/model/gen/api.ts'
import type { PrepareResult } from '../volumes/port.ts'
import { podHarness, shell, testPod, type PodHarness } from './harness.ts'

let node: PodHarness
/** Names of the volumes of each call. */
let prepared: string[][]
beforeEach(async () => {
  node = await podHarness()
  prepared = []
  const { prepare } = node.parts.volumes
  Object.assign(node.parts.volumes, { prepare: (pod: Pod, sources: PodHarness['parts']['sources']): Promise<PrepareResult> => (prepared.push((pod.spec?.volumes ?? []).map(({ name }) => name)), prepare(pod, sources)) })
})
afterEach(() => node.close())

const withClaim = (): Pod => testPod('p', { volumes: [{ name: 'd', persistentVolumeClaim: { claimName: 'c' } }, { name: 'm', configMap: { name: 'cm' } }], containers: [shell('c', 'while :; do sleep 1; done', { volumeMounts: [{ name: 'd', mountPath: '/d' }] })] })

test.each(['PersistentVolumeClaim ns/c', 'PersistentVolume pv'] as const)('a pod that waits for its claim goes on at once when it hears of %s', async (changed) => {
  node.volumeAnswers.set('p', { kind: 'waiting', message: 'error processing PVC ns/c: PVC is not bound' })
  node.workers.update(withClaim())
  await node.clock.advance(5000)
  expect(node.status('p').containerStatuses).toMatchObject([{ state: { waiting: { reason: 'ContainerCreating' } } }])
  const tries = prepared.length
  node.volumeAnswers.delete('p')
  node.workers.sourcesChanged('PersistentVolumeClaim', 'ns/other')
  await node.clock.advance(1)
  expect(prepared.length).toBe(tries)
  const [kind, key] = changed.split(' ') as ['PersistentVolume' | 'PersistentVolumeClaim', string]
  node.workers.sourcesChanged(kind, key)
  await node.clock.advance(100)
  expect(node.status('p').phase).toBe('Running')
})

test('a pod that waits for its claim and for an image that is not to be had waits for the claim first, as one of kubelet does', async () => {
  const reason = (): string | undefined => node.status('p').containerStatuses?.[0]?.state?.waiting?.reason
  node.volumeAnswers.set('p', { kind: 'waiting', message: 'error processing PVC ns/c: PVC is not bound' })
  const pod = withClaim()
  node.workers.update({ ...pod, spec: { ...pod.spec, containers: [shell('c', 'true', { image: '10.0.0.1:5000/none:1' })] } })
  for (let seconds = 0; seconds < 30; seconds += 5) {
    await node.clock.advance(5000)
    expect(reason()).toBe('ContainerCreating')
  }
  node.volumeAnswers.delete('p')
  await node.clock.advance(20_000)
  expect(reason()).toBe('ImagePullBackOff')
})

test('what is mounted of a claim stays, whatever becomes of the claim, while the rest is kept up to date', async () => {
  node.workers.update(withClaim())
  await node.clock.advance(100)
  expect(node.status('p').phase).toBe('Running')
  node.workers.sourcesChanged('PersistentVolumeClaim', 'ns/c')
  node.workers.sourcesChanged('ConfigMap', 'ns/cm')
  await node.clock.advance(100)
  expect(prepared[0]).toEqual(['d', 'm'])
  expect(new Set(prepared.slice(1).map((names) => names.join()))).toEqual(new Set(['m']))
  await node.restartAgent()
  await node.clock.advance(100)
  expect(node.status('p').phase).toBe('Running')
  expect(prepared.slice(1).flat()).not.toContain('d')
})
