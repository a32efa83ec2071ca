import { type FieldError, invalid } from '../../../shared/model/field-error.ts'
import { cidrContains, cidrProblems, formatIp, ipProblems, parseCidr, parseIp } from '../../../shared/model/validation/ip.ts'
import { objections } from './check.ts'

/** An address, in none of the unusual ways to write one. */
export const ip = (field: string, text: string): readonly FieldError[] => objections(field, text, ipProblems(text))

/** A range, with no bits beyond its prefix. */
export const cidr = (field: string, text: string): readonly FieldError[] => objections(field, text, cidrProblems(text))

/** An address of an interface with the prefix of its network, written in its one canonical form. */
export function interfaceAddress(field: string, text: string): readonly FieldError[] {
  const read = parseCidr(text)
  if (!read) return [invalid(field, text, 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)')]
  const canonical = `${formatIp(read.address)}/${read.prefixLength}`
  return text === canonical ? [] : [invalid(field, text, `must be in canonical form (${JSON.stringify(canonical)})`)]
}

const ranges: ReadonlyArray<readonly [ranges: readonly string[], message: string]> = [
  [['127.0.0.0/8', '::1/128'], 'may not be in the loopback range (127.0.0.0/8, ::1/128)'],
  [['169.254.0.0/16', 'fe80::/10'], 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
  [['224.0.0.0/24', 'ff02::/16'], 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
]

/** An address that traffic may be sent to: not one with a meaning of its own. */
export function endpointIp(field: string, text: string): readonly FieldError[] {
  const address = parseIp(text)
  if (!address) return [invalid(field, text, 'must be a valid IP address')]
  if (address.bytes.every((byte) => byte === 0)) return [invalid(field, text, `may not be unspecified (${text})`)]
  return ranges.flatMap(([listed, message]) =>
    listed.some((range) => {
      const parsed = parseCidr(range)
      return parsed !== undefined && cidrContains(parsed, address)
    })
      ? [invalid(field, text, message)]
      : [],
  )
}
