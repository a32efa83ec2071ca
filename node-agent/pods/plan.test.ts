import { expect, test } from 'vitest'
import type { Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { beginAttempt, containerDeleted, containerExited, containerStarted, imageFound } from './apply.ts'
import { planPod } from './plan.ts'
import { containerId, newRecord, podUidHex, withContainer, type ContainerRecord, type Ended, type PodRecord } from './record.ts'
import { goDuration, goPreciseDuration, nextStart, shouldRestart } from './restart.ts'
import type { PodPlan, Step } from './steps.ts'

const pod = (spec: Partial<PodSpec>, metadata: Partial<Pod['metadata']> = {}): Pod => ({ metadata: { name: 'p', namespace: 'ns', uid: 'u', ...metadata }, spec: { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, ...spec, containers: spec.containers ?? [{ name: 'c', image: 'i' }] } })
const plan = (of: Pod, record: PodRecord, { nowMs = 0, inFlight = [], mayRun = true }: { readonly nowMs?: number; readonly inFlight?: readonly string[]; readonly mayRun?: boolean } = {}): PodPlan => planPod({ pod: of, record, nowMs, inFlight: new Set(inFlight), mayRun })
const steps = (...args: Parameters<typeof plan>): ReadonlyArray<Step['kind']> => plan(...args).steps.map(({ kind }) => kind)

const withImages = (record: PodRecord, ...names: readonly string[]): PodRecord => names.reduce((sum, name) => imageFound(sum, name, { reference: 'i', id: 'sha', name: 'i', configId: 'sha', stopSignal: '' }), record)
const prepared: PodRecord = { ...newRecord(0), sandbox: { kind: 'ready', ip: '10.0.0.2', netnsPath: '/n' }, volumes: { kind: 'ready', paths: {} } }
const started = (record: PodRecord, name: string, more: Partial<Parameters<typeof containerStarted>[2]> = {}): PodRecord => containerStarted(record, name, { id: `${name}-id`, startedMs: 0, hook: 'none', user: undefined, started: true, ready: true, isMain: true, ...more })
const ended = (exitCode: number, finishedMs = 0): Ended => ({ id: 'x', exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedMs: 0, finishedMs })

test('a new pod: network, volumes and image at once, then the container', () => {
  expect(plan(pod({}), newRecord(0))).toEqual({ steps: [{ kind: 'prepare-sandbox' }, { kind: 'prepare-volumes' }, { kind: 'ensure-image', container: 'c', attempt: 0 }] })
  expect(plan(pod({}), withImages(prepared, 'c'))).toEqual({ steps: [{ kind: 'start-container', container: 'c', attempt: 0 }] })
  expect(plan(pod({}), started(withImages(prepared, 'c'), 'c'))).toEqual({ steps: [] })
})

test('while volumes or network are in trouble no image is fetched, nor tried again', () => {
  const trouble = { message: 'm', failures: 1, retryAtMs: 500 }
  for (const record of [{ ...newRecord(0), volumes: { kind: 'waiting', ...trouble } }, { ...newRecord(0), sandbox: { kind: 'failed', ...trouble } }] satisfies readonly PodRecord[]) {
    const failed = withContainer(record, 'c', { problem: { of: 'image', reason: 'ErrImagePull', message: 'm', failures: 1, sinceMs: 0, retryAtMs: 10 } })
    expect(steps(pod({}), record)).not.toContain('ensure-image')
    expect(steps(pod({}), failed, { nowMs: 100 })).not.toContain('ensure-image')
  }
})

test('init containers hold back what comes after them', () => {
  const of = pod({ initContainers: [{ name: 'i', image: 'i' }, { name: 's', image: 'i', restartPolicy: 'Always' }] })
  const record = withImages(prepared, 'i', 's', 'c')
  expect(plan(of, record).steps).toEqual([{ kind: 'start-container', container: 'i', attempt: 0 }])
  const after = containerExited(started(record, 'i', { isMain: false }), 'i', { ...ended(0), id: '' })
  expect(plan(of, after).steps).toEqual([{ kind: 'start-container', container: 's', attempt: 0 }])
  expect(plan(of, started(after, 's', { isMain: false, started: false })).steps).toEqual([])
  expect(plan(of, started(after, 's', { isMain: false })).steps).toEqual([{ kind: 'start-container', container: 'c', attempt: 0 }])
})

/** Of two images the second was found first now and then, and its container was started before the first. A hook held back nobody. */
test('main containers start in their order, each after the hook of the one before; what cannot start holds back nobody', () => {
  const of = pod({ containers: [{ name: 'a', image: 'i' }, { name: 'b', image: 'i' }] })
  expect(plan(of, withImages(prepared, 'b')).steps).toEqual([{ kind: 'ensure-image', container: 'a', attempt: 0 }])
  const both = withImages(prepared, 'a', 'b')
  expect(plan(of, both).steps).toEqual([{ kind: 'start-container', container: 'a', attempt: 0 }])
  expect(plan(of, started(both, 'a', { hook: 'due' })).steps).toEqual([{ kind: 'post-start', container: 'a' }])
  expect(plan(of, started(both, 'a')).steps).toEqual([{ kind: 'start-container', container: 'b', attempt: 0 }])
  const troubled = withContainer(both, 'a', { problem: { of: 'container', reason: 'CreateContainerConfigError', message: 'm', failures: 1, sinceMs: 0, retryAtMs: 1000 } })
  expect(plan(of, troubled, { nowMs: 10 })).toEqual({ steps: [{ kind: 'start-container', container: 'b', attempt: 0 }], wakeAtMs: 1000 })
})

test('the hook of a sidecar holds back what comes after it', () => {
  const of = pod({ initContainers: [{ name: 's', image: 'i', restartPolicy: 'Always' }] })
  const record = withImages(prepared, 's', 'c')
  expect(plan(of, started(record, 's', { isMain: false, hook: 'due' })).steps).toEqual([{ kind: 'post-start', container: 's' }])
})

test('a container that exits is started again at once, then after a wait that is told once', () => {
  const exited = containerExited(started(withImages(prepared, 'c'), 'c'), 'c', ended(1, 1000))
  expect(plan(pod({}), exited, { nowMs: 1000 })).toEqual({ steps: [{ kind: 'delete-container', container: 'c', id: 'x' }, { kind: 'start-container', container: 'c', attempt: 1, backoff: { delayMs: 10_000, updatedMs: 1000 } }] })
  const again = containerExited(started(beginAttempt(containerDeleted(exited, 'c', 'x'), 'c', { attempt: 1, backoff: { delayMs: 10_000, updatedMs: 1000 } }), 'c'), 'c', { ...ended(1, 2000), id: '' })
  expect(plan(pod({}), again, { nowMs: 2000 })).toMatchObject({ steps: [{ kind: 'note-wait', untilMs: 12_000, delayMs: 10_000 }], wakeAtMs: 12_000 })
  const told = withContainer(again, 'c', { waiting: { untilMs: 12_000, delayMs: 10_000 } })
  expect(plan(pod({}), told, { nowMs: 2000 })).toEqual({ steps: [], wakeAtMs: 12_000 })
  expect(plan(pod({}), told, { nowMs: 12_000 }).steps).toEqual([{ kind: 'start-container', container: 'c', attempt: 2, backoff: { delayMs: 20_000, updatedMs: 12_000 } }])
})

test('the wait doubles up to five minutes and is forgotten after ten of running', () => {
  const container = (delayMs: number): ContainerRecord => ({ attempt: 3, now: { kind: 'waiting' }, started: false, ready: false, backoff: { delayMs, updatedMs: 0 } })
  expect(nextStart(container(160_000), ended(1, 0), 160_000)).toEqual({ kind: 'now', backoff: { delayMs: 300_000, updatedMs: 160_000 } })
  expect(nextStart(container(300_000), ended(1, 700_000), 700_000)).toEqual({ kind: 'now', backoff: { delayMs: 10_000, updatedMs: 700_000 } })
})

test.each([
  ['Always', 0, true],
  ['OnFailure', 0, false],
  ['OnFailure', 1, true],
  ['Never', 1, false],
] as const)('policy %s, exit %i: restarted %s', (restartPolicy, exitCode, restarted) => {
  const of = pod({ restartPolicy })
  expect(shouldRestart(of, { kind: 'main', spec: { name: 'c' } }, { exitCode })).toBe(restarted)
  expect(shouldRestart(of, { kind: 'sidecar', spec: { name: 'c' } }, { exitCode })).toBe(true)
  expect(shouldRestart(of, { kind: 'ephemeral', spec: { name: 'c' } }, { exitCode })).toBe(false)
  expect(shouldRestart(of, { kind: 'main', spec: { name: 'c', restartPolicy: 'Never' } }, { exitCode })).toBe(false)
  expect(shouldRestart(of, { kind: 'main', spec: { name: 'c', restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [exitCode] } }] } }, { exitCode })).toBe(true)
})

test('the end of a pod: stop, signal, kill at the end of the grace, clean up', () => {
  const of = pod({}, { deletionTimestamp: 'now', deletionGracePeriodSeconds: 5 })
  const record = started(withImages(prepared, 'c'), 'c')
  expect(plan(of, record).steps).toEqual([{ kind: 'stop-pod', stop: { why: 'deleted', sinceMs: 0, graceMs: 5000 } }])
  const stopping: PodRecord = { ...record, stop: { why: 'deleted', sinceMs: 0, graceMs: 5000 } }
  expect(plan(of, stopping).steps).toMatchObject([{ kind: 'stop-container', container: 'c', stop: { why: 'pod', graceMs: 5000, stage: 'begin' } }])
  const begun = withContainer(stopping, 'c', { stop: { why: 'pod', sinceMs: 0, graceMs: 5000, stage: 'begin' } })
  expect(plan(of, begun).steps).toEqual([{ kind: 'signal', container: 'c', force: false }])
  const signalled = withContainer(stopping, 'c', { stop: { why: 'pod', sinceMs: 0, graceMs: 5000, stage: 'signalled', signalledMs: 0 } })
  expect(plan(of, signalled, { nowMs: 100 })).toEqual({ steps: [], wakeAtMs: 5000 })
  expect(plan(of, signalled, { nowMs: 5000 }).steps).toEqual([{ kind: 'signal', container: 'c', force: true }])
  const gone = containerExited(signalled, 'c', ended(137))
  expect(steps(of, gone)).toEqual(['delete-container'])
  const deleted = withContainer(gone, 'c', { now: { kind: 'exited', ended: ended(137), deleted: true } })
  expect(steps(of, deleted, { inFlight: ['start-container'] })).toEqual([])
  expect(steps(of, deleted)).toEqual(['clean-up'])
  expect(steps(of, { ...deleted, cleaned: true })).toEqual([])
})

test('an image that was changed in the object: stopped, then started anew under every policy', () => {
  const of = pod({ restartPolicy: 'Never', containers: [{ name: 'c', image: 'other' }] })
  const record = started(withImages(prepared, 'c'), 'c')
  expect(plan(of, record).steps).toMatchObject([{ kind: 'stop-container', stop: { why: 'changed' }, event: { message: 'Container c definition changed, will be restarted' } }])
  const exited = containerExited(withContainer(record, 'c', { stop: { why: 'changed', sinceMs: 0, graceMs: 0, stage: 'killed' } }), 'c', { ...ended(137), id: '' })
  expect(plan(of, exited).steps).toEqual([{ kind: 'ensure-image', container: 'c', attempt: 1 }])
})

test('ids hold the pod, the container and the attempt', () => {
  const uid = '01234567-89ab-4def-8123-456789abcdef'
  const id = containerId(uid, 'c', 3)
  expect(id).toMatch(/^[0-9a-f]{64}$/)
  expect(id.slice(0, 32)).toBe(podUidHex(uid))
  expect(Number.parseInt(id.slice(48), 16)).toBe(3)
  expect(containerId(uid, 'd', 3)).not.toBe(id)
  expect(podUidHex('not a uuid')).toMatch(/^[0-9a-f]{32}$/)
})

test('durations as Go prints them', () => {
  expect([10_000, 80_000, 300_000, 3_600_000].map(goDuration)).toEqual(['10s', '1m20s', '5m0s', '1h0m0s'])
  expect([0, 7.9, 253, 1000, 1200, 61_050, 3_600_001].map(goPreciseDuration)).toEqual(['0s', '7ms', '253ms', '1s', '1.2s', '1m1.05s', '1h0m0.001s'])
})
