import type { ValidatingWebhookConfiguration } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { webhookColumns, webhookRow } from './columns/admission.ts'
import { defaultValidatingWebhooks } from './defaults/admission.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateValidatingWebhooks } from './validation/webhooks.ts'
import { staticNameWarnings } from './warnings/static-names.ts'

export const validatingWebhookConfiguration = defineKind<ValidatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  singular: 'validatingwebhookconfiguration',
  shortNames: [],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingWebhookConfiguration',
  verbs: storedVerbs,
  subresources: [],
  defaults: defaultValidatingWebhooks,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateValidatingWebhooks,
  validateUpdate: validateValidatingWebhooks,
  warnings: staticNameWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  hasNewGeneration: (object, old) => !deepEqual(object.webhooks, old.webhooks),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: webhookColumns,
  row: webhookRow,
})
