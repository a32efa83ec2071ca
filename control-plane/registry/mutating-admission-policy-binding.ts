import type { MutatingAdmissionPolicyBinding } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { policyBindingColumns, policyBindingRow } from './columns/admission.ts'
import { defaultPolicyBinding } from './defaults/admission.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateMutatingBinding } from './validation/admission-binding.ts'
import { staticNameWarnings } from './warnings/static-names.ts'

export const mutatingAdmissionPolicyBinding = defineKind<MutatingAdmissionPolicyBinding>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicyBinding',
  plural: 'mutatingadmissionpolicybindings',
  singular: 'mutatingadmissionpolicybinding',
  shortNames: [],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicyBinding',
  verbs: storedVerbs,
  subresources: [],
  defaults: defaultPolicyBinding,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateMutatingBinding,
  validateUpdate: validateMutatingBinding,
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
