import type { ValidatingAdmissionPolicyBinding } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { policyBindingColumns, policyBindingRow } from './columns/admission.ts'
import { defaultPolicyBinding } from './defaults/admission.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateValidatingBinding } from './validation/admission-binding.ts'
import { staticNameWarnings } from './warnings/static-names.ts'

export const validatingAdmissionPolicyBinding = defineKind<ValidatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicyBinding',
  plural: 'validatingadmissionpolicybindings',
  singular: 'validatingadmissionpolicybinding',
  shortNames: [],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicyBinding',
  verbs: storedVerbs,
  subresources: [],
  defaults: defaultPolicyBinding,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateValidatingBinding,
  validateUpdate: validateValidatingBinding,
  warnings: staticNameWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: policyBindingColumns,
  row: policyBindingRow,
})
