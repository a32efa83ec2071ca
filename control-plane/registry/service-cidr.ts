import type { ServiceCIDR } from '../../shared/model/gen/api.ts'
import { serviceCidrColumns, serviceCidrRow } from './columns/networking.ts'
import { fillAbsent } from './defaults/fill.ts'
import { defineKind, nothingToValidate, statusSubresource, storedVerbs, unchanged } from './typed-kind.ts'
import { keepAllButStatus } from './updates/keep.ts'
import { validateNewServiceCidr, validateServiceCidrChange } from './validation/service-cidr.ts'

/** A range that service addresses come from. The range of the server itself is there as `kubernetes`; others are stored only. */
export const serviceCidr = defineKind<ServiceCIDR>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'ServiceCIDR',
  plural: 'servicecidrs',
  singular: 'servicecidr',
  shortNames: [],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.networking.v1.ServiceCIDR',
  verbs: storedVerbs,
  subresources: [statusSubresource],
  defaults: (object) => fillAbsent(object, { spec: {}, status: {} }),
  // Whoever writes a range writes its status too.
  prepareForCreate: unchanged,
  prepareForUpdate: (object, old, { subresource }) => (subresource === 'status' ? keepAllButStatus(object, old, subresource) : object),
  validateCreate: validateNewServiceCidr,
  validateUpdate: (object, old, { subresource }) => (subresource === 'status' ? nothingToValidate() : validateServiceCidrChange(object, old)),
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: serviceCidrColumns,
  row: serviceCidrRow,
})
