/** Service addresses and the ranges they come from. */
import { type FieldError, invalid, required } from '../../../shared/model/field-error.ts'
import type { IPAddress, ParentReference, ServiceCIDR } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { cidrProblems, formatCidr, parseCidr } from '../../../shared/model/validation/ip.ts'
import { pathSegmentProblems } from '../../../shared/model/validation/names.ts'
import { quotedList } from '../../../shared/model/schemas/sent-empty.ts'
import { dnsSubdomain, each, objections } from './check.ts'
import { IMMUTABLE } from './storage-class.ts'

export const validateNewIpAddress = ({ spec }: IPAddress): readonly FieldError[] => validateParent(spec?.parentRef)

function validateParent(parent: ParentReference | undefined): readonly FieldError[] {
  const path = 'spec.parentRef'
  if (!parent) return [required(path)]
  const { group, resource, name, namespace } = parent
  const segment = (field: string, value: string): readonly FieldError[] => objections(field, value, pathSegmentProblems(value))
  return [
    ...(group ? dnsSubdomain(`${path}.group`, group) : []),
    ...(resource ? segment(`${path}.resource`, resource) : [required(`${path}.resource`)]),
    ...(name ? segment(`${path}.name`, name) : [required(`${path}.name`)]),
    ...(namespace ? segment(`${path}.namespace`, namespace) : []),
  ]
}

export const validateIpAddressChange = ({ spec }: IPAddress, old: IPAddress): readonly FieldError[] => (deepEqual(spec?.parentRef, old.spec?.parentRef) ? [] : [invalid('spec.parentRef', printedParent(spec?.parentRef), IMMUTABLE)])

/** As Kubernetes' internal type prints it. */
const printedParent = (parent: ParentReference | undefined): object | null => (parent ? { Group: parent.group ?? '', Resource: parent.resource ?? '', Namespace: parent.namespace ?? '', Name: parent.name ?? '' } : null)

const FIELD = 'spec.cidrs'

export const validateNewServiceCidr = ({ spec }: ServiceCIDR): readonly FieldError[] => validateRanges(spec?.cidrs ?? [])

function validateRanges(ranges: readonly string[]): readonly FieldError[] {
  if (ranges.length === 0) return [required(FIELD, 'at least one CIDR required')]
  if (ranges.length > 2) return [invalid(FIELD, { CIDRs: ranges }, 'may only hold up to 2 values')]
  const families = new Set(ranges.map((range) => parseCidr(range)?.address.family))
  if (ranges.length === 2 && (families.size < 2 || families.has(undefined))) return [invalid(FIELD, { CIDRs: ranges }, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64')]
  return each(ranges, FIELD, (range, at) => objections(at, range, rangeProblems(range)))
}

function rangeProblems(range: string): readonly string[] {
  const problems = cidrProblems(range)
  const parsed = parseCidr(range)
  if (problems.length > 0 || !parsed) return problems
  return formatCidr(parsed) === range ? [] : [`must be in canonical form (${JSON.stringify(formatCidr(parsed))})`]
}

/** A range of the other family may be added; nothing else changes. */
export function validateServiceCidrChange({ spec }: ServiceCIDR, old: ServiceCIDR): readonly FieldError[] {
  const [ranges, before] = [spec?.cidrs ?? [], old.spec?.cidrs ?? []]
  const changed = each(ranges, FIELD, (range, at, index) => (before[index] === undefined || before[index] === range ? [] : [invalid(at, range, IMMUTABLE)]))
  if (ranges.length === before.length) return changed
  return before.length === 1 && ranges.length === 2 ? [...changed, ...validateRanges(ranges)] : [invalid(FIELD, quotedList(spec, 'cidrs', spec?.cidrs), IMMUTABLE)]
}
