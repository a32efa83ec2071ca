/** The addresses and ports that services may have. PURE. */
import type { Random } from '../../../../shared/kit/random.ts'
import { randomInt } from '../../../../shared/kit/random.ts'

export interface ServiceRanges {
  /** `10.96.0.0/16`. */
  readonly serviceCidr: string
  readonly nodePorts: { readonly first: number; readonly last: number }
}

export const defaultRanges: ServiceRanges = { serviceCidr: '10.96.0.0/16', nodePorts: { first: 30_000, last: 32_767 } }

export interface IpRange {
  /** The first address as a number. */
  readonly base: number
  /** Addresses that can be given out: all but the first and the last. */
  readonly size: number
  /** The lowest of them are left to those who ask for one by name, as long as there are others. */
  readonly reserved: number
}

export function ipRange(cidr: string): IpRange {
  const [address = '0.0.0.0', bits = '32'] = cidr.split('/')
  const total = 2 ** (32 - Number(bits))
  const size = Math.max(0, total - 2)
  return { base: toNumber(address) ?? 0, size, reserved: Math.min(Math.max(16, Math.floor(total / 16)), 256, size) }
}

/** `undefined` for what is no IPv4 address. */
export function toNumber(ip: string): number | undefined {
  const parts = ip.split('.').map(Number)
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return undefined
  return parts.reduce((sum, part) => sum * 256 + part, 0)
}

export const toIp = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.')

export function inRange({ base, size }: IpRange, ip: string): boolean {
  const value = toNumber(ip)
  return value !== undefined && value > base && value <= base + size
}

/** Candidates in a random order of places, those that are not reserved first. Each once, at most `count`. */
export function* candidates(range: { readonly size: number; readonly reserved: number }, random: Random, count: number): Generator<number> {
  const free = range.size - range.reserved
  let left = count
  const rounds = [
    { from: range.reserved, length: free },
    { from: 0, length: range.reserved },
  ]
  for (const { from, length } of rounds) {
    if (length <= 0) continue
    const start = randomInt(random, length)
    for (let step = 0; step < length && left > 0; step++, left--) yield from + ((start + step) % length)
  }
}
