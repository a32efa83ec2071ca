import { expect, test } from 'vitest'
import { ageText, durationText } from './age.ts'
import { columnsOf } from './columns.ts'
import { jsonText } from './json.ts'
import { asList, nameOf } from './items.ts'
import { printerFor } from './objects.ts'
import { headerOf, rowOf, type ServerTable, type TableStyle } from './table.ts'
import { alignTabs } from './tabs.ts'

test('columns are three spaces apart and at least three wide', () => {
  expect(columnsOf(['NAME', 'N'], [['a', '1'], ['longer', '22']])).toBe('NAME     N\na        1\nlonger   22\n')
  expect(columnsOf([], [['a', '0', '7s']])).toBe('a     0     7s\n')
  expect(columnsOf(['REVISION', 'X'], [['1', '<none>']], 2)).toBe('REVISION  X\n1         <none>\n')
})

test.each([
  [-5_000, '<invalid>'],
  [-500, '0s'],
  [119_000, '119s'],
  [120_000, '2m'],
  [125_000, '2m5s'],
  [600_000, '10m'],
  [3 * 3_600_000, '3h'],
  [3 * 3_600_000 + 60_000, '3h1m'],
  [9 * 3_600_000, '9h'],
  [50 * 3_600_000, '2d2h'],
  [9 * 86_400_000, '9d'],
  [800 * 86_400_000, '2y70d'],
  [3_000 * 86_400_000, '8y'],
])('%d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text)
})

test('no time has no age', () => {
  expect(ageText(null, 0)).toBe('<unknown>')
})

test('tabs align only lines that follow one another', () => {
  expect(alignTabs('Name:\tx\nLonger label:\ty\nHead:\n  a:\t1\n  bbbb:\t2')).toBe('Name:          x\nLonger label:  y\nHead:\n  a:     1\n  bbbb:  2')
})

test('JSON as Go writes it: in order, four spaces, angle brackets escaped', () => {
  expect(jsonText({ b: '<&>', a: [1] })).toBe('{\n    "a": [\n        1\n    ],\n    "b": "\\u003c\\u0026\\u003e"\n}\n')
})

const TABLE: ServerTable = {
  kind: 'Table',
  columnDefinitions: [{ name: 'Name' }, { name: 'Ready' }, { name: 'Node', priority: 1 }],
  rows: [{ cells: ['web', '1/1', 'n1'], object: { metadata: { name: 'web', namespace: 'shop', labels: { b: '2', 'x.io/a': '1' } } } }],
}
const STYLE: TableStyle = { wide: false, noHeaders: false, withNamespace: false, showLabels: false, labelColumns: [] }
const printed = (style: Partial<TableStyle>): string => columnsOf(headerOf(TABLE, { ...STYLE, ...style }), (TABLE.rows ?? []).map((row) => rowOf(row, TABLE, { ...STYLE, ...style })))

test('tables', () => {
  expect(printed({})).toBe('NAME   READY\nweb    1/1\n')
  expect(printed({ wide: true, withNamespace: true })).toBe('NAMESPACE   NAME   READY   NODE\nshop        web    1/1     n1\n')
  expect(printed({ showLabels: true, labelColumns: ['x.io/a'] })).toBe('NAME   READY   A     LABELS\nweb    1/1     1     b=2,x.io/a=1\n')
  expect(printed({ kindOf: { kind: 'Deployment', group: 'apps' } })).toBe('NAME                  READY\ndeployment.apps/web   1/1\n')
})

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', managedFields: [] }, spec: { nodeName: 'n1' } }

test('objects in the formats of -o', async () => {
  const print = async (output: string): Promise<string> => (await printerFor(output))?.(POD) ?? 'a table'
  expect(await print('')).toBe('a table')
  expect(await print('name')).toBe('pod/web\n')
  expect(await print('jsonpath={.spec.nodeName}')).toBe('n1')
  expect(await print('custom-columns=N:.metadata.name,Z:.zone')).toBe('N     Z\nweb   <none>\n')
  expect(await print('yaml')).not.toContain('managedFields')
  await expect(print('nope')).rejects.toThrow(/unable to match a printer.*"nope"/)
  expect(nameOf({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'x' } })).toBe('deployment.apps/x')
  expect((await printerFor('name'))?.(asList([POD, POD]))).toBe('pod/web\npod/web\n')
})
