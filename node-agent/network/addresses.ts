import { formatIp, parseIp, type Range, sizeOf } from './cidr.ts'

/**
 * The next free address after the one given last, so that an address rests as long as possible before it serves another pod.
 * The net's own address, the bridge's and the broadcast address are never given. Pure; undefined where all are taken.
 */
export function nextAddress(range: Range, taken: ReadonlySet<string>, last: string | undefined): string | undefined {
  const usable = sizeOf(range) - 3
  if (usable <= 0) return undefined
  const first = range.base + 2
  const lastValue = last === undefined ? undefined : parseIp(last)
  const start = lastValue === undefined || lastValue < first || lastValue >= first + usable ? 0 : lastValue + 1 - first
  for (let step = 0; step < usable; step++) {
    const candidate = formatIp(first + ((start + step) % usable))
    if (!taken.has(candidate)) return candidate
  }
  return undefined
}
