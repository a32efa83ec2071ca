/** What is asked of the kind of a custom object. Built-in kinds are judged where bodies are decoded. */
import { invalid as invalidField } from '../../../shared/model/field-error.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { apiVersionOf, type ExpectedKind } from '../decode/kinds.ts'
import { invalid } from '../status.ts'
import { metaText } from './stored.ts'

/** Throws a 422 for an object of another kind or version; what it says of itself names the subject. */
export function checkKind(expected: ExpectedKind, object: JsonObject): void {
  if (!expected.type) return
  const kind = String(object['kind'] ?? '')
  const apiVersion = String(object['apiVersion'] ?? '')
  const wanted = apiVersionOf(expected)
  const errors = [...(kind === expected.kind ? [] : [invalidField('kind', kind, `must be ${expected.kind}`)]), ...(apiVersion === wanted ? [] : [invalidField('apiVersion', apiVersion, `must be ${wanted}`)])]
  const group = apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : ''
  if (errors.length > 0) throw invalid({ group, name: kind }, metaText(object, 'name'), errors)
}
