/** Values that a refusal quotes are those of Kubernetes' internal types: every field, by its name there. */
import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { applySchemaDefaults } from '../../../shared/model/schemas/defaults.ts'
import { daemonSet } from '../daemon-set.ts'
import { deployment } from '../deployment.ts'
import { job } from '../job.ts'
import type { KindDefinition } from '../kind.ts'
import { persistentVolume } from '../persistent-volume.ts'
import { pod } from '../pod.ts'
import { resourceClaim } from '../resource-claim.ts'
import { resourceClaimTemplate } from '../resource-claim-template.ts'

const context = { nowMs: Date.UTC(2026, 0, 1), subresource: '', userName: 'test' }

function decoded(kind: KindDefinition, spec: JsonObject): JsonObject {
  return kind.defaults(applySchemaDefaults(kind.schema, decodeObject(kind.schema, { metadata: { name: 'x', namespace: 'n', labels: { app: 'x' } }, spec }).object))
}
const refused = (kind: KindDefinition, spec: JsonObject): readonly string[] => kind.validateCreate(kind.prepareForCreate(decoded(kind, spec), context), context).map(fieldErrorText)
function refusedChange(kind: KindDefinition, from: JsonObject, to: JsonObject, subresource = ''): readonly string[] {
  const old = kind.prepareForCreate(decoded(kind, from), context)
  const now = { ...context, subresource }
  return kind.validateUpdate(kind.prepareForUpdate(decoded(kind, to), old, now), old, now).map(fieldErrorText)
}

const containers = [{ name: 'c', image: 'i' }]

test('claims of a pod', () => {
  expect(refused(pod, { containers, resourceClaims: [{ name: 'a' }, { name: 'b', resourceClaimName: 'c', resourceClaimTemplateName: 'd' }] })).toEqual([
    'spec.resourceClaims[0]: Invalid value: {"Name":"a","ResourceClaimName":null,"ResourceClaimTemplateName":null}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
    'spec.resourceClaims[1]: Invalid value: {"Name":"b","ResourceClaimName":"c","ResourceClaimTemplateName":"d"}: at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified',
  ])
})

test('where a gated pod may run', () => {
  const on = (...keys: readonly string[]): JsonObject => ({ nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: keys.map((key) => ({ matchExpressions: [{ key, operator: 'Exists' }] })) } } })
  const gated = { containers, schedulingGates: [{ name: 'g' }] }
  const path = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'
  const term = (key: string): string => `{"MatchExpressions":[{"Key":"${key}","Operator":"Exists","Values":null}],"MatchFields":null}`
  expect(refusedChange(pod, { ...gated, affinity: on('a') }, { ...gated, affinity: on('b') })).toEqual([`${path}[0]: Invalid value: ${term('b')}: only additions are allowed (no mutations or deletions)`])
  expect(refusedChange(pod, { ...gated, affinity: on('a') }, { ...gated, affinity: on('a', 'b') })).toEqual([`${path}: Invalid value: [${term('a')},${term('b')}]: no additions/deletions to non-empty NodeSelectorTerms list are allowed`])
})

test('policies of a job', () => {
  const failing = (value: number): JsonObject => ({ rules: [{ action: 'FailJob', onExitCodes: { operator: 'In', values: [value] } }] })
  const spec = { template: { spec: { restartPolicy: 'Never', containers } } }
  expect(refusedChange(job, { ...spec, podFailurePolicy: failing(1) }, { ...spec, podFailurePolicy: failing(2) })).toContain(
    'spec.podFailurePolicy: Invalid value: {"Rules":[{"Action":"FailJob","OnExitCodes":{"ContainerName":null,"Operator":"In","Values":[2]},"OnPodConditions":null}]}: field is immutable',
  )
  expect(refusedChange(job, { ...spec, podFailurePolicy: failing(1) }, spec)).toContain('spec.podFailurePolicy: Invalid value: null: field is immutable')
  const indexed = { ...spec, completionMode: 'Indexed', completions: 2, parallelism: 2 }
  expect(refusedChange(job, { ...indexed, successPolicy: { rules: [{ succeededCount: 1 }] } }, { ...indexed, successPolicy: { rules: [{ succeededIndexes: '0' }] } })).toContain(
    'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":"0","SucceededCount":null}]}: field is immutable',
  )
})

test('what a claim asks for', () => {
  const claim = (deviceClassName: string): JsonObject => ({ devices: { requests: [{ name: 'r', exactly: { deviceClassName } }], config: [{ opaque: { driver: 'd.example.com', parameters: { a: 1 } } }] } })
  expect(refusedChange(resourceClaim, claim('a'), claim('b'))).toEqual([
    'spec: Invalid value: {"Devices":{"Requests":[{"Name":"r","Exactly":{"DeviceClassName":"b","Selectors":null,"AllocationMode":"ExactCount","Count":1,"AdminAccess":null,"Tolerations":null,"Capacity":null},"FirstAvailable":null}],"Constraints":null,"Config":[{"Requests":null,"Opaque":{"Driver":"d.example.com","Parameters":{"a":1}}}]}}: field is immutable',
  ])
})

test('what a volume is made of', () => {
  const volume = (iqn: string): JsonObject => ({ capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], iscsi: { targetPortal: 'h:1', iqn, lun: 0, chapAuthSession: true, secretRef: { name: 's' } } })
  const [refusal] = refusedChange(persistentVolume, volume('iqn.2015-02.example.com:a'), volume('iqn.2015-02.example.com:b'))
  expect(refusal).toContain('-  "IQN": "iqn.2015-02.example.com:b",\n+  "IQN": "iqn.2015-02.example.com:a",\n   "Lun": 0,\n   "ISCSIInterface": "default",\n')
})

test('a container that is there under a name twice is held against the last', () => {
  const before = { containers, ephemeralContainers: [{ name: 'e', image: 'i' }] }
  const after = { containers, ephemeralContainers: [...before.ephemeralContainers, { name: 'e', image: 'j' }] }
  expect(refusedChange(pod, before, after, 'ephemeralcontainers')).toEqual(['spec.ephemeralContainers[1].name: Duplicate value: "e"', expect.stringMatching(/^spec\.ephemeralContainers: Forbidden: existing ephemeral containers "e" may not be changed\n/)])
})

test('maps, in the order of their keys', () => {
  const template = (labels: JsonObject): JsonObject => ({ metadata: { labels }, spec: { containers } })
  const [from, to] = [{ b: '1', a: '2' }, { c: '3', b: '1', a: '2' }]
  for (const kind of [daemonSet, deployment]) {
    const errors = refusedChange(kind, { selector: { matchLabels: from }, template: template(from) }, { selector: { matchLabels: to }, template: template(from) })
    expect(errors).toContain('spec.template.metadata.labels: Invalid value: {"a":"2","b":"1"}: `selector` does not match template `labels`')
    expect(errors).toContain('spec.selector: Invalid value: {"matchLabels":{"a":"2","b":"1","c":"3"}}: field is immutable')
  }
  const manual = (labels: JsonObject): JsonObject => ({ manualSelector: true, selector: { matchLabels: labels }, template: { metadata: { labels: to }, spec: { restartPolicy: 'Never', containers } } })
  expect(refusedChange(job, manual(from), manual(to))).toEqual(['spec.selector: Invalid value: {"matchLabels":{"a":"2","b":"1","c":"3"}}: field is immutable'])
  const gated = { containers, schedulingGates: [{ name: 'g' }] }
  expect(refusedChange(pod, { ...gated, nodeSelector: { b: '1' } }, { ...gated, nodeSelector: { b: '2', a: '3' } })).toEqual(['spec.nodeSelector: Invalid value: {"a":"3","b":"2"}: only additions to spec.nodeSelector are allowed (no mutations or deletions)'])
})

test('what a template says of its objects, its maps too in the order of their keys', () => {
  const template = (deviceClassName: string): JsonObject => ({ metadata: { annotations: { d: '1', c: '2' }, labels: { b: '3', a: '4' } }, spec: { devices: { requests: [{ name: 'r', exactly: { deviceClassName } }] } } })
  expect(refusedChange(resourceClaimTemplate, template('a'), template('b'))).toEqual([expect.stringMatching(/^spec: Invalid value: \{"labels":\{"a":"4","b":"3"\},"annotations":\{"c":"2","d":"1"\},"Spec":\{"Devices":\{"Requests":\[/)])
})
