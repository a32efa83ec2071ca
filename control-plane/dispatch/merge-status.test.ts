import { expect, test } from 'vitest'
import type { Pod } from '../../shared/model/gen/api.ts'
import { formatTime } from '../../shared/model/time.ts'
import { mergePodStatus } from './merge-status.ts'

const nowMs = Date.parse('2026-01-01T12:00:00Z')
const pod = (conditions: NonNullable<Pod['status']>['conditions'] = []): Pod => ({ metadata: { name: 'p', namespace: 'default' }, status: { phase: 'Running', conditions } })
const ready = (atMs: number) => ({ type: 'Ready', status: 'True' as const, lastTransitionTime: formatTime(atMs) })
const timeOf = (stored: Pod, atMs: number) => mergePodStatus(stored, { phase: 'Running', conditions: [ready(atMs)] }, nowMs)?.conditions?.[0]?.lastTransitionTime

test('what a node dates in the future is dated now; the past is left as it is', () => {
  expect(timeOf(pod(), nowMs + 3_600_000)).toBe(formatTime(nowMs))
  expect(timeOf(pod(), nowMs - 3_600_000)).toBe(formatTime(nowMs - 3_600_000))
})

test('a condition of others that the node tells of, too, is there once', () => {
  const target = { type: 'DisruptionTarget', status: 'True' as const, reason: 'EvictionByEvictionAPI', lastTransitionTime: formatTime(nowMs - 5_000) }
  expect(mergePodStatus(pod([target]), { phase: 'Running', conditions: [{ ...target, reason: 'TerminationByKubelet' }] }, nowMs)?.conditions).toEqual([{ ...target, reason: 'TerminationByKubelet' }])
})

test('a date that was corrected is not corrected again', () => {
  expect(mergePodStatus(pod([ready(nowMs - 5_000)]), { phase: 'Running', conditions: [ready(nowMs + 3_600_000)] }, nowMs)).toBeUndefined()
})

test('a phase never moves back: another machine that takes the name over has not run the pod yet', () => {
  expect(mergePodStatus(pod(), { phase: 'Pending', conditions: [ready(nowMs)] }, nowMs)).toMatchObject({ phase: 'Running' })
  expect(mergePodStatus(pod(), { phase: 'Failed' }, nowMs)).toMatchObject({ phase: 'Failed' })
  expect(mergePodStatus({ ...pod(), status: { phase: 'Succeeded' } }, { phase: 'Running' }, nowMs)).toBeUndefined()
})

test('a pod that is over stays what it became, though a machine of the name may say otherwise', () => {
  expect(mergePodStatus({ ...pod(), status: { phase: 'Failed' } }, { phase: 'Succeeded' }, nowMs)).toBeUndefined()
  expect(mergePodStatus({ ...pod(), status: { phase: 'Succeeded' } }, { phase: 'Failed' }, nowMs)).toBeUndefined()
  expect(mergePodStatus({ ...pod(), status: { phase: 'Failed' } }, { phase: 'Failed', conditions: [ready(nowMs)] }, nowMs)).toMatchObject({ phase: 'Failed', conditions: [{ type: 'Ready' }] })
})
