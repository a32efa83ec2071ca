/** Semantic versions (semver.org, 2.0.0). */
import { SemverValue } from './values.ts'

const STRICT = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/
const LENIENT = /^\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?\s*$/

/** @param lenient whether `v1.2` is a version too. */
export function parseSemver(text: string, lenient: boolean): SemverValue | undefined {
  const match = (lenient ? LENIENT : STRICT).exec(text)
  if (!match) return undefined
  const pre = match[4] === undefined ? [] : match[4].split('.')
  if (pre.some((part) => part === '' || /^0\d+$/.test(part))) return undefined
  return new SemverValue([BigInt(match[1] ?? 0), BigInt(match[2] ?? 0), BigInt(match[3] ?? 0)], pre)
}

export function compareSemver(a: SemverValue, b: SemverValue): number {
  for (const [index, part] of a.parts.entries()) {
    const other = b.parts[index] ?? 0n
    if (part !== other) return part < other ? -1 : 1
  }
  if (a.pre.length === 0 || b.pre.length === 0) return a.pre.length === b.pre.length ? 0 : a.pre.length === 0 ? 1 : -1
  for (let index = 0; index < Math.max(a.pre.length, b.pre.length); index++) {
    const order = comparePre(a.pre[index], b.pre[index])
    if (order !== 0) return order
  }
  return 0
}

/** Fewer parts come first, numbers before words. */
function comparePre(a: string | undefined, b: string | undefined): number {
  if (a === undefined || b === undefined) return a === b ? 0 : a === undefined ? -1 : 1
  const [left, right] = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (left && right) return Math.sign(Number(a) - Number(b))
  if (left !== right) return left ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
