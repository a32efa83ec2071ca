/** IP addresses and address ranges: read, written canonically, compared and judged in Kubernetes' words. */

export interface IpAddress {
  readonly family: 4 | 6
  /** 4 or 16 bytes. An IPv4-mapped IPv6 address (`::ffff:1.2.3.4`) is read as IPv4, as Go does. */
  readonly bytes: readonly number[]
}

export interface Cidr {
  readonly address: IpAddress
  readonly prefixLength: number
}

/** What `parseIp` knows beside the address, for those who judge it. */
interface Read {
  readonly address: IpAddress
  readonly leadingZeros: boolean
  readonly mapped: boolean
}

function readIpv4(text: string): { readonly bytes: readonly number[]; readonly leadingZeros: boolean } | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^[0-9]{1,10}$/.test(part) && Number(part) <= 255)) return undefined
  return { bytes: parts.map(Number), leadingZeros: parts.some((part) => part.length > 1 && part.startsWith('0')) }
}

const groupBytes = (group: string): readonly number[] | undefined => (/^[0-9a-fA-F]{1,4}$/.test(group) ? [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 255] : undefined)

/** The groups of one side of `::`; the last may be dotted. */
function sideBytes(side: string): readonly number[] | undefined {
  if (side === '') return []
  const bytes: number[] = []
  const groups = side.split(':')
  for (const [index, group] of groups.entries()) {
    const dotted = index === groups.length - 1 && group.includes('.') ? readIpv4(group) : undefined
    const read = dotted && !dotted.leadingZeros ? dotted.bytes : groupBytes(group)
    if (!read) return undefined
    bytes.push(...read)
  }
  return bytes
}

function readIpv6(text: string): readonly number[] | undefined {
  const sides = text.split('::')
  if (sides.length > 2) return undefined
  const head = sideBytes(sides[0] ?? '')
  const tail = sides.length === 2 ? sideBytes(sides[1] ?? '') : []
  if (!head || !tail || (sides.length === 2 && (sides[0] ?? '').includes('.'))) return undefined
  const missing = 16 - head.length - tail.length
  if (sides.length === 1 ? missing !== 0 : missing < 2) return undefined
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail]
}

function read(text: string): Read | undefined {
  if (!text.includes(':')) {
    const four = readIpv4(text)
    return four && { address: { family: 4, bytes: four.bytes }, leadingZeros: four.leadingZeros, mapped: false }
  }
  const bytes = readIpv6(text)
  if (!bytes) return undefined
  const mapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255
  return { address: mapped ? { family: 4, bytes: bytes.slice(12) } : { family: 6, bytes }, leadingZeros: false, mapped }
}

/** The address a text says, or `undefined`. Leading zeros in IPv4 parts are read as decimal, as Kubernetes' stored objects may hold them. */
export const parseIp = (text: string): IpAddress | undefined => read(text)?.address

/** Canonical: no leading zeros, IPv6 in lower case with its longest run of zero groups shortened. */
export function formatIp({ family, bytes }: IpAddress): string {
  if (family === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, index) => ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0))
  const { start, length } = longestZeros(groups)
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':')
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`
}

function longestZeros(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 }
  for (let start = 0; start < groups.length; start++) {
    let length = 0
    while (groups[start + length] === 0) length++
    if (length > best.length) best = { start, length }
  }
  return best
}

/** The range a text says, its host bits kept as written, or `undefined`. */
export function parseCidr(text: string): Cidr | undefined {
  const [ip = '', length = '', ...rest] = text.split('/')
  const found = read(ip)
  if (!found || rest.length > 0 || !/^[0-9]{1,3}$/.test(length)) return undefined
  const max = found.mapped ? 128 : found.address.family === 4 ? 32 : 128
  const prefixLength = Number(length) - (found.mapped ? 96 : 0)
  return Number(length) <= max && prefixLength >= 0 ? { address: found.address, prefixLength } : undefined
}

export const formatCidr = (cidr: Cidr): string => `${formatIp(networkOf(cidr))}/${cidr.prefixLength}`

/** The first address of the range: host bits cleared. */
export function networkOf({ address, prefixLength }: Cidr): IpAddress {
  return { family: address.family, bytes: address.bytes.map((byte, index) => byte & maskByte(prefixLength - index * 8)) }
}

const maskByte = (bits: number): number => (bits >= 8 ? 255 : bits <= 0 ? 0 : (255 << (8 - bits)) & 255)

/** Whether the address lies in the range. */
export function cidrContains(cidr: Cidr, address: IpAddress): boolean {
  if (cidr.address.family !== address.family) return false
  return cidr.address.bytes.every((byte, index) => {
    const mask = maskByte(cidr.prefixLength - index * 8)
    return (byte & mask) === ((address.bytes[index] ?? 0) & mask)
  })
}

export const NOT_AN_IP = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'
export const NOT_A_CIDR = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

/** For new fields: neither leading zeros nor IPv4 in IPv6's clothes. */
export function ipProblems(text: string): readonly string[] {
  const found = read(text)
  if (!found) return [NOT_AN_IP]
  return [...(found.leadingZeros ? ['must not have leading 0s'] : []), ...(found.mapped ? ['must not be an IPv4-mapped IPv6 address'] : [])]
}

/** For new fields: beside what {@link ipProblems} asks, no bits beyond the prefix. */
export function cidrProblems(text: string): readonly string[] {
  const cidr = parseCidr(text)
  if (!cidr) return [NOT_A_CIDR]
  const [ip = '', length = ''] = text.split('/')
  const problems = [...ipProblems(ip)]
  if (length.length > 1 && length.startsWith('0')) problems.push('must not have leading 0s in prefix length')
  if (formatIp(networkOf(cidr)) !== formatIp(cidr.address)) problems.push('must not have bits set beyond the prefix length')
  return problems
}

/** Every objection against a name that must be an address in its one canonical form. */
export function addressNameProblems(name: string): readonly string[] {
  const problems = ipProblems(name)
  const address = parseIp(name)
  if (problems.length > 0 || !address || formatIp(address) === name) return problems
  return [`must be in canonical form (${JSON.stringify(formatIp(address))})`]
}
