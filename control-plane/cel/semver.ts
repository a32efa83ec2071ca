/** Semantic versions (semver.org, 2.0.0). */
import { isBeyondUint64, semverProblem } from './go-parsing.ts'
import { SemverValue } from './values.ts'

const STRICT = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$/

/** What is short is filled up, and leading zeros are nothing; `undefined` where what is short has more than numbers. */
function normalized(text: string): string | undefined {
  const [major = '', minor, ...patch] = text.replace(/^v/, '').split('.')
  const parts = [major, ...(minor === undefined ? [] : [minor]), ...(patch.length === 0 ? [] : [patch.join('.')])]
  if (parts.length < 3 && /[+-]/.test(parts.at(-1) ?? '')) return undefined
  return [...parts, '0', '0'].slice(0, 3).map((part) => part.replace(/^0+(?=\d)/, '')).join('.')
}

/** @param lenient whether `v1.2` is a version too. */
export function parseSemver(text: string, lenient: boolean): SemverValue | undefined {
  const match = STRICT.exec(lenient ? (normalized(text) ?? '') : text)
  if (!match || match.slice(1, 4).some(isBeyondUint64)) return undefined
  const pre = match[4] === undefined ? [] : match[4].split('.')
  if (pre.some((part) => part === '' || /^0\d+$/.test(part))) return undefined
  return new SemverValue([BigInt(match[1] ?? 0), BigInt(match[2] ?? 0), BigInt(match[3] ?? 0)], pre)
}

/** Why it is none, in the words of the reader that Kubernetes uses. */
export function problemOfSemver(text: string, lenient: boolean): string {
  const read = lenient ? normalized(text) : text
  return read === undefined ? 'short version cannot contain PreRelease/Build meta data' : semverProblem(read)
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
