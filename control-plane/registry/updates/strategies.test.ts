/** What kinds keep, drop and tell of a write, as one table. */
import { expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import type { StrategyContext } from '../kind.ts'
import { servedKinds } from '../registry.ts'

const context = (subresource = ''): StrategyContext => ({ nowMs: 0, subresource, userName: 'test' })

function kindOf(name: string): (typeof servedKinds)[number] {
  const found = servedKinds.find((one) => one.kind === name)
  if (!found) throw new Error(`no kind ${name}`)
  return found
}

/** As the machinery does it. */
const created = (kind: string, object: JsonObject): JsonObject => kindOf(kind).prepareForCreate(kindOf(kind).defaults({ metadata: { name: 'x', ...(object['metadata'] as JsonObject | undefined) }, ...object }), context())
const changed = (kind: string, { object, old, subresource = '' }: { object: JsonObject; old: JsonObject; subresource?: string }): JsonObject => kindOf(kind).prepareForUpdate(object, old, context(subresource))

test('an endpoint slice drops the topology of older versions', () => {
  expect(created('EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: ['1.2.3.4'], deprecatedTopology: { a: 'b' } }] })['endpoints']).toEqual([{ addresses: ['1.2.3.4'] }])
})

test('a lease drops what elections by the server would need', () => {
  expect(created('Lease', { spec: { holderIdentity: 'a', strategy: 'OldestEmulationVersion', preferredHolder: 'b' } })['spec']).toEqual({ holderIdentity: 'a' })
})

test('a pod drops fields that are not switched on', () => {
  const pod = created('Pod', { spec: { containers: [], schedulingGroup: { podGroupName: 'g' }, volumes: [{ name: 'v', projected: { sources: [{ clusterTrustBundle: { name: 'b', path: 'p' } }, { podCertificate: { keyType: 'RSA3072', signerName: 'a/b' } }] } }] } })
  expect(pod['spec']).toMatchObject({ volumes: [{ name: 'v', projected: { sources: [{}, {}] } }] })
  expect(pod['spec']).not.toHaveProperty('schedulingGroup')
})

test('a node is not configured through the API', () => {
  expect(created('Node', { spec: { configSource: {} }, status: { config: { error: 'e' } } })).toMatchObject({ spec: {}, status: {} })
  const after = changed('Node', { object: { metadata: { name: 'x' }, status: { config: {}, phase: 'Running' } }, old: { metadata: { name: 'x' } }, subresource: 'status' })
  expect(after['status']).toEqual({ phase: 'Running' })
})

test.each([
  ['a claim', { dataSource: { kind: 'PersistentVolumeClaim', name: 'a' } }, true],
  ['a snapshot', { dataSource: { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'a' } }, true],
  ['anything else under the old name', { dataSource: { apiGroup: 'x.y', kind: 'Foo', name: 'a' } }, false],
  ['anything else under the new name', { dataSourceRef: { apiGroup: 'x.y', kind: 'Foo', name: 'a' } }, true],
  ['one in another namespace', { dataSourceRef: { apiGroup: 'x.y', kind: 'Foo', name: 'a', namespace: 'n' } }, false],
])('what a claim is filled from: %s', (_, given, kept) => {
  const spec = created('PersistentVolumeClaim', { spec: { accessModes: ['ReadWriteOnce'], ...given } })['spec'] as JsonObject
  expect([spec['dataSource'] !== undefined, spec['dataSourceRef'] !== undefined]).toEqual([kept, kept])
  if (kept) expect(spec['dataSource']).toEqual(spec['dataSourceRef'])
})

test.each(['APIService', 'FlowSchema', 'PriorityLevelConfiguration', 'ResourceClaim', 'ServiceCIDR', 'ValidatingAdmissionPolicy', 'VolumeAttachment'])('through the status of a %s neither spec nor labels change', (kind) => {
  const old = { metadata: { name: 'x', labels: { a: 'b' }, resourceVersion: '1' }, spec: { is: 'old' }, status: {} }
  const object = { metadata: { name: 'x', labels: { a: 'c' }, annotations: { n: 'e' }, finalizers: ['f'], resourceVersion: '2' }, spec: { is: 'new' }, status: { conditions: [] } }
  expect(changed(kind, { object, old, subresource: 'status' })).toEqual({ metadata: { name: 'x', labels: { a: 'b' }, resourceVersion: '2' }, spec: { is: 'old' }, status: { conditions: [] } })
})

test('a namespace without a phase is active', () => {
  expect(kindOf('Namespace').defaults({ metadata: { name: 'x' }, status: {} })['status']).toEqual({ phase: 'Active' })
})

test('the failure policy of the jobs of a cron job looks for conditions that are true', () => {
  const rule = { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget' }] }
  const filled = kindOf('CronJob').defaults({ metadata: {}, spec: { schedule: '* * * * *', jobTemplate: { spec: { template: {}, podFailurePolicy: { rules: [rule] } } } } })
  expect(filled['spec']).toMatchObject({ jobTemplate: { spec: { podFailurePolicy: { rules: [{ onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] }] } } } })
})

test('a pod remembers which generation was seen', () => {
  const old = { metadata: {}, status: { observedGeneration: 3, conditions: [{ type: 'Ready', status: 'False', observedGeneration: 2 }] } }
  const after = changed('Pod', { object: { metadata: {}, status: { conditions: [{ type: 'Ready', status: 'True' }, { type: 'Other', status: 'True' }] } }, old, subresource: 'status' })
  expect(after['status']).toEqual({ observedGeneration: 3, conditions: [{ type: 'Ready', status: 'True', observedGeneration: 2 }, { type: 'Other', status: 'True' }] })
})

test('a range of service addresses comes and goes with its status', () => {
  const status = { conditions: [{ type: 'Ready', status: 'True' }] }
  expect(created('ServiceCIDR', { spec: { cidrs: ['10.0.0.0/24'] }, status })['status']).toEqual(status)
  expect(changed('ServiceCIDR', { object: { metadata: { name: 'x' }, status: {} }, old: { metadata: { name: 'x' }, status } })['status']).toEqual({})
})
