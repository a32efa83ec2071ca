/** Why Go's readers refuse an address, a range or a version: tools show these words. */

const quoted = (text: string): string => JSON.stringify(text)

/** As `netip.ParseAddr` says it; for a text that it refuses. */
export function addressProblem(text: string): string {
  const say = (why: string, at = ''): string => `ParseAddr(${quoted(text)}): ${why}${at === '' ? '' : ` (at ${quoted(at)})`}`
  const first = /[.:%]/.exec(text)?.[0]
  if (first === undefined) return say('unable to parse IP')
  if (first === '%') return say('missing IPv6 address')
  if (first === ':') return ipv6Problem(text, say)
  let fields = 0
  let digits = ''
  for (const [index, char] of [...text].entries()) {
    if (/\d/.test(char)) {
      if (digits === '0') return say('IPv4 field has octet with leading zero')
      digits += char
      if (Number(digits) > 255) return say('IPv4 field has value >255')
    } else if (char === '.') {
      if (digits === '' || index === text.length - 1) return say('IPv4 field must have at least one digit', text.slice(index))
      if (fields === 3) return say('IPv4 address too long')
      fields++
      digits = ''
    } else return say('unexpected character', text.slice(index))
  }
  return say('IPv4 address too short')
}

function ipv6Problem(text: string, say: (why: string, at?: string) => string): string {
  const strange = /[^0-9a-fA-F:.]/.exec(text)
  if (strange) {
    const begins = strange.index === 0 || text.charAt(strange.index - 1) === ':'
    return begins ? say('each colon-separated field must have at least one digit', text.slice(strange.index)) : say('unexpected character, want colon', text.slice(strange.index))
  }
  const empty = /^::(?=:)|(?<=[^:]::)(?=:)/.exec(text)
  if (empty) return say('each colon-separated field must have at least one digit', text.slice(empty.index + empty[0].length))
  const long = /[0-9a-fA-F]{5,}/.exec(text)
  if (long) return say('each group must have 4 or less digits', text.slice(long.index))
  if (/::.*::/.test(text)) return say('multiple :: in address', text.slice(text.lastIndexOf('::') + 1))
  if (/[^:]:$/.test(text)) return say('colon must be followed by more characters', ':')
  return text.split(':').length > 8 ? say('trailing garbage after address', text.split(':').slice(8).join(':')) : say('address string too short')
}

/** As `netip.ParsePrefix` says it; for a text that it refuses. */
export function prefixProblem(text: string): string {
  const say = (why: string): string => `netip.ParsePrefix(${quoted(text)}): ${why}`
  const slash = text.lastIndexOf('/')
  if (slash < 0) return say("no '/'")
  const bits = text.slice(slash + 1)
  const address = text.slice(0, slash)
  if (!isAddress(address)) return say(addressProblem(address))
  if (!/^(?:0|[1-9]\d*)$/.test(bits)) return say(`bad bits after slash: ${quoted(bits)}`)
  return say('prefix length out of range')
}

const isAddress = (text: string): boolean => (text.includes(':') ? /^[0-9a-fA-F:.]+$/.test(text) : /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/.test(text) && text.split('.').every((part) => Number(part) <= 255))

const NUMBERS = ['major', 'minor', 'patch'] as const

/** Of digits. */
export const isBeyondUint64 = (number: string): boolean => /^[1-9]/.test(number) && (number.length > 20 || BigInt(number) >= 2n ** 64n)

/** As the reader of versions says it; for a text that it refuses. */
export function semverProblem(text: string): string {
  if (text === '') return 'Version string empty'
  const parts = text.split('.')
  if (parts.length < 3) return 'No Major.Minor.Patch elements found'
  const numbers = [parts[0] ?? '', parts[1] ?? '', parts.slice(2).join('.').replace(/[-+].*$/s, '')]
  for (const [index, name] of NUMBERS.entries()) {
    const number = numbers[index] ?? ''
    if (!/^\d*$/.test(number)) return `Invalid character(s) found in ${name} number ${quoted(number)}`
    if (isBeyondUint64(number)) return `strconv.ParseUint: parsing ${quoted(number)}: value out of range`
    if (/^0\d/.test(number)) return `${name.charAt(0).toUpperCase()}${name.slice(1)} number must not contain leading zeroes ${quoted(number)}`
  }
  return `Invalid character(s) found in prerelease ${quoted(/-([^+]*)/.exec(text)?.[1] ?? '')}`
}
