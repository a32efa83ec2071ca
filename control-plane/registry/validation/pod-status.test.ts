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

const texts = (status: PodStatus, spec: Partial<PodSpec> = {}): readonly string[] => validatePodStatus(pod(spec, status), pod(spec, {})).map(fieldErrorText)

test('addresses are one of each family: of a host what comes twice is told first', () => {
  const twice = { podIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }], hostIP: '10.0.0.1', hostIPs: [{ ip: '10.0.0.1' }, { ip: '10.0.0.1' }] }
  expect(texts(twice).map((text) => text.slice(0, 32))).toEqual(['status.podIPs: Invalid value: [{', 'status.podIPs[1]: Duplicate valu', 'status.hostIPs[1]: Duplicate val', 'status.hostIPs: Invalid value: ['])
  expect(texts({ podIPs: [{ ip: 'fd00::1' }, { ip: 'x' }] }).slice(1)).toEqual([
    'status.podIPs: Internal error: failed to check for dual stack with error:invalid IP[1]: x',
    'status.podIPs: Invalid value: [{"IP":"fd00::1"},{"IP":"x"}]: may specify no more than one IP for each IP family',
  ])
})

test('users and devices of containers', () => {
  const status = (user: object, allocatedResourcesStatus: ContainerStatus['allocatedResourcesStatus']): ContainerStatus => ({ ...one('a', {}), user: user as never, allocatedResourcesStatus })
  const spec = { containers: [{ name: 'a', resources: { requests: { 'x.io/gpu': '1' }, claims: [{ name: 'c', request: 'r' }] } }] }
  const resources = [{ resourceID: '1', health: 'Healthy' }]
  expect(texts({ containerStatuses: [status({ linux: { uid: 1, gid: 1 } }, [{ name: 'x.io/gpu', resources }, { name: 'claim:c/r', resources }])] }, spec)).toEqual([])
  expect(texts({ containerStatuses: [status({ linux: { uid: -1, gid: 0 } }, [{ name: 'cpu', resources: [...resources, { resourceID: '1', health: 'Fine' }] }, { name: 'claim:c' }])] }, spec)).toEqual([
    'status.containerStatuses[0].linux.uid: Invalid value: -1: must be between 0 and 2147483647, inclusive',
    "status.containerStatuses[0].allocatedResourcesStatus[0].name: Invalid value: \"cpu\": must match one of the container's resource requests",
    'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].health: Unsupported value: "Fine": supported values: "Healthy", "Unhealthy", "Unknown"',
    'status.containerStatuses[0].allocatedResourcesStatus[0].resources[1].resourceID: Duplicate value: "1"',
    "status.containerStatuses[0].allocatedResourcesStatus[1].name: Invalid value: \"claim:c\": must match one of the container's resource claims in a format 'claim:<claimName>/<request>' or 'claim:<claimName>' if request is empty",
  ])
  expect(texts({ containerStatuses: [status({ linux: { uid: 1, gid: 1 } }, undefined)] }, { os: { name: 'windows' } })).toEqual(['status.containerStatuses[0].linux: Forbidden: cannot be set for a windows pod'])
  expect(texts({ ephemeralContainerStatuses: [status({}, [{ name: 'cpu' }])] })).toEqual(['status.ephemeralContainerStatuses[0].allocatedResourcesStatus: Forbidden: must not be specified in container status'])
})
