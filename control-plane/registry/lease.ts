import type { Lease } from '../../shared/model/gen/api.ts'
import { leaseColumns, leaseRow } from './columns/config.ts'
import { mapMember, without } from './defaults/fill.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateLeaseChange, validateNewLease } from './validation/lease.ts'

export const lease = defineKind<Lease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  singular: 'lease',
  shortNames: [],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.coordination.v1.Lease',
  verbs: storedVerbs,
  subresources: [],
  defaults: unchanged,
  prepareForCreate: withoutElection,
  prepareForUpdate: withoutElection,
  validateCreate: validateNewLease,
  validateUpdate: validateLeaseChange,
  nameRule: 'dns-subdomain',
  ownMetadataRules: 'of-changes',
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: false,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: leaseColumns,
  row: leaseRow,
})

/** Leaders that the server elects are not switched on in 1.36 by default. */
function withoutElection(lease: Lease): Lease {
  return mapMember(lease, 'spec', (spec) => without(spec, 'strategy', 'preferredHolder'))
}
