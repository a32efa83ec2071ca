import type { IPAddress } from '../../shared/model/gen/api.ts'
import { ipAddressColumns, ipAddressRow } from './columns/networking.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateIpAddressChange, validateNewIpAddress } from './validation/service-cidr.ts'

/** Who holds an address of the service range. The allocations of services make these objects themselves. */
export const ipAddress = defineKind<IPAddress>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IPAddress',
  plural: 'ipaddresses',
  singular: 'ipaddress',
  shortNames: ['ip'],
  categories: [],
  namespaced: false,
  schema: 'io.k8s.api.networking.v1.IPAddress',
  verbs: storedVerbs,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewIpAddress,
  validateUpdate: validateIpAddressChange,
  nameRule: 'ip-address',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: ipAddressColumns,
  row: ipAddressRow,
})
