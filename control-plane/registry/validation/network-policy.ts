import { type FieldError, forbidden, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec } from '../../../shared/model/gen/api.ts'
import { cidrContains, networkOf, parseCidr } from '../../../shared/model/validation/ip.ts'
import { portNameProblems, portNumberProblems } from '../../../shared/model/validation/numbers.ts'
import { cidr } from './addresses.ts'
import { each, objections } from './check.ts'
import { validateLabelSelector } from './label-selector.ts'

const protocols = ['TCP', 'UDP', 'SCTP'] as const
const policyTypes = ['Ingress', 'Egress'] as const

/** Ranges that stand in the policy already may stay as they are. */
type Known = ReadonlySet<string>

export const validateNewNetworkPolicy = ({ spec }: NetworkPolicy): readonly FieldError[] => validateSpec(spec ?? {}, new Set())

export const validateNetworkPolicyChange = ({ spec }: NetworkPolicy, old: NetworkPolicy): readonly FieldError[] => validateSpec(spec ?? {}, rangesOf(old.spec ?? {}))

function rangesOf({ ingress = [], egress = [] }: NetworkPolicySpec): Known {
  const peers = [...ingress.flatMap(({ from = [] }) => from), ...egress.flatMap(({ to = [] }) => to)]
  return new Set(peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : [])))
}

function validateSpec(spec: NetworkPolicySpec, known: Known): readonly FieldError[] {
  const rule = ({ ports, peers }: { readonly ports: readonly NetworkPolicyPort[] | undefined; readonly peers: readonly NetworkPolicyPeer[] | undefined }, at: string, name: string): readonly FieldError[] => [
    ...each(ports, `${at}.ports`, validatePort),
    ...each(peers, `${at}.${name}`, (peer, place) => validatePeer(peer, place, known)),
  ]
  return [
    ...validateLabelSelector(spec.podSelector, 'spec.podSelector'),
    ...each(spec.ingress, 'spec.ingress', ({ ports, from }, at) => rule({ ports, peers: from }, at, 'from')),
    ...each(spec.egress, 'spec.egress', ({ ports, to }, at) => rule({ ports, peers: to }, at, 'to')),
    ...validateTypes(spec.policyTypes ?? []),
  ]
}

function validateTypes(types: readonly string[]): readonly FieldError[] {
  const field = 'spec.policyTypes'
  if (types.length > policyTypes.length) return [invalid(field, types, 'may not specify more than two policyTypes')]
  return each(types, field, (type, at) => (policyTypes.some((one) => one === type) ? [] : [notSupported(at, type, policyTypes)]))
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string): readonly FieldError[] {
  const errors: FieldError[] = protocol === undefined || protocols.some((one) => one === protocol) ? [] : [notSupported(`${path}.protocol`, protocol, protocols)]
  const field = `${path}.endPort`
  if (port === undefined) return endPort === undefined ? errors : [...errors, invalid(field, endPort, 'may not be specified when `port` is not specified')]
  if (typeof port === 'string') {
    if (endPort !== undefined) errors.push(invalid(field, endPort, 'may not be specified when `port` is non-numeric'))
    return [...errors, ...objections(`${path}.port`, port, portNameProblems(port))]
  }
  errors.push(...objections(`${path}.port`, port, portNumberProblems(port)))
  if (endPort === undefined) return errors
  // Kubernetes quotes the port here, not what is wrong.
  if (endPort < port) errors.push(invalid(field, port, 'must be greater than or equal to `port`'))
  return [...errors, ...objections(field, endPort, portNumberProblems(endPort))]
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string, known: Known): readonly FieldError[] {
  const errors = [
    ...validateLabelSelector(podSelector, `${path}.podSelector`),
    ...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`),
    ...(ipBlock ? validateBlock(ipBlock, `${path}.ipBlock`, known) : []),
  ]
  if (!podSelector && !namespaceSelector && !ipBlock) return [...errors, required(path, 'must specify a peer')]
  return ipBlock && (podSelector ?? namespaceSelector) ? [...errors, forbidden(path, 'may not specify both ipBlock and another peer')] : errors
}

function validateBlock({ cidr: range, except }: IPBlock, path: string, known: Known): readonly FieldError[] {
  if (range === '') return [required(`${path}.cidr`)]
  const judge = (field: string, text: string): readonly FieldError[] => (known.has(text) ? [] : cidr(field, text))
  const errors = judge(`${path}.cidr`, range)
  const whole = parseCidr(range)
  if (!whole) return errors
  const parts = each(except, `${path}.except`, (text, at) => {
    const part = parseCidr(text)
    const within = part && cidrContains(whole, networkOf(part)) && part.prefixLength > whole.prefixLength
    return [...judge(at, text), ...(part && !within ? [invalid(at, text, 'must be a strict subset of `cidr`')] : [])]
  })
  return [...errors, ...parts]
}
