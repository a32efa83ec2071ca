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
