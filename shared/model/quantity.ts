/** `resource.Quantity`: fixed-point numbers with a suffix, read and written as Kubernetes canonicalizes them. */

/** How a quantity was written, which is how it is written again. */
export type QuantityFormat = 'BinarySI' | 'DecimalSI' | 'DecimalExponent'

/** An exact amount in billionths, the smallest step Kubernetes knows. */
export interface Quantity {
  readonly nanos: bigint
  readonly format: QuantityFormat
}

export const QUANTITY_FORMAT_MESSAGE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
const SUFFIX_MESSAGE = "unable to parse quantity's suffix"
const NUMERIC_MESSAGE = 'unable to parse numeric part of quantity'

const NANO = 1_000_000_000n
const MILLI = 1_000_000n
const MAX_BINARY = (2n ** 63n - 1n) * NANO
/** Beyond these exponents and digits a number would be absurd, and working with it a way to keep a server busy. */
const MAX_EXPONENT = 400
const MAX_DIGITS = 1000
/** No digit is left to the suffix that the number could have: long texts would be cut in every way. */
const QUANTITY = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?![0-9])([eEinumkKMGTP]*[-+]?[0-9]*)$/

const decimalExponents: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, '': 0, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 }
const binaryExponents: Readonly<Record<string, bigint>> = { Ki: 10n, Mi: 20n, Gi: 30n, Ti: 40n, Pi: 50n, Ei: 60n }
const decimalSuffixes = ['n', 'u', 'm', '', 'k', 'M', 'G', 'T', 'P', 'E'] as const
const binarySuffixes = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'] as const

type Parsed = { readonly kind: 'quantity'; readonly quantity: Quantity; readonly canonical: string } | { readonly kind: 'problem'; readonly message: string }

const REMEMBERED = 4096
const parsedByText = new Map<string, Parsed>()

/** Clusters hold few different quantities, each read many times. */
function remember(text: string): Parsed {
  const known = parsedByText.get(text)
  if (known) return known
  const parsed = parse(text)
  if (parsedByText.size >= REMEMBERED) parsedByText.clear()
  if (text.length <= 32) parsedByText.set(text, parsed)
  return parsed
}

function parse(text: string): Parsed {
  const match = text === '' ? null : QUANTITY.exec(text)
  if (!match) return { kind: 'problem', message: QUANTITY_FORMAT_MESSAGE }
  const [, sign, padded = '', fraction = '', suffix = ''] = match
  const whole = padded.replace(/^0+/, '')
  if (whole.length + fraction.length > MAX_DIGITS) return { kind: 'problem', message: NUMERIC_MESSAGE }
  const scaled = scale(BigInt(`${whole}${fraction}` || '0'), fraction.length, suffix)
  if (!scaled) return { kind: 'problem', message: SUFFIX_MESSAGE }
  const quantity = sign === '-' ? { ...scaled, nanos: -scaled.nanos } : scaled
  const keeps = looksCanonical({ digits: `${whole || '0'}${fraction}`, places: fraction.length, suffix })
  return { kind: 'quantity', quantity, canonical: keeps ? text : formatQuantity(quantity) }
}

/** Kubernetes keeps a text that passes this quick look as it was written: `1E3`, `+1` and `1.500` are kept, `1000m` and `0.5` are not. */
function looksCanonical({ digits, places, suffix }: { readonly digits: string; readonly places: number; readonly suffix: string }): boolean {
  const binary = binaryExponents[suffix]
  if (binary !== undefined) return places === 0 && digits.length <= 14 - Math.floor(Number(binary) * 0.3) && BigInt(digits) % 8n !== 0n
  const exponent = (decimalExponents[suffix] ?? Number(suffix.slice(1))) - places
  return digits.length <= 18 && exponent >= -9 && exponent % 3 === 0 && !digits.endsWith('000') && !digits.startsWith('0')
}

/** `digits / 10^places`, times what the suffix says, in billionths and rounded away from zero. */
function scale(digits: bigint, places: number, suffix: string): Quantity | undefined {
  const binary = binaryExponents[suffix]
  if (binary !== undefined) {
    const nanos = shift(digits * 2n ** binary, 9 - places)
    const capped = nanos > MAX_BINARY ? MAX_BINARY : nanos
    return { nanos: capped, format: capped > 0n && capped < NANO ? 'DecimalSI' : 'BinarySI' }
  }
  const decimal = decimalExponents[suffix]
  if (decimal !== undefined) return { nanos: shift(digits, 9 - places + decimal), format: 'DecimalSI' }
  const exponent = /^[eE]([-+]?[0-9]+)$/.exec(suffix)
  if (!exponent || Math.abs(Number(exponent[1])) > MAX_EXPONENT) return undefined
  return { nanos: shift(digits, 9 - places + Number(exponent[1])), format: 'DecimalExponent' }
}

const shift = (value: bigint, digits: number): bigint => (digits >= 0 ? value * 10n ** BigInt(digits) : divideUp(value, 10n ** BigInt(-digits)))

/** Rounds up (towards positive infinity). */
function divideUp(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value > 0n && quotient * by !== value ? quotient + 1n : quotient
}

/** The quantity a text says, or `undefined` if it says none ({@link quantityProblem} tells why). */
export function parseQuantity(text: string): Quantity | undefined {
  const parsed = remember(text)
  return parsed.kind === 'quantity' ? parsed.quantity : undefined
}

/** Kubernetes' words for what is wrong with a text, or `undefined` for a good one. */
export function quantityProblem(text: string): string | undefined {
  const parsed = remember(text)
  return parsed.kind === 'problem' ? parsed.message : undefined
}

/** The canonical text: no fraction, the largest suffix that needs none, in the format it was written in (an exponent beyond `E`). */
export function formatQuantity({ nanos, format }: Quantity): string {
  if (nanos === 0n) return '0'
  const whole = nanos % NANO === 0n
  const small = nanos > -1024n * NANO && nanos < 1024n * NANO
  if (format === 'BinarySI' && whole && !small) return formatBinary(nanos / NANO)
  return formatDecimal(nanos, format === 'DecimalExponent')
}

function formatBinary(value: bigint): string {
  let mantissa = value
  let power = 0
  while (mantissa % 1024n === 0n && power < binarySuffixes.length - 1) {
    mantissa /= 1024n
    power++
  }
  return `${mantissa}${binarySuffixes[power]}`
}

function formatDecimal(nanos: bigint, exponential: boolean): string {
  const digits = String(nanos)
  let end = digits.length
  while (digits.endsWith('000', end)) end -= 3
  const power = (digits.length - end) / 3
  const suffix = exponential ? undefined : decimalSuffixes[power]
  return `${digits.slice(0, end)}${suffix ?? (power === 3 ? '' : `e${power * 3 - 9}`)}`
}

/** How Kubernetes writes what it read from a text (or a JSON number), or `undefined` if that is no quantity. */
export function canonicalQuantity(value: string | number): string | undefined {
  const parsed = remember(typeof value === 'string' ? value.trim() : String(value))
  return parsed.kind === 'quantity' ? parsed.canonical : undefined
}

/** The text itself if it is a whole number of thousandths; else the next higher one, as resource lists are defaulted. */
export function roundUpToMillis(text: string): string {
  const quantity = parseQuantity(text)
  if (!quantity || quantity.nanos % MILLI === 0n) return text
  return formatQuantity({ ...quantity, nanos: divideAway(quantity.nanos, MILLI) * MILLI })
}

const divideAway = (value: bigint, by: bigint): bigint => (value < 0n ? -divideUp(-value, by) : divideUp(value, by))

const nanosOf = (text: string | undefined): bigint => (text === undefined ? 0n : (parseQuantity(text)?.nanos ?? 0n))

/** Below zero, zero or above, as `a` is less than, equal to or more than `b`. What is absent or no quantity counts as zero. */
export function compareQuantities(a: string | undefined, b: string | undefined): number {
  if (a === b) return 0
  const difference = nanosOf(a) - nanosOf(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** The sum, in the format of `a` (of `b` if `a` is zero). */
export const addQuantities = (a: string | undefined, b: string | undefined): string => combine(a, b, nanosOf(a) + nanosOf(b))

/** The difference, in the format of `a` (of `b` if `a` is zero). */
export const subtractQuantities = (a: string | undefined, b: string | undefined): string => combine(a, b, nanosOf(a) - nanosOf(b))

function combine(a: string | undefined, b: string | undefined, nanos: bigint): string {
  const format = parseQuantity((nanosOf(a) === 0n ? b : a) ?? '0')?.format ?? 'DecimalSI'
  return formatQuantity({ nanos, format })
}

const millisByText = new Map<string, number>()
const valueByText = new Map<string, number>()

/** Thousandths, rounded up: what `cpu` is counted in. Absent or no quantity: 0. */
export const cpuMillis = (text: string | undefined): number => memoized(millisByText, text, MILLI)

/** The next whole number: bytes of memory, counts. Absent or no quantity: 0. Exact up to 2^53. */
export const quantityValue = (text: string | undefined): number => memoized(valueByText, text, NANO)

function memoized(known: Map<string, number>, text: string | undefined, unit: bigint): number {
  if (text === undefined) return 0
  const found = known.get(text)
  if (found !== undefined) return found
  const value = Number(divideUp(nanosOf(text), unit))
  if (known.size >= REMEMBERED) known.clear()
  known.set(text, value)
  return value
}
