import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { Node, RuntimeClass, StorageClass, VolumeAttachment } from '../../../shared/model/gen/api.ts'
import { validateNewNode, validateNodeChange } from './node.ts'
import { validateNewStorageClass, validateStorageClassChange } from './storage-class.ts'
import { validateNewRuntimeClass, validateRuntimeClassChange } from './runtime-class.ts'
import { validateNewVolumeAttachment } from './volume-attachment.ts'

const runtimeClass = (more: object = {}): RuntimeClass => ({ metadata: { name: 'r' }, handler: 'h', ...more }) as RuntimeClass

test('what a runtime class costs and where it runs is judged at create and at each change', () => {
  const wrong = runtimeClass({ overhead: { podFixed: { cpu: '-1' } }, scheduling: { tolerations: [{ key: 'a', operator: 'Exists' }, { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 1 }, { key: 'a', operator: 'Exists', effect: 'NoExecute' }] } })
  const errors = ['overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0', 'scheduling.tolerations[2]: Duplicate value: {"Key":"a","Operator":"Exists","Value":"","Effect":"NoExecute","TolerationSeconds":null}']
  expect(validateNewRuntimeClass(wrong).map(fieldErrorText)).toEqual(errors)
  expect(validateRuntimeClassChange({ ...wrong, handler: 'other' }, runtimeClass()).map(fieldErrorText)).toEqual([...errors, 'handler: Invalid value: "other": field is immutable'])
})

const node = (more: object): Node => ({ metadata: { name: 'n' }, ...more }) as Node
const context = (subresource: string): Parameters<typeof validateNodeChange>[2] => ({ nowMs: 0, subresource, userName: '' })

test('ranges of a node: one of each family, none twice, kept for ever', () => {
  const texts = validateNewNode(node({ spec: { podCIDRs: ['10.0.0.0/24', '10.0.0.0/24'] } })).map(fieldErrorText)
  expect(texts).toEqual(['spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.0.0/24"]: may specify no more than one CIDR for each IP family', 'spec.podCIDRs[1]: Duplicate value: "10.0.0.0/24"'])
  const old = node({ spec: { podCIDRs: ['10.0.0.0/24', 'fd00::/64'] } })
  expect(validateNodeChange(node({ spec: { podCIDRs: ['10.1.0.0/24', 'fd01::/64'] } }), old, context(''))).toHaveLength(2)
  expect(validateNodeChange(node({ spec: { podCIDRs: ['10.0.0.0/24'] } }), old, context(''))).toHaveLength(1)
})

test('what a node has is looked at once through its status, and what it is tainted with twice in itself', () => {
  const wrong = node({ spec: { taints: [{ key: 'a', effect: 'Never' }] }, status: { capacity: { cpu: '-1' } } })
  expect(validateNodeChange(wrong, node({}), context('status')).map(({ field }) => field)).toEqual(['status.capacity.cpu', 'metadata.taints[0].effect'])
  expect(validateNodeChange(wrong, node({}), context('')).map(({ field }) => field)).toEqual(['metadata.taints[0].effect', 'status.capacity.cpu', 'status.capacity.cpu', 'metadata.taints[0].effect'])
})

test('a topology that says nothing is one that is there already', () => {
  const one = (allowedTopologies: object[]): StorageClass => ({ metadata: {}, provisioner: 'a/b', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate', allowedTopologies }) as unknown as StorageClass
  const field = 'allowedTopologies[0].matchLabelExpressions: Duplicate value: ""'
  expect(validateNewStorageClass(one([{}])).map(fieldErrorText)).toEqual([field])
  expect(validateNewStorageClass(one([{}, { matchLabelExpressions: [{ key: 'a', values: ['b'] }] }])).map(fieldErrorText)).toEqual([field, field])
})

test('very many topologies that are alike are looked at in little time', () => {
  const before = process.cpuUsage()
  const errors = validateNewStorageClass({ metadata: {}, provisioner: 'a/b', volumeBindingMode: 'Immediate', allowedTopologies: Array.from({ length: 60_000 }, () => ({})) })
  const { user, system } = process.cpuUsage(before)
  expect(errors.length).toBeGreaterThan(60_000)
  expect((user + system) / 1e6).toBeLessThan(8)
})

test('a class without parameters is not given an empty map of them', () => {
  const old = { metadata: {}, provisioner: 'a/b', reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' }
  expect(validateStorageClassChange({ ...old, parameters: {} }, old).map(fieldErrorText)).toEqual(['parameters: Forbidden: updates to parameters are forbidden.'])
})

test('the name of an attached volume is asked for, and is a name', () => {
  const one: VolumeAttachment = { metadata: {}, spec: { attacher: 'csi.example.com', nodeName: 'n', source: { persistentVolumeName: '' } } }
  expect(validateNewVolumeAttachment(one).map(fieldErrorText)).toEqual(['spec.source.persistentVolumeName: Required value: must specify non empty persistentVolumeName', expect.stringContaining('spec.source.persistentVolumeName: Invalid value: "": a lowercase RFC 1123 subdomain')])
})
