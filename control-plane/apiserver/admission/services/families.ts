/** IP families of a service on a cluster that has IPv4 only. PURE. */
import { duplicate, invalid, notSupported, required, type FieldError } from '../../../../shared/model/field-error.ts'
import type { ServiceSpec } from '../../../../shared/model/gen/api.ts'
import { ipProblems, parseIp } from '../../../../shared/model/validation/ip.ts'
import { HEADLESS, isHeadless } from './fields.ts'

const IPS = 'spec.clusterIPs'
const FAMILIES = 'spec.ipFamilies'
const POLICY = 'spec.ipFamilyPolicy'
const KNOWN_FAMILIES = ['IPv4', 'IPv6']
const KNOWN_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack']
const FAMILY = 'IPv4'

export type WithFamilies = { readonly kind: 'filled'; readonly spec: ServiceSpec } | { readonly kind: 'refused'; readonly errors: readonly FieldError[] }

const refused = (errors: readonly FieldError[]): WithFamilies => ({ kind: 'refused', errors })

/** Fills in families and policy, or says why addresses, families and policy do not go together. Errors come in stages: the first that finds any ends it. */
export function withFamilies(spec: ServiceSpec): WithFamilies {
  if (spec.type === 'ExternalName') return { kind: 'filled', spec }
  const shape = shapeErrors(spec)
  if (shape.length > 0) return refused(shape)
  const families = inferred(spec)
  const errors = [...singleStackErrors(spec), ...families.errors]
  if (errors.length > 0) return refused(errors)
  if (isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0) return { kind: 'filled', spec: headlessWithoutSelector(spec, families.names) }
  const offered = offerErrors(spec, families.names)
  if (offered.length > 0) return refused(offered)
  return { kind: 'filled', spec: { ...spec, ipFamilies: families.names.length === 0 ? [FAMILY] : families.names, ipFamilyPolicy: spec.ipFamilyPolicy ?? 'SingleStack' } }
}

function shapeErrors(spec: ServiceSpec): readonly FieldError[] {
  const { clusterIP = '', clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec
  const errors: FieldError[] = []
  if (clusterIP === '' && clusterIPs.length > 0) errors.push(invalid(IPS, clusterIPs, 'must be empty when `clusterIP` is not specified'))
  else if (clusterIP !== '' && clusterIPs.length === 0) errors.push(required(IPS))
  else if (clusterIP !== '' && clusterIPs[0] !== clusterIP) errors.push(invalid(IPS, clusterIPs, 'first value must match `clusterIP`'))
  for (const [index, family] of ipFamilies.entries()) {
    if (!KNOWN_FAMILIES.includes(family)) errors.push(notSupported(`${FAMILIES}[${index}]`, family, KNOWN_FAMILIES))
    if (ipFamilies.indexOf(family) < index) errors.push(duplicate(`${FAMILIES}[${index}]`, family))
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
      else if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') errors.push(invalid(`${IPS}[0]`, ip, `may not be set to 'None' for ${spec.type} services`))
    } else errors.push(...ipProblems(ip).map((problem) => invalid(`${IPS}[${index}]`, ip, problem)))
  }
  if (clusterIPs.length > 2) errors.push(invalid(IPS, clusterIPs, 'may only hold up to 2 values'))
  if (errors.length > 0) return errors
  const families = clusterIPs.filter((ip) => ip !== HEADLESS).map(familyOf)
  if (families.length > 1 && families[0] === families[1]) errors.push(invalid(IPS, clusterIPs, 'may specify no more than one IP for each IP family'))
  for (const [index, family] of families.entries()) {
    const wanted = spec.ipFamilies?.[index]
    if (wanted !== undefined && KNOWN_FAMILIES.includes(wanted) && wanted !== family) errors.push(invalid(`${IPS}[${index}]`, clusterIPs[index], `expected an ${wanted} value as indicated by \`ipFamilies[${index}]\``))
  }
  return errors
}

const familyOf = (ip: string): string => (parseIp(ip)?.family === 6 ? 'IPv6' : 'IPv4')

function singleStackErrors({ ipFamilyPolicy = 'SingleStack', clusterIPs = [], ipFamilies = [] }: ServiceSpec): readonly FieldError[] {
  if (ipFamilyPolicy !== 'SingleStack') return []
  const one = (what: string): FieldError => invalid(POLICY, ipFamilyPolicy, `must be 'RequireDualStack' or 'PreferDualStack' when multiple ${what} are specified`)
  return [...(clusterIPs.length === 2 ? [one('cluster IPs')] : []), ...(ipFamilies.length === 2 ? [one('IP families')] : [])]
}

/** Families that only the addresses tell of. */
function inferred({ clusterIPs = [], ipFamilies = [] }: ServiceSpec): { readonly names: readonly string[]; readonly errors: readonly FieldError[] } {
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
function headlessWithoutSelector(spec: ServiceSpec, families: readonly string[]): ServiceSpec {
  const first = families.length === 0 ? [FAMILY] : families
  const other = first[0] === 'IPv4' ? 'IPv6' : 'IPv4'
  const names = first.length < 2 && spec.ipFamilyPolicy !== 'SingleStack' ? [...first, other] : first
  return { ...spec, ipFamilies: names, ipFamilyPolicy: spec.ipFamilyPolicy ?? 'RequireDualStack' }
}

function offerErrors({ ipFamilyPolicy }: ServiceSpec, families: readonly string[]): readonly FieldError[] {
  const dual = ipFamilyPolicy === 'RequireDualStack' ? [invalid(POLICY, ipFamilyPolicy, 'this cluster is not configured for dual-stack services')] : []
  return [...dual, ...families.flatMap((family, index) => (family === FAMILY ? [] : [invalid(`${FAMILIES}[${index}]`, family, 'not configured on this cluster')]))]
}
