import fc from 'fast-check'
import { expect, test } from 'vitest'
import { formatFieldSelector, parseFieldSelector, type FieldRequirement } from './field-selector.ts'
import { canonicalQuantity, formatQuantity, parseQuantity, type Quantity } from './quantity.ts'
import { formatRequirements, parseLabelSelector, type LabelRequirement } from './selectors.ts'
import { formatMicroTime, formatTime, parseTime } from './time.ts'

const NANO = 1_000_000_000n

const quantity: fc.Arbitrary<Quantity> = fc.oneof(
  fc.record({ nanos: fc.bigInt({ min: -(10n ** 27n), max: 10n ** 27n }), format: fc.constantFrom('DecimalSI' as const, 'DecimalExponent' as const) }),
  fc.record({ nanos: fc.bigInt({ min: 1024n, max: 2n ** 62n }).map((value) => value * NANO), format: fc.constant('BinarySI' as const) }),
)

test('safety: a quantity that is written is read as the same amount, and written again as the same text', () => {
  fc.assert(
    fc.property(quantity, (one) => {
      const text = formatQuantity(one)
      const read = parseQuantity(text)
      expect(read?.nanos).toBe(one.nanos)
      expect(read && formatQuantity(read)).toBe(text)
      expect(canonicalQuantity(text)).toBe(text)
    }),
  )
})

test('safety: the canonical form of any quantity text is its own canonical form', () => {
  const text = fc.tuple(fc.constantFrom('', '+', '-'), fc.nat(10 ** 9), fc.option(fc.nat(10 ** 6), { nil: undefined }), fc.constantFrom('', 'n', 'u', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi', 'e3', 'E-2', 'e12'))
  fc.assert(
    fc.property(text, ([sign, whole, fraction, suffix]) => {
      const canonical = canonicalQuantity(`${sign}${whole}${fraction === undefined ? '' : `.${fraction}`}${suffix}`)
      expect(canonical === undefined ? undefined : canonicalQuantity(canonical)).toBe(canonical)
    }),
  )
})

const year = (n: number): number => Date.UTC(n, 0, 1)
const moment = fc.integer({ min: year(1), max: year(9999) })

test('safety: a time that is written is read as the same second, a micro time as the same millisecond', () => {
  fc.assert(
    fc.property(moment, (ms) => {
      expect(parseTime(formatTime(ms))).toBe(Math.floor(ms / 1000) * 1000)
      expect(Math.round(parseTime(formatMicroTime(ms)) ?? 0)).toBe(ms)
      expect(formatTime(parseTime(formatTime(ms)) ?? 0)).toBe(formatTime(ms))
    }),
  )
})

test('safety: a time in another writing is the same time, and what is none is none', () => {
  fc.assert(
    fc.property(moment, fc.nat({ max: 19 }), fc.constantFrom('x', ' ', '/', ':', '-'), (ms, at, letter) => {
      const plain = formatTime(ms)
      expect(parseTime(`${plain.slice(0, 19)}.0Z`)).toBe(parseTime(plain))
      expect(parseTime(`${plain.slice(0, 19)}+00:00`)).toBe(parseTime(plain))
      const broken = plain.slice(0, at) + letter + plain.slice(at + 1)
      if (broken !== plain && !(at === 10 && letter === ' ')) expect(parseTime(broken)).toBe(undefined)
    }),
  )
  for (const none of ['2026-13-01T00:00:00Z', '2026-00-01T00:00:00Z', '2026-01-32T00:00:00Z', '2026-01-01T24:00:00Z', '2026-01-01T00:60:00Z', '2026-01-01T00:00:61Z', '2026-01-01T00:00:0\u0660Z', '', undefined, null as unknown as undefined]) expect(parseTime(none)).toBe(undefined)
})

const labelName = fc.stringMatching(/^[a-z][a-z0-9]{0,5}(?:[-_.][a-z0-9]{1,4})?$/)
const labelKey = fc.oneof(labelName, fc.tuple(labelName, labelName).map(([prefix, name]) => `${prefix.replaceAll('_', '-')}.example/${name}`))
const sorted = (values: readonly string[]): readonly string[] => [...new Set(values)].toSorted()
const labelRequirement: fc.Arbitrary<LabelRequirement> = fc.oneof(
  fc.record({ key: labelKey, operator: fc.constantFrom('=' as const, '!=' as const), values: labelName.map((value) => [value]) }),
  fc.record({ key: labelKey, operator: fc.constantFrom('in' as const, 'notin' as const), values: fc.array(labelName, { minLength: 1, maxLength: 3 }).map(sorted) }),
  fc.record({ key: labelKey, operator: fc.constantFrom('exists' as const, '!' as const), values: fc.constant<readonly string[]>([]) }),
  fc.record({ key: labelKey, operator: fc.constantFrom('>' as const, '<' as const), values: fc.nat().map((value) => [String(value)]) }),
)
const byKey = (requirements: readonly LabelRequirement[]): readonly LabelRequirement[] => requirements.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))

test('safety: a label selector that is written is read as the same', () => {
  fc.assert(
    fc.property(fc.array(labelRequirement, { maxLength: 5 }), (requirements) => {
      expect(parseLabelSelector(formatRequirements(requirements))).toEqual({ kind: 'selector', requirements: byKey(requirements) })
    }),
  )
})

test('safety: no text makes the readers of selectors fail', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'ab=!,()<> \\\u00e4in0'), maxLength: 20 }), (text) => {
      expect(['selector', 'refused']).toContain(parseLabelSelector(text).kind)
      expect(['selector', 'refused']).toContain(parseFieldSelector(text).kind)
    }),
  )
})

const fieldRequirement: fc.Arbitrary<FieldRequirement> = fc.record({ field: fc.stringMatching(/^[a-z]{1,6}(?:\.[a-zA-Z]{1,6})?$/), operator: fc.constantFrom('=' as const, '!=' as const), value: fc.string({ maxLength: 8 }) })

const termOf = (one: FieldRequirement): string => formatFieldSelector([one])

test('safety: a field selector that is written is read as the same, its terms in order', () => {
  fc.assert(
    fc.property(fc.array(fieldRequirement, { maxLength: 4 }), (requirements) => {
      const inOrder = requirements.toSorted((a, b) => (termOf(a) < termOf(b) ? -1 : 1))
      expect(parseFieldSelector(formatFieldSelector(requirements))).toEqual({ kind: 'selector', requirements: inOrder })
    }),
  )
})
