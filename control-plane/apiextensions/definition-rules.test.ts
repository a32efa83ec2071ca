import { expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { createTurns } from '../../shared/kit/turns.ts'
import { re2Patterns } from '../../shared/kit/re2.ts'
import { fieldErrorText } from '../../shared/model/field-error.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import { usePatterns } from '../../shared/model/structural/patterns.ts'
import type { StrategyContext } from '../registry/kind.ts'
import { findByKind } from '../registry/registry.ts'
import { withRuleErrors } from './definition-rules.ts'

const context: StrategyContext = { nowMs: 0, subresource: '', userName: '', user: undefined }

const version = (name: string, schema: JsonObject): JsonObject => ({ name, served: true, storage: name === 'v1', schema: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string', ...schema } } } } })

const definition: JsonObject = {
  metadata: { name: 'widgets.example.com' },
  spec: { group: 'example.com', scope: 'Cluster', names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' }, conversion: { strategy: 'None' }, versions: [version('v1', {}), version('v2', { pattern: '(' })] },
  status: { storedVersions: ['v1'] },
}

test('a definition is judged with the patterns of all its versions, whoever else has them loaded meanwhile', async () => {
  const kind = findByKind('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition')
  if (!kind) throw new Error('there is no such kind')
  // Another file in this thread may have had them loaded.
  usePatterns(undefined)
  const found = kind.validateCreate(definition, context)
  const judging = withRuleErrors(kind, createTurns({ clock: systemClock })).laterFindings?.(definition, undefined, { found, signal: new AbortController().signal })
  usePatterns(re2Patterns)
  expect((await judging)?.errors.slice(found.length).map(fieldErrorText)).toEqual([
    'spec.versions[1].schema.openAPIV3Schema.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error parsing regexp: missing closing ): `(`',
  ])
})

test('what rules get wrong stands among all else: those of sound parts are read, and none where a default does not fit', async () => {
  const kind = findByKind('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition')
  if (!kind) throw new Error('there is no such kind')
  usePatterns(re2Patterns)
  const judged = async (first: JsonObject, second: JsonObject): Promise<readonly string[]> => {
    const { spec } = definition as { readonly spec: JsonObject }
    const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'Widget' }
    const object: JsonObject = { ...definition, spec: { ...spec, names, versions: [version('v1', first), version('v2', second)] } }
    const found = kind.validateCreate(object, context)
    const later = await withRuleErrors(kind, createTurns({ clock: systemClock })).laterFindings?.(object, undefined, { found, signal: new AbortController().signal })
    return (later?.errors ?? []).map((error) => fieldErrorText(error).replace(/Invalid value: \{.*?\}: /, '').split('\n')[0] ?? '')
  }
  const at = (index: number): string => `spec.versions[${index}].schema.openAPIV3Schema.properties[a]`
  const rules = [{ rule: 'self.' }]
  const refused = 'compilation failed: ERROR: <input>:1:6: Syntax error: no viable alternative at input \'.\''
  const names = 'spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same'
  expect(await judged({ 'x-kubernetes-validations': rules }, { type: 'array', items: { type: 'string' }, 'x-kubernetes-validations': [{ rule: 'true' }] })).toEqual([`${at(0)}.x-kubernetes-validations[0].rule: ${refused}`, names])
  expect(await judged({ type: 'object', properties: { b: { type: 'string', 'x-kubernetes-validations': rules } }, 'x-kubernetes-validations': rules, 'x-kubernetes-map-type': 'x' }, { type: 'string' })).toEqual([
    `${at(0)}.x-kubernetes-map-type: Unsupported value: "x": supported values: "atomic", "granular"`,
    `${at(0)}.properties[b].x-kubernetes-validations[0].rule: ${refused}`,
    names,
  ])
  expect(await judged({ default: 'x', 'x-kubernetes-validations': rules }, { 'x-kubernetes-validations': [{ rule: 'self == "b"' }], default: 'a' })).toEqual([
    `${at(0)}.default: Invalid value: "string": rule compile error: ${refused}`,
    `${at(1)}.default: Invalid value: "a": failed rule: self == "b"`,
    names,
  ])
  expect(await judged({ default: 1, 'x-kubernetes-validations': rules }, { 'x-kubernetes-validations': [{ rule: '1 + 1' }, { rule: 'dyn(true)' }] })).toEqual([
    `${at(0)}.default: Invalid value: "integer":  in body must be of type string: "integer"`,
    `${at(1)}.x-kubernetes-validations[0].rule: cel expression must evaluate to a bool`,
    `${at(1)}.x-kubernetes-validations[1].rule: cel expression must evaluate to a bool`,
    names,
  ])
})
