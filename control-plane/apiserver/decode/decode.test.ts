import { expect, test } from 'vitest'
import { recordedCases } from '../../../test/conformance/recordings.ts'
import { isJsonObject, type Json } from '../../../shared/model/json.ts'
import { schemaOfKind } from '../../../shared/model/schemas/schema.ts'
import { decodeBody, decodeOptions, type FieldValidation } from './decode-body.ts'
import { duplicateKeys } from './duplicate-keys.ts'
import { jsonProblem } from '../../../shared/model/json-problem.ts'
import type { ExpectedKind } from './kinds.ts'
import { readYaml } from './yaml.ts'

const kinds: Readonly<Record<string, string>> = { configmaps: 'ConfigMap', secrets: 'Secret', pods: 'Pod', services: 'Service', deployments: 'Deployment', jobs: 'Job', events: 'Event', nodes: 'Node', horizontalpodautoscalers: 'HorizontalPodAutoscaler', serviceaccounts: 'ServiceAccount', podtemplates: 'PodTemplate', roles: 'Role', leases: 'Lease', ingresses: 'Ingress', replicasets: 'ReplicaSet' }
const PATH = /^(?:POST|PUT) \/(?:api|apis\/([^/]+))\/([^/]+)\/(?:namespaces\/[^/]+\/)?(\w+)(?:\/[\w.-]+)?(?:\?(.*))?$/

function expectedAt(path: string): { readonly expected: ExpectedKind; readonly validation: FieldValidation } | undefined {
  const match = PATH.exec(path)
  const [, group = '', version = '', plural = '', query = ''] = match ?? []
  const kind = kinds[plural]
  const schema = kind && schemaOfKind(group === '' ? version : `${group}/${version}`, kind)
  if (!match || !kind || !schema) return undefined
  const validation = new URLSearchParams(query).get('fieldValidation')
  return { expected: { group, version, kind, schema }, validation: validation === 'Strict' || validation === 'Ignore' ? validation : 'Warn' }
}

const messageOf = (body: Json | undefined): string => (isJsonObject(body) && typeof body['message'] === 'string' ? body['message'] : '')
const ABOUT_THE_BODY = /cannot be handled as|is unrecognized|API version in the data|unknown format|too large: limit/

const steps = recordedCases().flatMap((one) =>
  one.steps.flatMap((step) => {
    const at = expectedAt(step.do ?? '')
    const text = step.raw ?? (step.body === undefined ? '' : JSON.stringify(step.body))
    if (!at || !step.answer || /\{\{|\$/.test(text) || text.includes('<any>') || /time>/.test(messageOf(step.answer.body))) return []
    return [[one.case, { ...at, body: { bytes: new TextEncoder().encode(text), contentType: step.type }, answer: step.answer }] as const]
  }),
)

test.each(steps)('%s: the same answer to the body', (_name, { expected, validation, body, answer }) => {
  const decoded = decodeBody(body, expected, { validation })
  const message = messageOf(answer.body)
  if (ABOUT_THE_BODY.test(message)) expect(decoded).toMatchObject({ kind: 'refused', code: answer.status, message })
  else if (answer.status !== 405) expect(decoded.kind).toBe('decoded')
  const ours = (decoded.warnings ?? []).map((warning) => `299 - ${JSON.stringify(warning)}`)
  const theirs = (answer.warnings ?? '').split(/, (?=299 - )/).filter((warning) => /unknown field|duplicate field|already set in map/.test(warning))
  if (answer.status < 400) expect(ours).toEqual(theirs)
})

test.each([
  ['', 'unexpected end of JSON input'],
  ['{"a":1', 'unexpected end of JSON input'],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1 "b"}', `invalid character '"' after object key:value pair`],
  ['[1 2]', "invalid character '2' after array element"],
  ['[1,]', "invalid character ']' looking for beginning of value"],
  ['{a:1}', "invalid character 'a' looking for beginning of object key string"],
  ['nope', "invalid character 'o' in literal null (expecting 'u')"],
  ['"\\x"', "invalid character 'x' in string escape code"],
  ['"a\nb"', "invalid character '\\n' in string literal"],
  ['-x', "invalid character 'x' in numeric literal"],
  ['1.x', "invalid character 'x' after decimal point in numeric literal"],
  ['{} x', "invalid character 'x' after top-level value"],
])('Go says of %s: %s', (text, problem) => {
  expect(jsonProblem(text)).toBe(problem)
})

test('keys that stand twice are found with their paths', () => {
  const text = String.raw`{"a":{"b":1,"c\"":[{"x":1,"x":2},{"x":"}{\"x\":"}],"b":2},"l":[[1,{"y":1,"y":2}]],"a":3}`
  expect(duplicateKeys(text).map((one) => one.path)).toEqual([String.raw`a.c"[0].x`, 'a.b', 'l[0][1].y', 'a'])
})

test('YAML is version 1.1, and of several documents the first counts', () => {
  const read = readYaml('on: y\ntime: 12:30:45\nday: 2001-12-14\noctal: 0777\nexp: 1e3\nsigned: 1e+3\nempty:\nbase: &b {x: 1}\nmerged: {<<: *b, z: 2}\n---\nother: 1\n')
  expect(read).toEqual({ kind: 'value', duplicates: [], value: { true: true, time: '12:30:45', day: '2001-12-14', octal: 511, exp: '1e3', signed: 1000, empty: null, base: { x: 1 }, merged: { x: 1, z: 2 } } })
})

test('options may be of any version and hold unknown fields', () => {
  const expected: ExpectedKind = { group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions', schema: 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions' }
  const options = (text: string): unknown => decodeOptions({ bytes: new TextEncoder().encode(text), contentType: undefined }, expected)
  expect(options('{"kind":"DeleteOptions","apiVersion":"v9","cascade":true,"gracePeriodSeconds":0}')).toMatchObject({ kind: 'decoded', object: { gracePeriodSeconds: 0 } })
  expect(options('{"kind":"Pod","apiVersion":"v1"}')).toMatchObject({ code: 400, message: 'no kind "Pod" is registered for version "v1" in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"' })
  expect(options('{"kind":')).toMatchObject({ code: 400, message: "couldn't get version/kind; json parse error: unexpected end of JSON input" })
  expect(options('')).toMatchObject({ kind: 'decoded', object: {} })
})

test('objects of a key that stands twice become one, as Go reads them; of anything else the last is taken', () => {
  const text = '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","labels":{"x":"1"},"name":"b","labels":{"y":"2","y":"3"}},"data":{"a":"1"},"data":{"b":"2"},"data":{"a":"3"}}'
  const read = (validation: FieldValidation): unknown => decodeBody({ bytes: new TextEncoder().encode(text), contentType: 'application/json' }, { group: '', version: 'v1', kind: 'ConfigMap', schema: 'io.k8s.api.core.v1.ConfigMap' }, { validation })
  expect(read('Warn')).toMatchObject({
    kind: 'decoded',
    object: { metadata: { name: 'b', labels: { x: '1', y: '3' } }, data: { a: '3', b: '2' } },
    warnings: ['metadata.name', 'metadata.labels', 'metadata.labels.y', 'data', 'data'].map((path) => `duplicate field "${path}"`),
  })
})
