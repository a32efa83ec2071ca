/** IPv4 ranges as numbers. Pure. */
export interface Range {
  /** The first address, as a number. */
  readonly base: number
  readonly prefix: number
}

/** Undefined for anything that is not `a.b.c.d/n`. */
export function parseRange(text: string): Range | undefined {
  const [address = '', prefixText = ''] = text.split('/')
  const value = parseIp(address)
  const prefix = /^\d{1,2}$/.test(prefixText) ? Number(prefixText) : 33
  if (value === undefined || prefix > 32) return undefined
  const size = 2 ** (32 - prefix)
  return { base: Math.floor(value / size) * size, prefix }
}

export function parseIp(text: string): number | undefined {
  const parts = text.split('.')
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined
  return parts.reduce((value, part) => value * 256 + Number(part), 0)
}

export const formatIp = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')

export const sizeOf = ({ prefix }: Range): number => 2 ** (32 - prefix)

export function isInRange({ base, prefix }: Range, ip: string): boolean {
  const value = parseIp(ip)
  return value !== undefined && value >= base && value < base + 2 ** (32 - prefix)
}

/** The first address after the net's own: the bridge. */
export const gatewayOf = ({ base }: Range): string => formatIp(base + 1)

/** Always the same for an address: what neighbours remember of a former pod with this address stays true. */
export const macOf = (ip: string): string => `0a:58:${ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0')).join(':')}`
