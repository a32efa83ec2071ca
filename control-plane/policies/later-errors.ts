/** The expressions of policies and webhooks are read when they are written: by code that is loaded when the first of them is. */
import type { MutatingAdmissionPolicy, ValidatingAdmissionPolicy, ValidatingWebhookConfiguration } from '../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../shared/model/json.ts'
import type { KindDefinition } from '../registry/kind.ts'

/** The kinds that hold expressions, with those judged too; every other kind as it is. */
export function withExpressionErrors(kind: KindDefinition): KindDefinition {
  if (kind.group !== 'admissionregistration.k8s.io' || kind.plural.endsWith('bindings')) return kind
  return kind.plural.endsWith('policies') ? { ...kind, laterErrors: ofPolicy } : { ...kind, laterErrors: ofWebhooks }
}

/** What was accepted once is not read again. */
async function ofPolicy(object: JsonObject, old: JsonObject | undefined): ReturnType<NonNullable<KindDefinition['laterErrors']>> {
  const { spec } = object as unknown as ValidatingAdmissionPolicy | MutatingAdmissionPolicy
  if (!spec || (old && deepEqual(spec, (old as unknown as ValidatingAdmissionPolicy).spec))) return []
  const { policyErrors } = await import('./expression-errors.ts')
  return policyErrors(spec)
}

async function ofWebhooks(object: JsonObject, old: JsonObject | undefined): ReturnType<NonNullable<KindDefinition['laterErrors']>> {
  const { webhooks = [] } = object as unknown as ValidatingWebhookConfiguration
  if (!webhooks.some(({ matchConditions }) => matchConditions?.length) || (old && deepEqual(webhooks, (old as unknown as ValidatingWebhookConfiguration).webhooks))) return []
  const { conditionErrors } = await import('./expression-errors.ts')
  return webhooks.flatMap(({ matchConditions }, index) => conditionErrors(matchConditions, `webhooks[${index}].matchConditions`, false))
}
