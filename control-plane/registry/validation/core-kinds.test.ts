/** Kinds of the core group: paths, values and order of what is refused, in Kubernetes' words. */
import { expect, test } from 'vitest'
import { type FieldError, fieldErrorText } from '../../../shared/model/field-error.ts'
import type { Node, PersistentVolume } from '../../../shared/model/gen/api.ts'
import type { StrategyContext } from '../kind.ts'
import { validateNewEndpoints } from './endpoints.ts'
import { validateEventsEventChange } from './events-event.ts'
import { validateNamespaceChange, validateNewNamespace } from './namespace.ts'
import { validateNewNode, validateNodeChange } from './node.ts'
import { validateClaimChange } from './persistent-volume-claim.ts'
import { validatePersistentVolumeChange } from './persistent-volume.ts'
import { validateNewResourceQuota } from './resource-quota.ts'
import { validateNewSecret } from './secret.ts'

const texts = (errors: readonly FieldError[]): readonly string[] => errors.map(fieldErrorText)
const user = { name: 'a', uid: '', groups: [], extra: {} }
const change = (subresource: StrategyContext['subresource']): StrategyContext => ({ nowMs: 0, subresource, userName: 'a', user })

test('an address of endpoints is judged by its form and by its meaning', () => {
  const refused = validateNewEndpoints({ metadata: {}, subsets: [{ addresses: [{ ip: 'nope' }, { ip: '127.0.0.1', hostname: '-' }] }] })
  expect(refused.map(({ field, message }) => [field, message.slice(0, 64)])).toEqual([
    ['subsets[0].addresses[0].ip', 'Invalid value: "nope": must be a valid IP address, (e.g. 10.9.8.'],
    ['subsets[0].addresses[0].ip', 'Invalid value: "nope": must be a valid IP address'],
    ['subsets[0].addresses[1].hostname', 'Invalid value: "-": a lowercase RFC 1123 label must consist of l'],
    ['subsets[0].addresses[1].ip', 'Invalid value: "127.0.0.1": may not be in the loopback range (12'],
  ])
})

test('finalizers of a namespace have numbers only where they are replaced', () => {
  const namespace = { metadata: {}, spec: { finalizers: ['kubernetes', 'alone'] } }
  const why = 'Invalid value: "alone": name is neither a standard finalizer name nor is it fully qualified'
  expect(texts(validateNewNamespace(namespace))).toEqual([`spec.finalizers: ${why}`])
  expect(texts(validateNamespaceChange(namespace, namespace, change('finalize')))).toEqual([`spec.finalizers[1]: ${why}`])
})

test('what a selector of scopes cannot count is told with the whole selector, and what conflicts with the list of scopes', () => {
  const matchExpressions = [
    { scopeName: 'BestEffort', operator: 'Exists' },
    { scopeName: 'NotBestEffort', operator: 'Exists' },
    { scopeName: 'PriorityClass', operator: 'In', values: ['not a label!'] },
  ]
  const path = 'spec.scopeSelector.matchExpressions'
  expect(texts(validateNewResourceQuota({ metadata: {}, spec: { hard: { 'limits.cpu': '1' }, scopeSelector: { matchExpressions } } }))).toEqual([
    `${path}: Invalid value: {"MatchExpressions":[{"ScopeName":"BestEffort","Operator":"Exists","Values":null},{"ScopeName":"NotBestEffort","Operator":"Exists","Values":null},{"ScopeName":"PriorityClass","Operator":"In","Values":["not a label!"]}]}: unsupported scope applied to resource`,
    `${path}: Invalid value: null: conflicting scopes`,
  ])
})

test('a claim that is not bound may choose another class of attributes; its resources have names as any', () => {
  const claim = { metadata: {}, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }, status: { phase: 'Pending' } }
  expect(validateClaimChange({ ...claim, spec: { ...claim.spec, volumeAttributesClassName: 'gold' } }, claim, change(''))).toEqual([])
  const refused = validateClaimChange({ ...claim, status: { allocatedResources: { storage: '1500m', 'a b': '1', 'x.kubernetes.io/y': '1', 'example.com/x': '1' } } }, claim, change('status'))
  expect(refused.map(({ field, message }) => [field, message.slice(0, 40)])).toEqual([
    ['status.allocatedResources', 'Invalid value: "a b": name part must con'],
    ['status.allocatedResources', 'Unsupported value: "x.kubernetes.io/y": '],
  ])
})

test('what an event says no more is told as the empty value of its kind, after what is wrong with its series', () => {
  const event = { metadata: { name: 'e', namespace: 'x' }, eventTime: '2026-01-02T03:04:05.000000Z', reportingController: 'c', reportingInstance: 'i', action: 'A', reason: 'R', regarding: { namespace: 'x' }, note: 'n', type: 'Normal' }
  const { note: _note, type: _type, ...rest } = event
  expect(texts(validateEventsEventChange({ ...rest, deprecatedSource: { component: 's' }, deprecatedCount: 3, series: { count: 1, lastObservedTime: '2026-01-02T03:04:05.000000Z' } }, event))).toEqual([
    'series.count: Invalid value: "": should be at least 2',
    'message: Invalid value: "": field is immutable',
    'source: Invalid value: {"Component":"s","Host":""}: field is immutable',
    'count: Invalid value: 3: field is immutable',
    'type: Invalid value: "": field is immutable',
  ])
})

test.each([
  ['not json', "invalid character 'o' in literal null (expecting 'u')"],
  ['{"auths":{}}}', "invalid character '}' after top-level value"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1,}', "invalid character '}' looking for beginning of object key string"],
  ['{', 'unexpected end of JSON input'],
  ['true', 'json: cannot unmarshal bool into Go value of type map[string]interface {}'],
])('a login that is no JSON object is refused in the words of its decoder: %s', (text, problem) => {
  const data = { '.dockercfg': Buffer.from(text).toString('base64') }
  expect(texts(validateNewSecret({ metadata: {}, type: 'kubernetes.io/dockercfg', data }))).toEqual([`data[.dockercfg]: Invalid value: "<secret contents redacted>": ${problem}`])
})

test.each([
  ['scheduler.alpha.kubernetes.io/taints', 'nope', `metadata.annotations: Invalid value: "scheduler.alpha.kubernetes.io/taints": invalid character 'o' in literal null (expecting 'u')`],
  ['scheduler.alpha.kubernetes.io/taints', '{}', 'metadata.annotations: Invalid value: "scheduler.alpha.kubernetes.io/taints": json: cannot unmarshal object into Go value of type []core.Taint'],
  ['scheduler.alpha.kubernetes.io/taints', '[{"key":"a"}, 5]', 'metadata.annotations.scheduler.alpha.kubernetes.io/taints[0].effect: Required value'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', '[]', 'metadata.annotations.AvoidPods: Invalid value: "scheduler.alpha.kubernetes.io/preferAvoidPods": json: cannot unmarshal array into Go value of type v1.AvoidPods'],
  ['scheduler.alpha.kubernetes.io/preferAvoidPods', '{"preferAvoidPods":[{}]}', 'metadata.annotations.scheduler.alpha.kubernetes.io/preferAvoidPods[0].PodSignature: Required value'],
])('an annotation of a node that says more than text: %s=%s', (key, value, text) => {
  expect(texts(validateNewNode({ metadata: { annotations: { [key]: value } } }))).toEqual([text])
})

test('an annotation that no rule was for when it was written does not keep a node from telling of itself', () => {
  const node = (taints: string): Node => ({ metadata: { name: 'n', annotations: { 'scheduler.alpha.kubernetes.io/taints': taints } } })
  const change = (now: Node, subresource: string): readonly string[] => validateNodeChange(now, node('nope'), { nowMs: 0, userName: '', subresource }).map(({ field }) => field)
  expect([...change(node('nope'), ''), ...change(node('nope'), 'status')]).toEqual([])
  expect(change(node('none'), 'status')).toEqual(['metadata.annotations'])
})

test('the place of a volume may be told by the new names of labels, and by nothing else', () => {
  const at = (key: string): PersistentVolume => ({
    metadata: {},
    spec: {
      capacity: { storage: '1Gi' },
      accessModes: ['ReadWriteOnce'],
      csi: { driver: 'd.example.com', volumeHandle: 'h' },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values: ['a'] }] }] } },
    },
  })
  const [old, general] = ['failure-domain.beta.kubernetes.io/zone', 'topology.kubernetes.io/zone']
  expect(validatePersistentVolumeChange(at(general), at(old), change(''))).toEqual([])
  expect(validatePersistentVolumeChange(at(old), at(general), change(''))).toMatchObject([{ field: 'nodeAffinity' }])
  expect(validatePersistentVolumeChange(at('topology.kubernetes.io/region'), at(old), change(''))).toMatchObject([{ field: 'nodeAffinity' }])
})
