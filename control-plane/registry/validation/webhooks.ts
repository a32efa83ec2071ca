import { duplicate, type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { MutatingWebhook, MutatingWebhookConfiguration, ValidatingWebhook, ValidatingWebhookConfiguration } from '../../../shared/model/gen/api.ts'
import { dns1035LabelProblems, dns1123SubdomainProblems } from '../../../shared/model/validation/names.ts'
import { failurePolicies, matchPolicies, reinvocationPolicies, validateMatchConditions, validateRule } from './admission-rules.ts'
import { each, objections, oneOf } from './check.ts'
import { validateLabelSelector } from './label-selector.ts'
import { validateWebhookClient } from './webhook-client.ts'

const SIDE_EFFECTS = ['None', 'NoneOnDryRun']
const REVIEW_VERSIONS = ['v1', 'v1beta1']

export const validateValidatingWebhooks = ({ webhooks }: ValidatingWebhookConfiguration): readonly FieldError[] => validateAll(webhooks)
export const validateMutatingWebhooks = ({ webhooks }: MutatingWebhookConfiguration): readonly FieldError[] => validateAll(webhooks)

type Webhook = ValidatingWebhook | MutatingWebhook

function validateAll(webhooks: readonly Webhook[] | undefined): readonly FieldError[] {
  const seen = new Set<string>()
  return each<Webhook>(webhooks, 'webhooks', (webhook, at) => {
    const { name } = webhook
    const repeated = name !== '' && seen.has(name) ? [duplicate(`${at}.name`, name)] : []
    seen.add(name)
    return [...validateWebhook(webhook, at), ...validateReviewVersions(webhook.admissionReviewVersions ?? [], `${at}.admissionReviewVersions`), ...repeated]
  })
}

function validateWebhook(webhook: Webhook, path: string): readonly FieldError[] {
  const { failurePolicy, matchPolicy, sideEffects, timeoutSeconds, namespaceSelector, objectSelector } = webhook
  return [
    ...validateQualifiedDomain(webhook.name, `${path}.name`),
    ...each(webhook.rules, `${path}.rules`, validateRule),
    ...(failurePolicy === undefined ? [] : oneOf(`${path}.failurePolicy`, failurePolicy, failurePolicies)),
    ...(matchPolicy === undefined ? [] : oneOf(`${path}.matchPolicy`, matchPolicy, matchPolicies)),
    ...(sideEffects === undefined ? [required(`${path}.sideEffects`, `must specify one of ${SIDE_EFFECTS.join(', ')}`)] : oneOf(`${path}.sideEffects`, sideEffects, SIDE_EFFECTS)),
    ...(timeoutSeconds !== undefined && (timeoutSeconds > 30 || timeoutSeconds < 1) ? [invalid(`${path}.timeoutSeconds`, timeoutSeconds, 'the timeout value must be between 1 and 30 seconds')] : []),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...validateLabelSelector(objectSelector, `${path}.objectSelector`),
    ...validateReinvocation(webhook, `${path}.reinvocationPolicy`),
    ...validateWebhookClient(webhook.clientConfig ?? {}, `${path}.clientConfig`),
    ...validateMatchConditions(webhook.matchConditions, `${path}.matchConditions`),
  ]
}

function validateReinvocation(webhook: Webhook, field: string): readonly FieldError[] {
  const policy = 'reinvocationPolicy' in webhook ? webhook.reinvocationPolicy : undefined
  return policy === undefined || (reinvocationPolicies as readonly string[]).includes(policy) ? [] : [notSupported(field, policy, reinvocationPolicies)]
}

/** A domain that says whose the webhook is. */
function validateQualifiedDomain(name: string, field: string): readonly FieldError[] {
  if (name === '') return [required(field)]
  const problems = dns1123SubdomainProblems(name)
  if (problems.length > 0) return [invalid(field, name, problems.join(','))]
  return name.split('.').length < 3 ? [invalid(field, name, 'should be a domain with at least three segments separated by dots')] : []
}

function validateReviewVersions(versions: readonly string[], path: string): readonly FieldError[] {
  const words = REVIEW_VERSIONS.join(', ')
  if (versions.length === 0) return [required(path, `must specify one of ${words}`)]
  const errors = each(versions, path, (version, at, index) => (versions.indexOf(version) < index ? [invalid(at, version, 'duplicate version')] : objections(at, version, dns1035LabelProblems(version))))
  return versions.some((version) => REVIEW_VERSIONS.includes(version)) ? errors : [...errors, invalid(path, versions, `must include at least one of ${words}`)]
}
