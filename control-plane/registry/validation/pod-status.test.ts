import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { Container, ContainerStatus, Pod, PodSpec, PodStatus } from '../../../shared/model/gen/api.ts'
import { validatePodStatus } from './pod-status.ts'

const pod = (spec: Partial<PodSpec>, status: PodStatus): Pod => ({ metadata: { name: 'p', namespace: 'ns' }, spec: { restartPolicy: 'Never', ...spec, containers: spec.containers ?? [{ name: 'a' }] }, status })
const one = (name: string, state: ContainerStatus['state']): ContainerStatus => ({ name, image: 'i', imageID: '', ready: false, restartCount: 0, state })
const ended = (name: string, exitCode: number): ContainerStatus => one(name, { terminated: { exitCode } })
const waiting = (name: string): ContainerStatus => one(name, { waiting: { reason: 'PodInitializing' } })
const refused = (spec: Partial<PodSpec>, before: PodStatus, after: PodStatus): readonly string[] => validatePodStatus(pod(spec, after), pod(spec, before)).map(fieldErrorText).map((text) => text.split(':')[0] ?? '')

const ruled = (name: string, action: string): Container => ({ name, restartPolicy: 'Never', restartPolicyRules: [{ action, exitCodes: { operator: 'In', values: [42] } }] })

test.each(['Never', 'OnFailure'])('policy %s: a rule that restarts all lets init containers that had succeeded begin again', (restartPolicy) => {
  const before = { initContainerStatuses: [ended('i', 0)], containerStatuses: [ended('a', 42)] }
  const after = { initContainerStatuses: [waiting('i')], containerStatuses: [waiting('a')] }
  expect(refused({ restartPolicy, initContainers: [{ name: 'i' }], containers: [ruled('a', 'RestartAllContainers')] }, before, after)).toEqual([])
  expect(refused({ restartPolicy, initContainers: [{ name: 'i' }], containers: [ruled('a', 'Restart')] }, before, after)).toEqual(['status.initContainerStatuses[0].state'])
})

test('a rule that restarts all lets containers without a rule begin again, also when an init container has it', () => {
  const before = { containerStatuses: [ended('a', 42), ended('b', 137), ended('c', 0)] }
  const after = { containerStatuses: [waiting('a'), waiting('b'), waiting('c')] }
  const others = [{ name: 'b' }, { name: 'c' }]
  expect(refused({ containers: [ruled('a', 'RestartAllContainers'), ...others] }, before, after)).toEqual([])
  expect(refused({ initContainers: [ruled('s', 'RestartAllContainers')], containers: [{ name: 'a' }, ...others] }, before, after)).toEqual([])
  expect(refused({ containers: [ruled('a', 'Restart'), ...others] }, before, after)).toEqual(['status.containerStatuses[1].state', 'status.containerStatuses[2].state'])
})

test('an init container that failed begins again by a rule of its own; one that succeeded does not', () => {
  const change = (init: Container, exitCode: number): readonly string[] => refused({ initContainers: [init] }, { initContainerStatuses: [ended('i', exitCode)] }, { initContainerStatuses: [waiting('i')] })
  expect(change(ruled('i', 'Restart'), 42)).toEqual([])
  expect(change(ruled('i', 'Restart'), 0)).toEqual(['status.initContainerStatuses[0].state'])
  expect(change({ name: 'i' }, 42)).toEqual(['status.initContainerStatuses[0].state'])
})

test('conditions are looked for in the metadata, as Kubernetes does', () => {
  expect(refused({}, {}, { conditions: [{ type: 'a b', status: 'True' }, { type: 'Ready', status: 'Perhaps' }] })).toEqual(['metadata.conditions[0].Type'])
})

test('an ephemeral container that ended does not begin again, whatever the policy', () => {
  const change = (restartPolicy: string): readonly string[] => refused({ restartPolicy }, { ephemeralContainerStatuses: [ended('e', 1)] }, { ephemeralContainerStatuses: [waiting('e')] })
  expect([change('Always'), change('OnFailure'), change('Never')]).toEqual(Array.from({ length: 3 }, () => ['status.ephemeralContainerStatuses[0].state']))
})

test('claims that were made for a pod are claims of the pod, each once', () => {
  const status = { resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'x' }, { name: 'a', resourceClaimName: 'X_' }, { name: 'b' }] }
  const fields = refused({ resourceClaims: [{ name: 'a', resourceClaimName: 'c' }] }, {}, status)
  expect(fields).toEqual(['status.resourceClaimStatuses[1].name', 'status.resourceClaimStatuses[1].name', 'status.resourceClaimStatuses[2].name'])
})
