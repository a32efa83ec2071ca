import { expect, test } from 'vitest'
import type { PodTemplateSpec } from './gen/api.ts'
import { fieldsOf } from './go-values/layouts.ts'
import { goTyped } from './go-values/print.ts'
import { findSchema } from './schemas/schema.ts'
import { templateHash } from './template-hash.ts'

const container = { name: 'app', image: 'busybox:1.35', resources: {}, terminationMessagePath: '/dev/termination-log', terminationMessagePolicy: 'File', imagePullPolicy: 'IfNotPresent' }
const template: PodTemplateSpec = {
  metadata: { labels: { app: 'web' } },
  spec: { containers: [container], restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst', securityContext: {}, schedulerName: 'none' },
}

test('a template has the hash that Kubernetes 1.36 gave it', () => {
  expect(templateHash(template)).toBe('6dd94f5d9c')
})

test('what is absent, empty or null is the same; what is said is not', () => {
  const spelled = { metadata: { ...template.metadata, annotations: {}, creationTimestamp: null }, spec: { ...template.spec, volumes: [], hostNetwork: false, nodeSelector: {} } } as unknown as PodTemplateSpec
  expect(templateHash(spelled)).toBe(templateHash(template))
  expect(templateHash({ ...template, metadata: { labels: { app: 'web', a: 'b' } } })).not.toBe(templateHash(template))
})

test('a collision gives another hash, also the one that was counted as none', () => {
  expect(new Set([undefined, 0, 1, 256].map((count) => templateHash(template, count))).size).toBe(4)
})

test.each([
  ['*int64', undefined, '(*int64)<nil>'],
  ['*bool', false, '(*bool)false'],
  ['[]string', ['a', 'b'], '([]string)[a b]'],
  ['map[string]string', { b: '2', a: '1' }, '(map[string]string)map[a:1 b:2]'],
  ['intstr.IntOrString', 80, '(intstr.IntOrString){Type:(intstr.Type)0 IntVal:(int32)80 StrVal:(string)}'],
  ['intstr.IntOrString', 'http', '(intstr.IntOrString){Type:(intstr.Type)1 IntVal:(int32)0 StrVal:(string)http}'],
  ['resource.Quantity', '100m', '(resource.Quantity){i:(resource.int64Amount){value:(int64)100 scale:(resource.Scale)-3} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)100m Format:(resource.Format)DecimalSI}'],
  ['resource.Quantity', '1Gi', '(resource.Quantity){i:(resource.int64Amount){value:(int64)1073741824 scale:(resource.Scale)0} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)1Gi Format:(resource.Format)BinarySI}'],
  ['resource.Quantity', '0', '(resource.Quantity){i:(resource.int64Amount){value:(int64)0 scale:(resource.Scale)0} d:(resource.infDecAmount){Dec:(*inf.Dec)<nil>} s:(string)0 Format:(resource.Format)}'],
  ['v1.EnvVar', { name: 'A', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }, '(v1.EnvVar){Name:(string)A Value:(string) ValueFrom:(*v1.EnvVarSource){FieldRef:(*v1.ObjectFieldSelector)<nil> ResourceFieldRef:(*v1.ResourceFieldSelector)<nil> ConfigMapKeyRef:(*v1.ConfigMapKeySelector)<nil> SecretKeyRef:(*v1.SecretKeySelector){LocalObjectReference:(v1.LocalObjectReference){Name:(string)s} Key:(string)k Optional:(*bool)<nil>} FileKeyRef:(*v1.FileKeySelector)<nil>}}'],
])('%s %j is printed as Go does', (type, value, printed) => {
  expect(goTyped(type, value)).toBe(printed)
})

/** The names in JSON of a struct's fields, those of structs among them included. */
const namesOf = (type: string): readonly string[] => (fieldsOf(type) ?? []).flatMap(({ json, type: own }) => (json === undefined ? namesOf(own) : [json]))

/** Structs of other packages, and lists that no template has. */
const elsewhere: ReadonlySet<string> = new Set(['ObjectMeta', 'OwnerReference', 'LabelSelector', 'LabelSelectorRequirement'])

test('every field of the API is printed, and no other', () => {
  const seen = new Set<string>()
  const visit = (type: string): void => {
    const bare = type.replace(/^(\*|\[\])/, '')
    if (seen.has(bare) || !fieldsOf(bare)) return
    seen.add(bare)
    const short = bare.slice('v1.'.length)
    const schema = findSchema(elsewhere.has(short) ? `io.k8s.apimachinery.pkg.apis.meta.v1.${short}` : `io.k8s.api.core.v1.${short}`)
    if (schema) expect([short, namesOf(bare).toSorted()]).toEqual([short, Object.keys(schema.properties ?? {}).toSorted()])
    for (const field of fieldsOf(bare) ?? []) visit(field.type)
  }
  visit('v1.PodTemplateSpec')
  expect(seen.size).toBeGreaterThan(90)
})
