import { expect, test } from 'vitest'
import type { Json } from '../../shared/model/json.ts'
import { columnsOf } from './columns.ts'

const NOW = Date.parse('2026-01-02T00:00:00Z')

const cell = (type: string, value: Json): unknown => columnsOf([{ name: 'C', type, jsonPath: '.spec.x' }]).row({ metadata: { name: 'a' }, spec: { x: value } }, NOW)[1]

test.each<[string, Json, unknown]>([
  ['string', 'a', 'a'],
  ['string', 7, '7'],
  ['string', true, 'true'],
  ['string', null, '<no value>'],
  ['string', { z: 1, a: { y: '<b>', b: [{ d: 1, c: 2 }] } }, '{"a":{"b":[{"c":2,"d":1}],"y":"\\u003cb\\u003e"},"z":1}'],
  ['string', ['b', 'a'], '["b","a"]'],
  ['integer', 1.5, 1],
  ['integer', '1', null],
  ['integer', null, null],
  ['number', 2, 2],
  ['boolean', 'true', null],
  ['date', '2026-01-01T00:00:00Z', '24h'],
  ['date', 'soon', '<invalid>'],
  ['date', '', '<unknown>'],
  ['date', 5, null],
])('a cell of type %s for %j is %j', (type, value, wanted) => expect(cell(type, value)).toBe(wanted))

test('behind a path that nobody can read no column is shown; an age of one own is described as any other', () => {
  const { columns, row } = columnsOf([{ name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' }, { name: 'B', type: 'string', jsonPath: '.spec[' }, { name: 'C', type: 'string', jsonPath: '.spec.x' }])
  expect(columns.slice(1)).toEqual([{ name: 'Age', type: 'date', description: 'Custom resource definition column (in JSONPath format): .metadata.creationTimestamp', priority: 0 }])
  expect(row({ metadata: { name: 'a' } }, NOW)).toEqual(['a', null])
})
