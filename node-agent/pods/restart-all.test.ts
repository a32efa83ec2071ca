import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Container } from '../../shared/model/gen/api.ts'
import { podHarness, shell, testPod, type PodHarness } from './harness.ts'
import { ruleFor } from './restart.ts'

let node: PodHarness
beforeEach(async () => {
  node = await podHarness()
})
afterEach(async () => {
  await node.close()
})

const FOREVER = 'while :; do sleep 1; done'
const rules = { restartPolicy: 'Never', restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }] }
const last = { terminated: { exitCode: 137, reason: 'RestartingAllContainers', message: 'The container is removed because RestartAllContainers in place', startedAt: null, finishedAt: null } }
const idOf = (name: string): string => node.status('p').containerStatuses?.find((one) => one.name === name)?.containerID?.replace(/^.*:\/\//, '') ?? ''
const restarting = (): string | undefined => node.status('p').conditions?.find(({ type }) => type === 'AllContainersRestarting')?.status

test('a rule ends all containers and runs the whole pod again: init containers, sidecars and the rest', async () => {
  node.workers.update(testPod('p', { restartPolicy: 'Never', initContainers: [shell('i', 'sleep 0.1'), shell('s', FOREVER, { restartPolicy: 'Always' })], containers: [shell('a', FOREVER, rules), shell('b', FOREVER)] }))
  await node.clock.advance(1000)
  expect(restarting()).toBeUndefined()
  const ip = node.status('p').podIP
  const phases = node.reports.length
  node.runtime.exit(idOf('a'), 42)
  await node.clock.advance(1000)
  expect(node.status('p').containerStatuses).toMatchObject([
    { name: 'a', restartCount: 1, state: { running: {} }, lastState: last },
    { name: 'b', restartCount: 1, state: { running: {} }, lastState: last },
  ])
  expect(node.status('p').initContainerStatuses).toMatchObject([
    { name: 'i', restartCount: 1, ready: true, lastState: last },
    { name: 's', restartCount: 1, ready: true, lastState: last },
  ])
  expect(node.reports.slice(phases).map(({ status }) => status.phase)).not.toContain('Pending')
  expect(node.status('p').podIP).toBe(ip)
  expect(restarting()).toBe('False')
  expect(node.runtime.host.containers.size).toBe(3)
})

test('a rule of a sidecar runs the whole pod again, though its main containers would not begin again by themselves', async () => {
  node.workers.update(testPod('p', { restartPolicy: 'Never', initContainers: [shell('s', FOREVER, { ...rules, restartPolicy: 'Always' })], containers: [shell('a', FOREVER)] }))
  await node.clock.advance(1000)
  node.runtime.exit(node.status('p').initContainerStatuses?.[0]?.containerID?.replace(/^.*:\/\//, '') ?? '', 42)
  await node.clock.advance(1000)
  expect(node.status('p')).toMatchObject({ phase: 'Running', initContainerStatuses: [{ restartCount: 1 }], containerStatuses: [{ name: 'a', restartCount: 1, state: { running: {} }, lastState: last }] })
  expect(node.reports.map(({ status }) => status.phase)).not.toContain('Failed')
})

test('the same before the main containers ran: an init container that is ended for it has not failed', async () => {
  node.workers.update(testPod('p', { restartPolicy: 'Never', initContainers: [shell('s', FOREVER, { restartPolicy: 'Always' }), shell('i', FOREVER, rules)], containers: [shell('a', FOREVER)] }))
  await node.clock.advance(1000)
  node.runtime.exit(node.status('p').initContainerStatuses?.[1]?.containerID?.replace(/^.*:\/\//, '') ?? '', 42)
  await node.clock.advance(1000)
  expect(node.status('p')).toMatchObject({ phase: 'Pending', initContainerStatuses: [{ restartCount: 1 }, { restartCount: 1, state: { running: {} } }] })
  expect(node.reports.map(({ status }) => status.phase)).not.toContain('Failed')
})

test('an init container that its own rule begins again has not failed the pod', async () => {
  node.workers.update(testPod('p', { restartPolicy: 'Never', initContainers: [shell('i', 'exit 42', { restartPolicy: 'Never', restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] })], containers: [shell('a', FOREVER)] }))
  await node.clock.advance(1000)
  expect(node.status('p')).toMatchObject({ phase: 'Pending', initContainerStatuses: [{ restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } }] })
  expect(node.reports.map(({ status }) => status.phase)).not.toContain('Failed')
})

test('the next time it waits as a container that crashes does', async () => {
  node.workers.update(testPod('p', { restartPolicy: 'Never', containers: [shell('a', 'exit 42', rules), shell('b', FOREVER)] }))
  await node.clock.advance(1000)
  expect(node.status('p').containerStatuses).toMatchObject([{ restartCount: 1, state: { waiting: { reason: 'CrashLoopBackOff' } } }, { restartCount: 1, state: { running: {} } }])
  await node.clock.advance(10_000)
  expect(node.status('p').containerStatuses).toMatchObject([{ restartCount: 2 }, { restartCount: 2, state: { running: {} } }])
})

test('another exit code ends it under its own policy', async () => {
  node.workers.update(testPod('p', { restartPolicy: 'Never', containers: [shell('a', 'exit 3', rules)] }))
  await node.clock.advance(1000)
  expect(node.status('p')).toMatchObject({ phase: 'Failed', containerStatuses: [{ restartCount: 0, state: { terminated: { exitCode: 3 } } }] })
})

const named = (operator: string, values: readonly number[], action: string): Container => ({ name: 'c', restartPolicyRules: [{ action, exitCodes: { operator, values } }] })

test.each([
  ['In', [1, 2], 'Restart', 2, 'Restart'],
  ['In', [1, 2], 'Restart', 3, undefined],
  ['NotIn', [0], 'RestartAllContainers', 3, 'RestartAllContainers'],
  ['NotIn', [0], 'RestartAllContainers', 0, undefined],
] as const)('a rule %s %j → %s, exit %i: %s', (operator, values, action, exitCode, expected) => {
  expect(ruleFor({ kind: 'main', spec: named(operator, values, action) }, { exitCode })).toBe(expected)
  expect(ruleFor({ kind: 'init', spec: named('In', [0], action) }, { exitCode: 0 })).toBeUndefined()
})
