import type {
  MatchResources,
  MutatingAdmissionPolicy,
  MutatingAdmissionPolicyBinding,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  NamedRuleWithOperations,
  RuleWithOperations,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
  WebhookClientConfig,
} from '../../../shared/model/gen/api.ts'
import { fillAbsent, mapItems, mapMember } from './fill.ts'

const HTTPS_PORT = 443
const TIMEOUT_SECONDS = 10

const defaultRule = <T extends RuleWithOperations | NamedRuleWithOperations>(rule: T): T => fillAbsent<RuleWithOperations | NamedRuleWithOperations>(rule, { scope: '*' }) as T

const defaultClient = (client: WebhookClientConfig): WebhookClientConfig => mapMember(client, 'service', (service) => fillAbsent(service, { port: HTTPS_PORT }))

/** What webhooks of both kinds have. */
function defaultWebhook<T extends ValidatingWebhook | MutatingWebhook>(webhook: T): T {
  const filled: ValidatingWebhook = fillAbsent<ValidatingWebhook>(webhook, { failurePolicy: 'Fail', matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {}, timeoutSeconds: TIMEOUT_SECONDS })
  return mapItems(mapMember(filled, 'clientConfig', defaultClient), 'rules', defaultRule<RuleWithOperations>) as T
}

export const defaultValidatingWebhooks = (configuration: ValidatingWebhookConfiguration): ValidatingWebhookConfiguration => mapItems(configuration, 'webhooks', defaultWebhook<ValidatingWebhook>)

export const defaultMutatingWebhooks = (configuration: MutatingWebhookConfiguration): MutatingWebhookConfiguration =>
  mapItems<MutatingWebhookConfiguration, MutatingWebhook>(configuration, 'webhooks', (webhook) => fillAbsent(defaultWebhook(webhook), { reinvocationPolicy: 'Never' }))

function defaultMatch(match: MatchResources): MatchResources {
  const filled = fillAbsent(match, { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} })
  return mapItems(mapItems(filled, 'resourceRules', defaultRule<NamedRuleWithOperations>), 'excludeResourceRules', defaultRule<NamedRuleWithOperations>)
}

export const defaultValidatingPolicy = (policy: ValidatingAdmissionPolicy): ValidatingAdmissionPolicy =>
  mapMember(policy, 'spec', (spec) => mapMember(fillAbsent(spec, { failurePolicy: 'Fail' }), 'matchConstraints', defaultMatch))

export const defaultMutatingPolicy = (policy: MutatingAdmissionPolicy): MutatingAdmissionPolicy =>
  mapMember(policy, 'spec', (spec) => mapMember(fillAbsent(spec, { failurePolicy: 'Fail' }), 'matchConstraints', defaultMatch))

export const defaultPolicyBinding = <T extends ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding>(binding: T): T =>
  mapMember<ValidatingAdmissionPolicyBinding | MutatingAdmissionPolicyBinding, 'spec'>(binding, 'spec', (spec) => mapMember(spec, 'matchResources', defaultMatch)) as T
