import { expect, test } from 'vitest'
import type { Pod, PodCondition } from '../../../shared/model/gen/api.ts'
import { pods } from '../../../shared/model/resources.ts'
import { world } from '../testing.ts'
import { disruptionLeftMs } from './stale.ts'
import { createStaleDisruptionController } from './stale-reconcile.ts'

const announced = (sinceMs: number, part: Partial<PodCondition> = {}, phase = 'Running'): Pod => ({
  metadata: { name: 'a', namespace: 'ns', generation: 1 },
  spec: { containers: [] },
  status: { phase, conditions: [{ type: 'DisruptionTarget', status: 'True', reason: 'EvictionByEvictionAPI', message: 'Eviction API: evicting', lastTransitionTime: new Date(sinceMs).toISOString().replace(/\.\d+/, ''), ...part }, { type: 'Ready', status: 'True' }] },
})

test.each([
  ['just announced', announced(60_000), 120_000],
  ['announced long ago', announced(-300_000), 0],
  ['taken back', announced(60_000, { status: 'False' }), undefined],
  ['by its node', announced(60_000, { reason: 'TerminationByKubelet' }), undefined],
  ['finished', announced(60_000, {}, 'Failed'), undefined],
  ['terminating', { ...announced(60_000), metadata: { name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' } }, undefined],
])('%s', (_, pod, leftMs) => {
  expect(disruptionLeftMs(pod, 60_000)).toBe(leftMs)
})

test('what was announced and did not happen is taken back after two minutes', async () => {
  await using here = world()
  await here.start(createStaleDisruptionController(here.parts))
  await here.client.create(pods, announced(here.clock.nowMs()))
  await here.clock.advance(100_000)
  const first = () => here.client.all(pods)[0]?.status?.conditions?.[0]
  expect(first()?.status).toBe('True')
  await here.clock.advance(30_000)
  expect(first()).toEqual({ type: 'DisruptionTarget', observedGeneration: 1, status: 'False', lastTransitionTime: first()?.lastTransitionTime })
  expect(here.client.all(pods)[0]?.status?.conditions?.[1]).toMatchObject({ type: 'Ready' })
})
