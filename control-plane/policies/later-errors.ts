/** The expressions of policies and webhooks are read when they are written: by code that is loaded when the first of them is. */
import type { MutatingAdmissionPolicy, ValidatingAdmissionPolicy, ValidatingWebhookConfiguration } from '../../shared/model/gen/api.ts'
import type { FieldError } from '../../shared/model/field-error.ts'
import { deepEqual, type JsonObject } from '../../shared/model/json.ts'
import type { KindDefinition } from '../registry/kind.ts'
import { mergedErrors } from './merged-errors.ts'

/** The kinds that hold expressions, with those judged too; every other kind as it is. */
export function withExpressionErrors(kind: KindDefinition): KindDefinition {
  if (kind.group !== 'admissionregistration.k8s.io' || kind.plural.endsWith('bindings')) return kind
  return kind.plural.endsWith('policies') ? { ...kind, laterFindings: later(ofPolicy) } : { ...kind, laterFindings: later(ofWebhooks) }
}

type Later = (object: JsonObject, old: JsonObject | undefined, found: readonly FieldError[]) => Promise<readonly FieldError[]>

const later =
  (errorsOf: Later): NonNullable<KindDefinition['laterFindings']> =>
  async (object, old, { found }) => ({ errors: await errorsOf(object, old, found), warnings: [] })

/** What was accepted once is not read again. */
const ofPolicy: Later = async (object, old, found) => {
  const { spec } = object as unknown as ValidatingAdmissionPolicy | MutatingAdmissionPolicy
  if (!spec || (old && deepEqual(spec, (old as unknown as ValidatingAdmissionPolicy).spec))) return found
  const { policyErrors } = await import('./expression-errors.ts')
  return mergedErrors(found, policyErrors(spec))
}

const ofWebhooks: Later = async (object, old, found) => {
  const { webhooks = [] } = object as unknown as ValidatingWebhookConfiguration
  if (!webhooks.some(({ matchConditions }) => matchConditions?.length) || (old && deepEqual(webhooks, (old as unknown as ValidatingWebhookConfiguration).webhooks))) return found
  const { conditionErrors } = await import('./expression-errors.ts')
  const ofConditions = webhooks.flatMap(({ matchConditions }, index) => conditionErrors(matchConditions, `webhooks[${index}].matchConditions`, false))
  return mergedErrors(found, ofConditions)
}
