import { expect, test } from 'vitest'
import { deepEqual, type Json, ownMember, setMember } from './json.ts'
import { matchesSelector } from './label-selector.ts'
import { decodeObject } from './schemas/decode.ts'
import { suggest } from './suggest.ts'

test('keys that every JavaScript object inherits are keys like others', () => {
  expect(deepEqual({}, { toString: 'x' })).toBe(false)
  expect(deepEqual({ constructor: 'x' }, {})).toBe(false)
  expect(ownMember({ a: '1' }, 'constructor')).toBeUndefined()
  expect(matchesSelector({ matchExpressions: [{ key: 'constructor', operator: 'Exists' }] }, { a: 'b' })).toBe(false)
  const object: Record<string, Json> = {}
  setMember(object, '__proto__', 'x')
  expect(JSON.stringify(object)).toBe('{"__proto__":"x"}')
  const data = JSON.parse('{"data":{"__proto__":"1","toString":"2"}}') as Json
  expect(JSON.stringify(decodeObject('io.k8s.api.core.v1.ConfigMap', data).object['data'])).toBe('{"__proto__":"1","toString":"2"}')
})

test('the nearest name is suggested', () => {
  const fields = ['containers', 'initContainers', 'restartPolicy', 'replicas', 'env']
  expect(['container', 'restartpolicy', 'relpicas', 'enviroment', 'evn', 'banana'].map((name) => suggest(name, fields))).toEqual(['containers', 'restartPolicy', 'replicas', undefined, 'env', undefined])
})
