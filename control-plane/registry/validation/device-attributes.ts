/** What a device is: its attributes and capacities. */
import { type FieldError, forbidden, invalid, required, tooLong } from '../../../shared/model/field-error.ts'
import type { CapacityRequestPolicy, CapacityRequestPolicyRange, DeviceAttribute, DeviceCapacity } from '../../../shared/model/gen/api.ts'
import { byteLength } from '../../../shared/model/go-text.ts'
import { addQuantities, compareQuantities, quantityValue } from '../../../shared/model/quantity.ts'
import { validateUnique } from './limited-lists.ts'

const LONGEST_VALUE = 64
const MOST_OPTIONS = 10
const EXACTLY_ONE = 'exactly one value must be specified'

const NUMBER = '(0|[1-9]\\d*)'
const PRERELEASE = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const BUILD = '[0-9a-zA-Z-]+'
/** semver.org, 2.0.0. */
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(-${PRERELEASE}(\\.${PRERELEASE})*)?(\\+${BUILD}(\\.${BUILD})*)?$`)

const text = (value: string, field: string): readonly FieldError[] => (byteLength(value) > LONGEST_VALUE ? [tooLong(field, LONGEST_VALUE)] : [])
const version = (value: string, field: string): readonly FieldError[] => [...(VERSION.test(value) ? [] : [invalid(field, value, 'must be a string compatible with semver.org spec 2.0.0')]), ...text(value, field)]

const KINDS = ['bool', 'int', 'string', 'version'] as const

/** Lists of values are not switched on: none is left here. */
export function validateDeviceAttribute(attribute: DeviceAttribute, path: string): readonly FieldError[] {
  const given = KINDS.filter((name) => attribute[name] !== undefined)
  return [
    ...(attribute.string === undefined ? [] : text(attribute.string, `${path}.string`)),
    ...(attribute.version === undefined ? [] : version(attribute.version, `${path}.version`)),
    ...(given.length === 1 ? [] : [invalid(path, given.length === 0 ? '' : printed(attribute), EXACTLY_ONE)]),
  ]
}

/** As Go prints the type. */
const printed = ({ int, bool, string, version: release }: DeviceAttribute): unknown => ({
  IntValue: int ?? null,
  BoolValue: bool ?? null,
  StringValue: string ?? null,
  VersionValue: release ?? null,
  BoolValues: null,
  IntValues: null,
  StringValues: null,
  VersionValues: null,
})

/** Only what may be given to several at once says how it is divided. */
export function validateCapacity({ value, requestPolicy }: DeviceCapacity, isShared: boolean, path: string): readonly FieldError[] {
  if (!requestPolicy) return []
  return isShared ? validatePolicy(String(value), requestPolicy, `${path}.requestPolicy`) : [forbidden(`${path}.requestPolicy`, 'allowMultipleAllocations must be true')]
}

function validatePolicy(capacity: string, { default: fallback, validValues = [], validRange }: CapacityRequestPolicy, path: string): readonly FieldError[] {
  if (validValues.length > 0 && validRange) return [forbidden(path, 'exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time')]
  if (validValues.length > 0) return fallback === undefined ? [required(`${path}.default`, 'required when validValues is defined')] : validateOptions({ fallback: String(fallback), capacity, path: `${path}.validValues` }, validValues.map(String))
  if (!validRange) return []
  return fallback === undefined ? [required(`${path}.default`, 'required when validRange is defined')] : validateRange({ fallback: String(fallback), capacity, path: `${path}.validRange` }, validRange)
}

interface Shared {
  readonly fallback: string
  readonly capacity: string
  readonly path: string
}

function validateOptions({ fallback, capacity, path }: Shared, options: readonly string[]): readonly FieldError[] {
  const unsorted = options.flatMap((option, index) => (index > 0 && compareQuantities(options[index - 1], option) > 0 ? [invalid(`${path}[${index}]`, option, 'values must be sorted in ascending order')] : []))
  const check = (option: string, at: string): readonly FieldError[] => (compareQuantities(option, capacity) > 0 ? [invalid(at, option, `option is larger than capacity value: ${capacity}`)] : [])
  const unique = validateUnique(options, { path, most: MOST_OPTIONS, check, keyOf: (option) => String(quantityValue(option)) })
  return [...unsorted, ...unique, ...(options.some((option) => compareQuantities(option, fallback) === 0) ? [] : [invalid(path, fallback, 'default value is not valid according to the requestPolicy')])]
}

function validateRange(shared: Shared, range: CapacityRequestPolicyRange): readonly FieldError[] {
  const { fallback, capacity, path } = shared
  const [min, max, step] = [range.min, range.max, range.step].map((one) => (one === undefined ? undefined : String(one)))
  if (min === undefined) return [required(`${path}.min`, 'required when validRange is defined')]
  const isMore = (a: string, b: string): boolean => compareQuantities(a, b) > 0
  const errors: FieldError[] = []
  if (isMore(min, capacity)) errors.push(invalid(`${path}.min`, min, `min is larger than capacity value: ${capacity}`))
  if (isMore(min, fallback)) errors.push(invalid(`${path}.default`, fallback, `default is less than min: ${min}`))
  if (max !== undefined) {
    if (isMore(min, max)) errors.push(invalid(`${path}.max`, min, `min is larger than max: ${max}`))
    if (isMore(max, capacity)) errors.push(invalid(`${path}.max`, max, `max is larger than capacity value: ${capacity}`))
    if (isMore(fallback, max)) errors.push(invalid(`${path}.default`, fallback, `default is more than max: ${max}`))
  }
  return step === undefined ? errors : [...errors, ...validateStep(shared, { min, max, step })]
}

function validateStep({ fallback, capacity, path }: Shared, { min, max, step }: { readonly min: string; readonly max: string | undefined; readonly step: string }): readonly FieldError[] {
  const field = `${path}.step`
  if (compareQuantities(step, '0') <= 0) return [invalid(field, step, 'must be greater than zero')]
  const first = addQuantities(min, step)
  const isOff = (value: string): boolean => (quantityValue(value) - quantityValue(min)) % quantityValue(step) !== 0
  return [
    ...(compareQuantities(first, capacity) > 0 ? [invalid(field, step, `one step ${first} is larger than capacity value: ${capacity}`)] : []),
    ...[fallback, ...(max === undefined ? [] : [max])].filter(isOff).map((value) => invalid(field, value, `value is not a multiple of a given step (${step}) from (${min})`)),
  ]
}
