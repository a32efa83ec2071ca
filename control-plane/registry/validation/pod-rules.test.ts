/** Rules of new pods by what is said against those that break them, in the words and the order of Kubernetes. */
import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { Container, ObjectMeta, Pod, PodSpec } from '../../../shared/model/gen/api.ts'
import { defaultPod } from '../defaults/pod.ts'
import { prepareNewPod } from '../updates/pod.ts'
import { validateNewPod, validatePodChange } from './pod.ts'
import { validatePodTemplate } from './pod-template.ts'

const context = { nowMs: 0, subresource: '', userName: '' }
const main: Container = { name: 'main', image: 'i' }
const pod = (spec: Partial<PodSpec>, meta: Partial<ObjectMeta> = {}): Pod => defaultPod({ metadata: { name: 'p', namespace: 'x', ...meta }, spec: { containers: [main], ...spec } })
const refused = (spec: Partial<PodSpec>, meta: Partial<ObjectMeta> = {}): readonly string[] => validateNewPod(prepareNewPod(pod(spec, meta), context)).map(fieldErrorText)
const annotated = (annotations: Readonly<Record<string, string>>, spec: Partial<PodSpec> = {}): readonly string[] => refused(spec, { annotations })

const COST = 'controller.kubernetes.io/pod-deletion-cost'
const SECCOMP = 'seccomp.security.alpha.kubernetes.io/pod'
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/'

test.each(['+10', '008', '', '2147483648', '1.5'])('a deletion cost is no %j', (cost) => {
  expect(annotated({ [COST]: cost })).toEqual([`metadata.annotations[${COST}]: Invalid value: ${JSON.stringify(cost)}: must be a 32bit integer`])
})

test.each(['0', '-0', '-008', '2147483647', '-2147483648'])('a deletion cost may be %s', (cost) => expect(annotated({ [COST]: cost })).toEqual([]))

test('tolerations in the old annotation must be right', () => {
  const key = 'scheduler.alpha.kubernetes.io/tolerations'
  const said = (text: string): readonly string[] => annotated({ [key]: text })
  expect(said('')).toEqual([])
  expect(said('[{"KEY":"a","Operator":"Exists"}, null]')).toEqual([`metadata.annotations.${key}[1].operator: Invalid value: "": operator must be Exists when \`key\` is empty, which means "match all values and all keys"`])
  expect(said('{}')).toEqual([`metadata.annotations: Invalid value: "${key}": json: cannot unmarshal object into Go value of type []core.Toleration`])
  expect(said('[{"key":1}]')).toEqual([`metadata.annotations: Invalid value: "${key}": json: cannot unmarshal number into Go struct field Toleration.Key of type string`])
  expect(said('[{"tolerationSeconds":1.5}]')).toEqual([`metadata.annotations: Invalid value: "${key}": json: cannot unmarshal number 1.5 into Go struct field Toleration.TolerationSeconds of type int64`])
  expect(said('mine')).toEqual([`metadata.annotations: Invalid value: "${key}": invalid character 'm' looking for beginning of value`])
})

test('old annotations of profiles must be right, and say what the field says', () => {
  expect(annotated({ [SECCOMP]: 'mine', [`container.${SECCOMP.replace('/pod', '/main')}`]: 'localhost//a/../b' })).toEqual([
    `metadata.annotations.${SECCOMP}: Invalid value: "mine": must be a valid seccomp profile`,
    'metadata.annotations.container.seccomp.security.alpha.kubernetes.io/main: Invalid value: "/a/../b": must be a relative path',
    "metadata.annotations.container.seccomp.security.alpha.kubernetes.io/main: Invalid value: \"/a/../b\": must not contain '..'",
  ])
  const profile = (seccompProfile: object): Partial<PodSpec> => ({ securityContext: { seccompProfile } }) as Partial<PodSpec>
  expect(annotated({ [SECCOMP]: 'docker/default' }, profile({ type: 'RuntimeDefault' }))).toEqual([])
  expect(annotated({ [SECCOMP]: 'unconfined' }, profile({ type: 'RuntimeDefault' }))).toEqual(['spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match'])
  expect(annotated({ [SECCOMP]: 'localhost/a' }, profile({ type: 'Localhost', localhostProfile: 'b' }))).toEqual(['spec.securityContext.seccompProfile.localhostProfile: Forbidden: seccomp profile in annotation and field must match'])
})

test('an AppArmor annotation is wrong in two ways at once, and may disagree with the field of the pod', () => {
  expect(annotated({ [`${APP_ARMOR}ghost`]: 'mine' })).toEqual([
    `metadata.annotations[${APP_ARMOR}ghost]: Invalid value: "ghost": container not found`,
    `metadata.annotations[${APP_ARMOR}ghost]: Invalid value: "mine": invalid AppArmor profile name: "mine"`,
  ])
  const spec: Partial<PodSpec> = { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } }
  expect(annotated({ [`${APP_ARMOR}main`]: '' }, spec)).toEqual(['spec.containers[0].securityContext.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match'])
  const template = validatePodTemplate({ ...pod(spec), metadata: { annotations: { [`${APP_ARMOR}main`]: 'unconfined' } } }, 'template').map(({ field }) => field)
  expect(template).toEqual(['template.spec.containers[0].securityContext.appArmorProfile.type'])
})

test('annotations are looked at twice when a pod changes, and also when its status does', () => {
  const old = pod({})
  const changed = pod({}, { annotations: { [COST]: 'x' } })
  const count = (subresource: string): number => validatePodChange(changed, old, { ...context, subresource }).length
  expect([count(''), count('status'), count('ephemeralcontainers')]).toEqual([2, 1, 2])
})

test('annotations that no rule was for when they were written hold up neither the status nor the other fields of a pod', () => {
  const old = pod({}, { annotations: { [SECCOMP]: 'mine' } })
  const change = (now: Pod, subresource: string): readonly string[] => validatePodChange(now, old, { ...context, subresource }).map(({ field }) => field)
  const labelled = { ...old, spec: structuredClone(old.spec) as PodSpec, metadata: { ...old.metadata, annotations: { [SECCOMP]: 'mine' }, labels: { a: 'b' } } }
  for (const subresource of ['', 'status', 'ephemeralcontainers', 'resize']) expect(change(labelled, subresource)).toEqual([])
  expect(change({ ...old, metadata: { ...old.metadata, annotations: { [SECCOMP]: 'other' } } }, 'status')).toEqual([`metadata.annotations.${SECCOMP}`])
})

test('a static pod gets no containers to look around, whatever else is wrong', () => {
  const old = pod({ nodeName: 'n' }, { annotations: { 'kubernetes.io/config.mirror': 'x' } })
  const told = (subresource: string): readonly string[] => validatePodChange({ ...old, spec: { containers: [] } }, old, { ...context, subresource }).map(fieldErrorText)
  expect(told('ephemeralcontainers')).toEqual(['[]: Forbidden: static pods do not support ephemeral containers'])
  expect(told('resize')).toEqual(['[]: Forbidden: static pods cannot be resized'])
})

const claims = (...asked: ReadonlyArray<{ readonly name: string; readonly request?: string }>): Partial<PodSpec> => ({ containers: [{ ...main, resources: { claims: asked } }] })

test('a claim is asked for once, as a whole or by its requests', () => {
  const resourceClaims = [{ name: 'b', resourceClaimName: 'x' }, { name: 'a', resourceClaimName: 'y' }]
  const at = 'spec.containers[0].resources.claims'
  expect(refused({ resourceClaims, ...claims({ name: 'a', request: 'r' }, { name: 'a', request: 's' }, { name: 'b' }) })).toEqual([])
  expect(refused({ resourceClaims, ...claims({ name: 'a', request: 'r' }, { name: 'a', request: 'r' }, { name: 'a' }) })).toEqual([`${at}[1]: Duplicate value: "a/r"`, `${at}[2]: Duplicate value: "a"`])
  expect(refused({ resourceClaims, ...claims({ name: 'a' }, { name: 'a', request: 'No' }) })).toEqual([`${at}[1]: Duplicate value: "a"`])
  expect(refused({ resourceClaims, ...claims({ name: 'a', request: 'No' }) })[0]).toContain(`${at}[0].request: Invalid value: "No": a lowercase RFC 1123 label`)
  expect(refused({ resourceClaims, ...claims({ name: 'c' }) })).toEqual([`${at}[0]: Not found: "c": must be one of the names in pod.spec.resourceClaims: a, b`])
  expect(refused(claims({ name: 'c' }))).toEqual([`${at}[0]: Not found: "c": must be one of the names in pod.spec.resourceClaims which is empty`])
})

test('huge pages come whole, and of a size', () => {
  const asking = (name: string, amount: string): readonly string[] => refused({ containers: [{ ...main, resources: { limits: { cpu: '1', [name]: amount }, requests: { cpu: '1', [name]: amount } } }] })
  expect(asking('hugepages-2Mi', '4Mi')).toEqual([])
  expect(asking('hugepages-2Mi', '3Mi')[0]).toBe('spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi')
  expect(asking('hugepages-big', '4Mi')[0]).toBe('spec.containers[0].resources.limits[hugepages-big]: Invalid value: "4Mi": 4Mi is not positive integer multiple of hugepages-big')
})

test('a pod as a whole asks for what its containers ask', () => {
  const of = (resources: PodSpec['resources'], limits: Readonly<Record<string, string>>): readonly string[] => refused({ resources, containers: [{ ...main, resources: { limits } }] })
  expect(of({ claims: [{ name: 'a' }], limits: { cpu: '1', foo: '1', storage: '1' } }, { cpu: '2' })).toEqual([
    'spec.resources.claims: Forbidden: claims cannot be set for Resources at pod-level',
    'spec.resources.limits[foo]: Invalid value: "foo": must be a standard resource type or fully qualified',
    'spec.resources.limits[storage]: Unsupported value: "storage": supported values: "cpu", "hugepages-", "memory"',
    'spec.resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    'spec.resources.claims[0]: Not found: "a": must be one of the names in pod.spec.resourceClaims which is empty',
    'spec.resources.containers[0][cpu].limits: Invalid value: "2": must be less than or equal to pod limits of 1',
  ])
  expect(of({ limits: { cpu: '1', 'hugepages-2Mi': '2Mi' } }, { cpu: '1', 'hugepages-2Mi': '4Mi' })).toContain('spec.resources.limits[hugepages-2Mi]: Invalid value: "2Mi": must be greater than or equal to aggregate container limits of 4Mi')
})

test('label keys want a selector that does not speak of them itself', () => {
  const labels = { app: 'x' }
  const spread = (constraint: object): readonly string[] => refused({ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'no label', whenUnsatisfiable: 'DoNotSchedule', ...constraint }] }, { labels })
  expect(spread({ matchLabelKeys: ['app'], labelSelector: {} })).toEqual([])
  expect(spread({ matchLabelKeys: ['a b'] })).toEqual(['spec.topologySpreadConstraints[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set'])
  expect(spread({ matchLabelKeys: ['other', 'app'], labelSelector: { matchLabels: labels } })).toEqual(['spec.topologySpreadConstraints[0][1]: Invalid value: "app": exists in both matchLabelKeys and labelSelector'])
})

test('what Windows does not know is forbidden for its pods, an empty list of groups included', () => {
  const forbidden = refused({ os: { name: 'windows' }, securityContext: { seLinuxChangePolicy: 'Recursive', supplementalGroups: [], sysctls: [] } })
  expect(forbidden).toEqual(['supplementalGroups', 'seLinuxChangePolicy'].map((name) => `spec.securityContext.${name}: Forbidden: cannot be set for a windows pod`))
})

test('users of its own go with no block device', () => {
  const spec: Partial<PodSpec> = { hostUsers: false, volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }], containers: [{ ...main, volumeDevices: [{ name: 'v', devicePath: '/dev/x' }] }] }
  expect(refused(spec)).toEqual(['spec.containers[0].volumeDevices: Forbidden: when `hostUsers` is false'])
})

test('an init container may say what a resize means for it', () => {
  expect(refused({ initContainers: [{ name: 'i', image: 'i', resizePolicy: [{ resourceName: 'cpu', restartPolicy: 'NotRequired' }] }] })).toEqual([])
})

test('a volume of an image may be filled in later in a template, not in a pod', () => {
  const volumes = [{ name: 'v', image: {} }]
  expect(refused({ volumes })).toEqual(['spec.volumes[0].image.reference: Required value'])
  expect(validatePodTemplate(pod({ volumes }), 'template')).toEqual([])
})

test('two tokens may go by one path, and nothing goes by two dots', () => {
  const projected = (sources: readonly object[]): readonly string[] => refused({ serviceAccountName: 'a', volumes: [{ name: 'v', projected: { sources: sources as never } }] })
  const token = { serviceAccountToken: { path: 'a', expirationSeconds: 600 } }
  expect(projected([token, token])).toEqual([])
  const at = 'spec.volumes[0].projected.sources[0].secret.items[0].path: Invalid value: ".."'
  expect(projected([{ secret: { name: 's', items: [{ key: 'k', path: '..' }] } }])).toEqual([`${at}: must not contain '..'`, `${at}: must not start with '..'`])
})

test('of a gated pod nothing is left out that was required of its nodes', () => {
  const gated = pod({ schedulingGates: [{ name: 'g' }], affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'Exists' }] }] } } } })
  const { affinity: _, ...free } = gated.spec ?? { containers: [] }
  const field = 'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms'
  expect(validatePodChange({ ...gated, spec: free }, gated, context).map(fieldErrorText)).toEqual([`${field}: Invalid value: null: no additions/deletions to non-empty NodeSelectorTerms list are allowed`])
})

test('a grace period below zero is a second, from the first look at it', () => {
  expect(pod({ terminationGracePeriodSeconds: -5 }).spec?.terminationGracePeriodSeconds).toBe(1)
})

test('a pod as a whole is limited to the pages that its containers have together', () => {
  const two = ['a', 'b'].map((name) => ({ ...main, name, resources: { limits: { 'hugepages-2Mi': '2Mi', memory: '1Gi' } } }))
  expect(pod({ resources: { requests: { cpu: '1' } }, containers: two }).spec?.resources).toEqual({ limits: { 'hugepages-2Mi': '4Mi' }, requests: { cpu: '1', memory: '2Gi', 'hugepages-2Mi': '4Mi' } })
  expect(pod({ resources: {}, containers: two }).spec?.resources).toEqual({})
})

test('a class of how to run is not nameless', () => {
  expect(refused({ runtimeClassName: '' })).toEqual([expect.stringMatching(/^spec\.runtimeClassName: Invalid value: "": a lowercase RFC 1123 subdomain/)])
})
