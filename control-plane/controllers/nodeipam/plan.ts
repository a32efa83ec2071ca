/** Cutting nodes' pod ranges from the cluster's. PURE, IPv4. */

/** Bits of a node's own range: 256 addresses. */
export const NODE_MASK_BITS = 24

export interface CidrRange {
  /** As a number. */
  readonly base: number
  readonly bits: number
}

/** `undefined` for what is no IPv4 range. */
export function parseCidr(text: string): CidrRange | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text)
  if (!match) return undefined
  const [a, b, c, d, bits] = match.slice(1).map(Number) as [number, number, number, number, number]
  if (Math.max(a, b, c, d) > 255 || bits > 32) return undefined
  const address = ((a * 256 + b) * 256 + c) * 256 + d
  return { base: address - (address % sizeOf(bits)), bits }
}

export const formatCidr = ({ base, bits }: CidrRange): string => `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${bits}`

const sizeOf = (bits: number): number => 2 ** (32 - bits)
const overlap = (a: CidrRange, b: CidrRange): boolean => a.base < b.base + sizeOf(b.bits) && b.base < a.base + sizeOf(a.bits)

/** The lowest free node range; `undefined` when all are taken. */
export function nextCidr(cluster: CidrRange, taken: readonly string[]): string | undefined {
  const used = taken.flatMap((text) => parseCidr(text) ?? [])
  const step = sizeOf(NODE_MASK_BITS)
  for (let base = cluster.base; base + step <= cluster.base + sizeOf(cluster.bits); base += step) {
    const range = { base, bits: NODE_MASK_BITS }
    if (!used.some((other) => overlap(range, other))) return formatCidr(range)
  }
  return undefined
}
