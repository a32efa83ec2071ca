import { expect, test } from 'vitest'
import { jsonPathText } from './evaluate.ts'

const POD = {
  metadata: { name: 'web', labels: { 'app.kubernetes.io/name': 'shop', tier: 'front' } },
  spec: { containers: [{ name: 'a', image: 'x:1', ports: [{ containerPort: 80 }] }, { name: 'b', image: 'y:2' }] },
  status: { conditions: [{ type: 'Ready', status: 'True' }, { type: 'Scheduled', status: 'False' }], ready: true, count: 3, ids: [9007199254740992n, 9007199254740993n, 5] },
}
const LIST = { items: [POD, { metadata: { name: 'db' }, spec: { containers: [] } }] }

test.each([
  ['{.metadata.name}', 'web'],
  ['{$.metadata.name}{"\\n"}', 'web\n'],
  ['name: {.metadata.name}!', 'name: web!'],
  ['{.spec.containers[*].image}', 'x:1 y:2'],
  ['{.spec.containers[0].image}', 'x:1'],
  ['{.spec.containers[-1:].image}', 'y:2'],
  ['{.spec.containers[-1].image}', 'y:2'],
  ['{.spec.containers[0:1].name}', 'a'],
  ["{.metadata.labels['tier']}", 'front'],
  ['{.metadata.labels.app\\.kubernetes\\.io/name}', 'shop'],
  ["{.metadata.labels['app.kubernetes.io/name','tier']}", 'shop front'],
  ['{.status.conditions[?(@.type=="Ready")].status}', 'True'],
  ["{.status.conditions[?(@.status!='True')].type}", 'Scheduled'],
  ['{..name}', 'web a b'],
  ['{.status.ready} {.status.count}', 'true 3'],
  ['{.spec.containers[1]}', '{"image":"y:2","name":"b"}'],
  ['{.nothing.here}', ''],
  ['{.status.ids}', '[9007199254740992,9007199254740993,5]'],
  ['{.status.ids[?(@==9007199254740993)]} {.status.ids[?(@>6)]}', '9007199254740993 9007199254740992 9007199254740993'],
  ['{range .spec.containers[*]}{.name}={.image}{"\\t"}{end}', 'a=x:1\tb=y:2\t'],
  ['{range .spec.containers}{.name},{end}', 'a,b,'],
  ['{.spec.containers[?(@.ports)].name}', 'a'],
])('%s', (template, expected) => {
  expect(jsonPathText(template, POD)).toBe(expected)
})

test('over a list', () => {
  expect(jsonPathText('{.items[*].metadata.name}', LIST)).toBe('web db')
  expect(jsonPathText('{range .items[*]}{.metadata.name}:{range .spec.containers[*]}{.name}{end};{end}', LIST)).toBe('web:ab;db:;')
  expect(jsonPathText('{.items[?(@.metadata.name=="db")].metadata.name}', LIST)).toBe('db')
})

test.each(['{.a', '{range .items[*]}x', '{end}', '{.a[}'])('refuses %s', (template) => {
  expect(() => jsonPathText(template, LIST)).toThrow(/jsonpath/)
})
