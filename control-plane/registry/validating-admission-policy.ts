import type { ValidatingAdmissionPolicy } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { validatingPolicyColumns, validatingPolicyRow } from './columns/admission.ts'
import { defaultValidatingPolicy } from './defaults/admission.ts'
import { defineKind, statusSubresource, storedVerbs } from './typed-kind.ts'
import { keepAllButStatus } from './updates/keep.ts'
import { validateValidatingPolicy, validateValidatingPolicyStatus } from './validation/admission-policy.ts'
import { staticNameWarnings } from './warnings/static-names.ts'

export const validatingAdmissionPolicy = defineKind<ValidatingAdmissionPolicy>({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingAdmissionPolicy',
  plural: 'validatingadmissionpolicies',
  singular: 'validatingadmissionpolicy',
  shortNames: [],
  categories: ['api-extensions'],
  namespaced: false,
  schema: 'io.k8s.api.admissionregistration.v1.ValidatingAdmissionPolicy',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: defaultValidatingPolicy,
  prepareForCreate: (object) => ({ ...object, status: {} }),
  prepareForUpdate: (object, old, { subresource }) => keepAllButStatus(object, old, subresource),
  validateCreate: validateValidatingPolicy,
  validateUpdate: (object, _, { subresource }) => (subresource === 'status' ? validateValidatingPolicyStatus(object.status) : validateValidatingPolicy(object)),
  warnings: staticNameWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: false,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: validatingPolicyColumns,
  row: validatingPolicyRow,
})
