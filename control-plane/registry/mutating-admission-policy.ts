import type { MutatingAdmissionPolicy } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { mutatingPolicyColumns, mutatingPolicyRow } from './columns/admission.ts'
import { defaultMutatingPolicy } from './defaults/admission.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateMutatingPolicy } from './validation/admission-policy.ts'
import { staticNameWarnings } from './warnings/static-names.ts'

export const mutatingAdmissionPolicy = defineKind<MutatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingAdmissionPolicy',
  plural: 'mutatingadmissionpolicies',
  singular: 'mutatingadmissionpolicy',
  shortNames: [],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.MutatingAdmissionPolicy',
  verbs: storedVerbs,
  subresources: [],
  defaults: defaultMutatingPolicy,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateMutatingPolicy,
  validateUpdate: validateMutatingPolicy,
  warnings: staticNameWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: mutatingPolicyColumns,
  row: mutatingPolicyRow,
})
