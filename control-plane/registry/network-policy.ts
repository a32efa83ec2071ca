import type { NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPort, NetworkPolicySpec } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { networkPolicyColumns, networkPolicyRow } from './columns/networking.ts'
import { fillAbsent, mapItems, mapMember } from './defaults/fill.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateNetworkPolicyChange, validateNewNetworkPolicy } from './validation/network-policy.ts'
import { networkPolicyWarnings } from './warnings/networking.ts'

export const networkPolicy = defineKind<NetworkPolicy>({
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'NetworkPolicy',
  plural: 'networkpolicies',
  singular: 'networkpolicy',
  shortNames: ['netpol'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.networking.v1.NetworkPolicy',
  verbs: storedVerbs,
  subresources: [],
  defaults: (object) => mapMember(fillAbsent(object, { spec: { podSelector: {} } }), 'spec', defaultSpec),
  prepareForCreate: unchanged,
  prepareForUpdate: unchanged,
  validateCreate: validateNewNetworkPolicy,
  validateUpdate: validateNetworkPolicyChange,
  warnings: networkPolicyWarnings,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: false,
  allowUnconditionalUpdate: true,
  hasNewGeneration: (object, old) => !deepEqual(object.spec, old.spec),
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: networkPolicyColumns,
  row: networkPolicyRow,
})

const defaultPort = (port: NetworkPolicyPort): NetworkPolicyPort => fillAbsent(port, { protocol: 'TCP' })

/** A policy that does not say what it is about is about what comes in, and about what goes out if it has rules for that. */
function defaultSpec(spec: NetworkPolicySpec): NetworkPolicySpec {
  const ingress = mapItems<NetworkPolicySpec, NetworkPolicyIngressRule>(fillAbsent(spec, { podSelector: {} }), 'ingress', (rule) => mapItems(rule, 'ports', defaultPort))
  const both = mapItems<NetworkPolicySpec, NetworkPolicyEgressRule>(ingress, 'egress', (rule) => mapItems(rule, 'ports', defaultPort))
  if ((both.policyTypes ?? []).length > 0) return both
  return { ...both, policyTypes: (both.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'] }
}
