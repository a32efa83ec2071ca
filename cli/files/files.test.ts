import { expect, test } from 'vitest'
import { yamlText } from '../../shared/model/yaml-text.ts'
import { StatusProblem } from '../cluster/status-problem.ts'
import { compactJson } from '../print/json.ts'
import { manifestsIn, type Manifest } from './manifests.ts'
import { parseField, problemsIn, withPlaces } from './validate.ts'
import { pathText } from './check.ts'

const read = (text: string): readonly Manifest[] => manifestsIn([{ name: 'a.yaml', text }])
const mistakes = (text: string): readonly string[] => read(text).flatMap(problemsIn).map(({ position, message }) => `${position.line}:${position.column} ${message}`)
const refusal = (text: string): string => {
  try {
    read(text)
  } catch (error) {
    return (error as Error).message
  }
  return 'nothing'
}

test('several documents, empty ones left out, lists taken apart', () => {
  expect(read('---\n# nothing\n---\napiVersion: v1\nkind: Pod\n---\napiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: A}\n- {apiVersion: v1, kind: B}\n').map(({ object, path }) => `${object.kind} ${pathText(path)}`)).toEqual(['Pod ', 'A items[0]', 'B items[1]'])
  expect(read('{"apiVersion": "v1", "kind": "Pod"}')).toHaveLength(1)
})

test('whole numbers keep their digits', () => {
  const [manifest] = read('apiVersion: v1\nkind: X\na: 9007199254740993\nb: [-9_223_372_036_854_775_808, 0x7fffffffffffffff]\nc: 9223372036854775808\nd: "9007199254740993"\n')
  expect(manifest?.object).toMatchObject({ a: 9007199254740993n, b: [-9223372036854775808n, 9223372036854775807n], c: 2 ** 63, d: '9007199254740993' })
  expect(compactJson(manifest?.object)).toBe('{"a":9007199254740993,"apiVersion":"v1","b":[-9223372036854775808,9223372036854775807],"c":9223372036854776000,"d":"9007199254740993","kind":"X"}')
  expect(yamlText(manifest?.object)).toContain('a: 9007199254740993\n')
  expect(read('{"apiVersion": "v1", "kind": "X", "a": 9007199254740993}')[0]?.object).toMatchObject({ a: 9007199254740993n })
  expect(mistakes('apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {terminationGracePeriodSeconds: 9007199254740993, containers: []}\n')).toEqual([])
  expect(mistakes('apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {priority: 9007199254740993, containers: []}\n')).toEqual(['4:18 spec.priority must be a whole number, not the number 9007199254740993 (quotes make it a text)'])
})

test('YAML 1.1 as Kubernetes reads it', () => {
  expect(read('apiVersion: v1\nkind: X\na: yes\nb: 0o17\nc: 2020-01-01\nd: 1e3\ne: 12:30\n')[0]?.object).toMatchObject({ a: true, c: '2020-01-01', d: '1e3', e: '12:30' })
})

test.each([
  ['a: 1\n b: 2\n', /^a\.yaml:/],
  ['apiVersion: v1\nmetadata:\n  labels:\n app: y\n', /^a\.yaml:4:2: .*must begin in the same column/],
  ['kind: Pod\n\tx: 1\n', /^a\.yaml:\d+:\d+: .*tab/i],
  ['a: "x\n', /^a\.yaml:.*quote/],
  ['apiVersion: v1\nkind: A\nkind: B\n', /^a\.yaml:3:1: this key is in the mapping twice/],
  ['kind: Pod\n', /^a\.yaml:1:1: apiVersion not set/],
  ['- a\n', /^a\.yaml:1:1: an object must be a mapping/],
  ['apiVersion: v1\nkind: Pod\nmetadata: x\n', /^a\.yaml:3:1: metadata must be a mapping/],
])('%j is refused with its place', (text, expected) => {
  expect(refusal(text)).toMatch(expected)
  expect(refusal(text)).toMatch(/Nothing was changed\.$/)
})

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: x
  labels: {a: 1}
spec:
  replicas: three
  strategi: {}
  template:
    spec:
      containers:
      - name: c
        imag: x
        ports:
        - containerPort: "80"
        resources: {limits: {cpu: lots}}
      hostNetwork: "true"
`

test('every mistake has its place, and the name that was meant', () => {
  expect(mistakes(DEPLOYMENT)).toEqual([
    '5:15 metadata.labels.a must be a text, not the number 1 (quotes make it a text)',
    '7:13 spec.replicas must be a whole number, not the text "three"',
    '8:3 unknown field "spec.strategi": did you mean "strategy"?',
    '13:9 unknown field "spec.template.spec.containers[0].imag": did you mean "image"?',
    '15:26 spec.template.spec.containers[0].ports[0].containerPort must be a whole number, not the text "80"',
    '16:35 spec.template.spec.containers[0].resources.limits.cpu must be a quantity such as 500m, 2 or 128Mi, not the text "lots"',
    '17:20 spec.template.spec.hostNetwork must be true or false, not the text "true"',
  ])
})

test('a kind that is not built in is left to the server', () => {
  expect(mistakes('apiVersion: x.io/v1\nkind: Thing\nspec: {any: 1}\n')).toEqual([])
})

test('fields that the server names are found again', () => {
  const [manifest] = read(DEPLOYMENT)
  if (!manifest) throw new Error('no manifest')
  const told = (status: ConstructorParameters<typeof StatusProblem>[0]): string => (withPlaces(new StatusProblem(status), manifest) as StatusProblem).hint
  expect(told({ reason: 'Invalid', details: { causes: [{ field: 'spec.template.spec.containers[0].name', message: 'bad' }] } })).toBe('a.yaml:12:9: spec.template.spec.containers[0].name\n  11 |       containers:\n  12 |       - name: c\n     |         ^^^^')
  expect(told({ reason: 'BadRequest', message: 'strict decoding error: unknown field "spec.strategi"' })).toContain('a.yaml:8:3: spec.strategi')
  // What is not in the file is shown where it would have to stand.
  expect(told({ reason: 'Invalid', details: { causes: [{ field: 'spec.selector' }] } })).toContain('a.yaml:6:1: spec.selector')
})

test('field paths', () => {
  expect(parseField('spec.containers[0].ports[1].name')).toEqual(['spec', 'containers', 0, 'ports', 1, 'name'])
  expect(parseField('metadata.annotations[a.b/c]')).toEqual(['metadata', 'annotations', 'a.b/c'])
})
