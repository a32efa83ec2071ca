import type { MutatingWebhookConfiguration } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { webhookColumns, webhookRow } from './columns/admission.ts'
import { defaultMutatingWebhooks } from './defaults/admission.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateMutatingWebhooks } from './validation/webhooks.ts'
import { staticNameWarnings } from './warnings/static-names.ts'

export const mutatingWebhookConfiguration = defineKind<MutatingWebhookConfiguration>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  singular: 'mutatingwebhookconfiguration',
  shortNames: [],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.MutatingWebhookConfiguration',
  verbs: storedVerbs,
  subresources: [],
  defaults: defaultMutatingWebhooks,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateMutatingWebhooks,
  validateUpdate: validateMutatingWebhooks,
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
