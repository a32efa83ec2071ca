/** IP families of a service on a cluster that has IPv4 only. PURE. */
import { duplicate, invalid, notSupported, required, type FieldError } from '../../../../shared/model/field-error.ts'
import type { ServiceSpec } from '../../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../../shared/model/json.ts'
import { ipProblems, parseIp } from '../../../../shared/model/validation/ip.ts'
import { HEADLESS } from './fields.ts'

const IPS = 'spec.clusterIPs'
const FAMILIES = 'spec.ipFamilies'
const POLICY = 'spec.ipFamilyPolicy'
const KNOWN_FAMILIES = ['IPv4', 'IPv6']
const KNOWN_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const FAMILY = 'IPv4'

export type WithFamilies = { readonly kind: 'filled'; readonly spec: ServiceSpec } | { readonly kind: 'refused'; readonly errors: readonly FieldError[] }

const refused = (errors: readonly FieldError[]): WithFamilies => ({ kind: 'refused', errors })

/**
 * Fills in families and policy, or says why addresses, families and policy do not go together. Errors come in stages: the first that finds any ends it.
 * @param before what the service was, at an update: its policy stays unless another is named.
 */
export function withFamilies(given: ServiceSpec, before: ServiceSpec | undefined): WithFamilies {
  if (given.type === 'ExternalName' || (before && staysPreferring(given, before))) return { kind: 'filled', spec: given }
  const free = given.clusterIP === HEADLESS && Object.keys(given.selector ?? {}).length === 0
  const spec = { ...given, ipFamilyPolicy: given.ipFamilyPolicy ?? before?.ipFamilyPolicy ?? (free ? 'RequireDualStack' : 'SingleStack') }
  const shape = shapeErrors(spec)
  if (shape.length > 0) return refused(shape)
  const kept = before ? keptFamilies(spec, before) : { names: spec.ipFamilies ?? [], errors: [] }
  const families = inferred(spec, kept.names)
  const errors = [...kept.errors, ...singleStackErrors(spec, kept.names), ...families.errors]
  if (errors.length > 0) return refused(errors)
  if (free) return { kind: 'filled', spec: { ...spec, ipFamilies: headlessWithoutSelector(spec, families.names) } }
  const offered = offerErrors(spec, families.names)
  if (offered.length > 0) return refused(offered)
  return { kind: 'filled', spec: { ...spec, ipFamilies: families.names.length === 0 ? [FAMILY] : families.names } }
}

/** What prefers two stacks and asks for nothing else is left as it is, whatever the cluster has. */
const staysPreferring = (spec: ServiceSpec, before: ServiceSpec): boolean =>
  (spec.type === 'ClusterIP' || spec.type === 'NodePort' || spec.type === 'LoadBalancer') &&
  spec.type === before.type &&
  spec.ipFamilyPolicy === 'PreferDualStack' &&
  before.ipFamilyPolicy === 'PreferDualStack' &&
  deepEqual(spec.clusterIPs, before.clusterIPs) &&
  deepEqual(spec.ipFamilies, before.ipFamilies)

/** A single stack keeps the first of the families it had; any other policy may not lose one. */
function keptFamilies({ ipFamilies = [], ipFamilyPolicy }: ServiceSpec, { ipFamilies: had = [] }: ServiceSpec): { readonly names: readonly string[]; readonly errors: readonly FieldError[] } {
  if (ipFamilyPolicy === 'SingleStack') return { names: deepEqual(ipFamilies, had) ? ipFamilies.slice(0, 1) : ipFamilies, errors: [] }
  const fewer = ipFamilies.length > 0 && ipFamilies.length < had.length
  return { names: ipFamilies, errors: fewer ? [invalid(POLICY, ipFamilyPolicy, "must be 'SingleStack' to release the secondary IP family")] : [] }
}

function shapeErrors(spec: ServiceSpec): readonly FieldError[] {
  const { clusterIP = '', clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec
  const errors: FieldError[] = []
  if (clusterIP === '' && clusterIPs.length > 0) errors.push(invalid(IPS, clusterIPs, 'must be empty when `clusterIP` is not specified'))
  else if (clusterIP !== '' && clusterIPs.length === 0) errors.push(required(IPS))
  else if (clusterIP !== '' && clusterIPs[0] !== clusterIP) errors.push(invalid(IPS, clusterIPs, 'first value must match `clusterIP`'))
  const seen = new Set<string>()
  for (const [index, family] of ipFamilies.entries()) {
    if (!KNOWN_FAMILIES.includes(family)) errors.push(notSupported(`${FAMILIES}[${index}]`, family, KNOWN_FAMILIES))
    if (seen.has(family)) errors.push(duplicate(`${FAMILIES}[${index}]`, family))
    seen.add(family)
  }
  if (ipFamilyPolicy !== undefined && !KNOWN_POLICIES.includes(ipFamilyPolicy)) errors.push(notSupported(POLICY, ipFamilyPolicy, KNOWN_POLICIES))
  const addresses = addressErrors(spec, clusterIPs)
  return [...errors, ...addresses]
}

function addressErrors(spec: ServiceSpec, clusterIPs: readonly string[]): readonly FieldError[] {
  const errors: FieldError[] = []
  for (const [index, ip] of clusterIPs.entries()) {
    if (index === 0 && ip === HEADLESS) {
      if (clusterIPs.length > 1) errors.push(invalid(IPS, clusterIPs, "'None' must be the first and only value"))
    } else errors.push(...ipProblems(ip).map((problem) => invalid(`${IPS}[${index}]`, ip, problem)))
  }
  const unreadable = errors.length > 0
  if (clusterIPs.length > 2) errors.push(invalid(IPS, clusterIPs, 'may only hold up to 2 values'))
  if (unreadable) return errors
  const families = clusterIPs.filter((ip) => ip !== HEADLESS).map(familyOf)
  if (families.length > 1 && new Set(families).size === 1) errors.push(invalid(IPS, clusterIPs, 'may specify no more than one IP for each IP family'))
  for (const [index, family] of families.entries()) {
    const wanted = spec.ipFamilies?.[index]
    if (wanted !== undefined && KNOWN_FAMILIES.includes(wanted) && wanted !== family) errors.push(invalid(`${IPS}[${index}]`, clusterIPs[index], `expected an ${wanted} value as indicated by \`ipFamilies[${index}]\``))
  }
  return errors
}

const familyOf = (ip: string): string => (parseIp(ip)?.family === 6 ? 'IPv6' : 'IPv4')

function singleStackErrors({ ipFamilyPolicy, clusterIPs = [] }: ServiceSpec, ipFamilies: readonly string[]): readonly FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return []
  const one = (what: string): FieldError => invalid(POLICY, ipFamilyPolicy, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`)
  return [...(clusterIPs.length === 2 ? [one('cluster IPs')] : []), ...(ipFamilies.length === 2 ? [one('IP families')] : [])]
}

/** Families that only the addresses tell of. */
function inferred({ clusterIPs = [] }: ServiceSpec, ipFamilies: readonly string[]): { readonly names: readonly string[]; readonly errors: readonly FieldError[] } {
  const names = [...ipFamilies]
  const errors: FieldError[] = []
  for (const [index, ip] of clusterIPs.entries()) {
    if (ip === HEADLESS || index < names.length) continue
    const family = familyOf(ip)
    if (family === FAMILY) names.push(family)
    else errors.push(invalid(`${IPS}[${index}]`, clusterIPs, `${family} is not configured on this cluster`))
  }
  return { names, errors }
}

/** Nothing is given out for it, so that it may be of both families even here. */
function headlessWithoutSelector({ ipFamilyPolicy }: ServiceSpec, families: readonly string[]): readonly string[] {
  const first = families.length === 0 ? [FAMILY] : families
  const other = first[0] === 'IPv4' ? 'IPv6' : 'IPv4'
  return first.length < 2 && ipFamilyPolicy !== 'SingleStack' ? [...first, other] : first
}

function offerErrors({ ipFamilyPolicy }: ServiceSpec, families: readonly string[]): readonly FieldError[] {
  const dual = ipFamilyPolicy === 'RequireDualStack' ? [invalid(POLICY, ipFamilyPolicy, 'this cluster is not configured for dual-stack services')] : []
  return [...dual, ...families.flatMap((family, index) => (family === FAMILY ? [] : [invalid(`${FAMILIES}[${index}]`, family, 'not configured on this cluster')]))]
}
