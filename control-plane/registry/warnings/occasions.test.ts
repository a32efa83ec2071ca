/** When warnings are told: which writes, through which endpoint. */
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { servedKinds } from '../registry.ts'

const kindOf = (name: string): (typeof servedKinds)[number] | undefined => servedKinds.find((one) => one.kind === name)

const told = (kind: string, object: JsonObject, { old, subresource = '' }: { old?: JsonObject; subresource?: string } = {}): readonly string[] =>
  kindOf(kind)?.warnings?.({ metadata: {}, ...object }, old, { nowMs: 0, subresource, userName: 'test' }) ?? []
const early = (pod: JsonObject): readonly string[] => kindOf('Pod')?.earlyWarnings?.(pod) ?? []

const doubled = { spec: { containers: [{ name: 'a', env: [{ name: 'X' }, { name: 'X' }] }] } }

test('of a pod much is told when it is made, and nothing when it is changed', () => {
  expect(told('Pod', doubled)).toHaveLength(1)
  expect(told('Pod', doubled, { old: { metadata: {}, ...doubled } })).toEqual([])
})

test('addresses in a status are told of where they are unusual', () => {
  const status = { podIPs: [{ ip: '1.2.3.4' }, { ip: '2001:DB8::1' }], hostIPs: [{ ip: 'FD00::1' }] }
  expect(told('Pod', { status }, { old: { metadata: {} }, subresource: 'status' })).toEqual([
    'status.podIPs[1].ip: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
    'status.hostIPs[0].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")',
  ])
})

test.each([
  ['Service', { spec: { type: 'ClusterIP', trafficDistribution: 'PreferClose' } }],
  ['Node', { spec: { externalID: 'x' } }],
  ['PersistentVolume', { spec: { persistentVolumeReclaimPolicy: 'Recycle' } }],
  ['PersistentVolumeClaim', { spec: { resources: { requests: { storage: '100m' } } } }],
  ['StatefulSet', { spec: { revisionHistoryLimit: -1 } }],
])('a %s warns of its spec, not when its status is written', (kind, object) => {
  expect(told(kind, object)).toHaveLength(1)
  expect(told(kind, object, { old: { metadata: {}, ...object }, subresource: 'status' })).toEqual([])
})

test('a slice of domain names is told of once, addresses at each write, those of the controllers never', () => {
  expect(told('EndpointSlice', { addressType: 'FQDN' })).toEqual(['spec.addressType: FQDN endpoints are deprecated'])
  expect(told('EndpointSlice', { addressType: 'FQDN' }, { old: { metadata: {} } })).toEqual([])
  const slice = { addressType: 'IPv6', endpoints: [{ addresses: ['FD00::1'] }] }
  expect(told('EndpointSlice', slice, { old: { metadata: {} } })).toHaveLength(1)
  expect(told('EndpointSlice', { ...slice, metadata: { labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' } } })).toEqual([])
})

test('mountable secrets are told of to who asks for them first', () => {
  const metadata = { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } }
  expect(told('ServiceAccount', { metadata })).toHaveLength(1)
  expect(told('ServiceAccount', { metadata }, { old: { metadata: {} } })).toHaveLength(1)
  expect(told('ServiceAccount', { metadata }, { old: { metadata } })).toEqual([])
})

test('a pair of keys that is none is told of at each write', () => {
  expect(told('Secret', { type: 'kubernetes.io/tls', data: {} }, { old: { metadata: {} } })).toHaveLength(1)
})

test('what an ephemeral volume asks for is looked at', () => {
  const template = { spec: { resources: { requests: { storage: '100m' } } } }
  expect(told('Pod', { spec: { containers: [], volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: template } }] } })).toEqual([
    'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "100m" is invalid, must be an integer',
  ])
})

const KEY = 'container.apparmor.security.beta.kubernetes.io/a'
const annotated = (value: string, spec: JsonObject = {}, container: JsonObject = {}): JsonObject => ({ metadata: { annotations: { [KEY]: value } }, spec: { containers: [{ name: 'a', ...container }], ...spec } })

test.each([
  ['that is used', annotated('runtime/default'), 1],
  ['that means nothing', annotated('bad-value'), 1],
  ['that is empty', annotated(''), 1],
  ['beside a field', annotated('runtime/default', {}, { securityContext: { appArmorProfile: { type: 'Unconfined' } } }), 0],
  ['that says what the pod says', annotated('unconfined', { securityContext: { appArmorProfile: { type: 'Unconfined' } } }), 0],
  ['of Windows', annotated('unconfined', { os: { name: 'windows' } }), 0],
  ['of no container', { metadata: { annotations: { [KEY]: 'unconfined' } }, spec: { containers: [{ name: 'b' }] } }, 0],
])('an AppArmor annotation %s', (_, pod, count) => {
  expect(early(pod)).toHaveLength(count)
})

test('names that files of the server will have are told of when something is made', () => {
  const object = { metadata: { name: 'a.static.k8s.io' } }
  for (const kind of ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'ValidatingAdmissionPolicy', 'MutatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding', 'MutatingAdmissionPolicyBinding']) {
    expect(told(kind, object)).toEqual(['metadata.name: names ending with ".static.k8s.io" will be reserved for static manifest-based configurations when the ManifestBasedAdmissionControlConfig feature gate is enabled'])
    expect(told(kind, object, { old: object })).toEqual([])
    expect(told(kind, { metadata: { name: 'a' } })).toEqual([])
  }
})

test('old labels of nodes are told of where storage is said to be', () => {
  const nodeTopology = { matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }], matchLabels: { zone: 'a', 'failure-domain.beta.kubernetes.io/zone': 'a' } }
  expect(told('CSIStorageCapacity', { nodeTopology })).toEqual([
    'nodeTopology.matchExpressions[0].key: beta.kubernetes.io/os is deprecated since v1.14; use "kubernetes.io/os" instead',
    'nodeTopology.matchLabels.failure-domain.beta.kubernetes.io/zone: deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  ])
  expect(told('CSIStorageCapacity', {})).toEqual([])
})

test('a driver of devices whose name has capitals is told of, at every write', () => {
  const slice = { spec: { driver: 'GPU.example.com' } }
  const warning = 'spec.driver: driver names should be lowercase; "GPU.example.com" contains uppercase characters'
  expect(told('ResourceSlice', slice)).toEqual([warning])
  expect(told('ResourceSlice', slice, { old: slice })).toEqual([warning])
  expect(told('ResourceSlice', { spec: { driver: 'gpu.example.com' } })).toEqual([])
})
