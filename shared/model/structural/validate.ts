/** Whether a value fits a schema, in Kubernetes' words and order. */
import { type FieldError, invalid, notSupported, required, tooLong, tooMany, typeInvalid } from '../field-error.ts'
import { isJsonObject, isNumber, isWhole, type Json, type JsonObject } from '../json.ts'
import { correlatedItems, correlatedMember, type Correlated, isUnchanged } from './correlate.ts'
import { hasFormat, isKnownFormat } from './formats.ts'
import { isIntOrString, itemsOf, type PropsSchema, sortedProperties, valuesOf } from './schema.ts'
import { hasPattern } from './patterns.ts'
import { sorted } from './list-types.ts'

export interface ValidateOptions {
  /** Stands before every path in the field of an error: `status`. */
  readonly prefix?: string
  /** What an update replaces: what has not changed is not judged again. */
  readonly before?: Correlated | undefined
}

export function validateValue(schema: PropsSchema, value: Json, { prefix = '', before }: ValidateOptions = {}): readonly FieldError[] {
  const { errors } = judge({ schema, value, path: '', before })
  return prefix === '' ? errors : errors.map((error) => ({ ...error, field: error.field === '<nil>' ? prefix : `${prefix}.${error.field}` }))
}

interface Judged {
  readonly errors: readonly FieldError[]
  /** How much of the schema was looked at: of several that fail, the one that was followed furthest tells why. */
  readonly matches: number
}

interface Subject {
  readonly schema: PropsSchema
  readonly value: Json
  readonly path: string
  /** Within allOf, anyOf and the like nothing is ratcheted by itself. */
  readonly before: Correlated | undefined
}

function judge(subject: Subject): Judged {
  const judged = judgeAnew(subject)
  return judged.errors.length > 0 && isUnchanged(subject.before, subject.value) ? { ...judged, errors: [] } : judged
}

type Validator = (subject: Subject) => Judged | undefined

function judgeAnew(subject: Subject): Judged {
  const isNull = subject.value === null
  const validators: readonly Validator[] = isNull ? [judgeType, judgeEnum] : [judgeType, judgeCombined, judgeString, judgeFormat, judgeNumber, judgeList, judgeEnum, judgeObject]
  // Never as the arguments of a call: there may be more than a stack holds.
  let errors: readonly FieldError[] = []
  let matches = isNull ? 0 : 1
  for (const validator of validators) {
    const judged = validator(subject)
    if (!judged) continue
    if (judged.errors.length > 0) errors = errors.length === 0 ? judged.errors : [...errors, ...judged.errors]
    matches += judged.matches + (isNull ? 0 : 1)
  }
  return { errors, matches }
}

/** @param matches beside the one that it has been asked. */
const result = (errors: readonly FieldError[], matches = 0): Judged => ({ errors, matches })
const sumOf = (all: readonly Judged[]): number => all.reduce((sum, one) => sum + one.matches, 0)
const fieldOf = (path: string): string => (path === '' ? '<nil>' : path)

export function typeNameOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  // Other large numbers were no whole ones as they were written, or are none that 64 bits hold.
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number'
  return typeof value === 'bigint' ? 'integer' : typeof value
}

const typesOf = (schema: PropsSchema): readonly string[] => (isIntOrString(schema) ? ['integer', 'string'] : schema.type === undefined || schema.type === '' ? [] : [schema.type])

function judgeType({ schema, value, path }: Subject): Judged | undefined {
  const types = typesOf(schema)
  const format = textFormatOf(schema)
  if (types.length === 0 && format === undefined) return undefined
  const found = typeNameOf(value)
  const fits = types.includes(found) || (found === 'integer' && types.includes('number'))
  if (fits || (value === null && (types.length === 0 || schema.nullable === true))) return result([], 1)
  const wanted = (type: string, is: string): Judged => result([typeInvalid(fieldOf(path), is, `${path} in body must be of type ${type}: ${JSON.stringify(is)}`)])
  if (format === undefined || value === null) return wanted(types.join(','), found)
  // Of a format alone texts and lists are asked, and lists never fail.
  if (found !== 'string' && found !== 'array') return wanted(format, NUMBER_FORMATS[found] ?? '')
  return types.includes('number') || types.includes('integer') ? wanted(types.join(','), found) : result([], 1)
}

const NUMBER_FORMATS: Readonly<Record<string, string>> = { integer: 'int64', number: 'float64' }

/** Formats of numbers, and those that nobody knows, are no matter. */
const textFormatOf = ({ format }: PropsSchema): string | undefined => (format && isKnownFormat(format) ? format : undefined)

function judgeCombined(subject: Subject): Judged | undefined {
  const { schema, path } = subject
  const { anyOf = [], oneOf = [], allOf = [], not } = schema
  if (anyOf.length + oneOf.length + allOf.length === 0 && !not) return result([], 1)
  const say = (message: string): FieldError => invalid('<nil>', '', `${JSON.stringify(path)} must ${message}`)
  const by = (one: PropsSchema): Judged => judge({ ...subject, schema: one, before: undefined })
  let errors: readonly FieldError[] = []
  let matches = 1
  const add = (more: readonly FieldError[]): void => void (errors = [...errors, ...more])
  /** What the one says that is followed: the first that fits, or else of those that fail. */
  const follow = (all: readonly Judged[]): readonly FieldError[] => {
    const followed = all.find((one) => one.errors.length === 0) ?? all.reduce((found, one) => (one.matches > found.matches ? one : found))
    matches += followed.matches
    return followed.errors
  }
  if (anyOf.length > 0) {
    const all = anyOf.map(by)
    if (all.every((one) => one.errors.length > 0)) add([say('validate at least one schema (anyOf)')])
    add(follow(all))
  }
  if (oneOf.length > 0) {
    const all = oneOf.map(by)
    const valid = all.filter((one) => one.errors.length === 0).length
    if (valid !== 1) add([say(`validate one and only one schema (oneOf). ${valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`}`)])
    if (valid < 2) add(follow(all))
  }
  const all = allOf.map(by)
  add(all.flatMap((one) => one.errors))
  if (all.some((one) => one.errors.length > 0)) add([say(`validate all the schemas (allOf)${all.every((one) => one.errors.length > 0) ? '. None validated' : ''}`)])
  if (not && by(not).errors.length === 0) add([say('not validate the schema (not)')])
  return result(errors, matches + sumOf(all))
}

const runesIn = (text: string): number => [...text].length

function judgeString({ schema, value, path }: Subject): Judged | undefined {
  if (typeof value !== 'string') return undefined
  const { maxLength, minLength, pattern } = schema
  if (maxLength !== undefined && runesIn(value) > maxLength) return result([tooLong(fieldOf(path), maxLength)])
  if (minLength !== undefined && runesIn(value) < minLength) return result([invalid(fieldOf(path), value, `${path} in body should be at least ${minLength} chars long`)])
  if (pattern && !hasPattern(pattern, value)) return result([invalid(fieldOf(path), value, `${path} in body should match '${pattern}'`)])
  return result([])
}

function judgeFormat({ schema, value, path }: Subject): Judged | undefined {
  if (typeof value !== 'string' || !schema.format || !isKnownFormat(schema.format)) return undefined
  if (hasFormat(schema.format, value)) return result([])
  return result([typeInvalid(fieldOf(path), value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`)])
}

const goFloat = (value: number): string => String(value).replace(/e([+-])(\d)$/, 'e$10$2')

function judgeNumber({ schema, value, path }: Subject): Judged | undefined {
  if (!isNumber(value)) return undefined
  const { multipleOf, maximum, minimum, exclusiveMaximum = false, exclusiveMinimum = false } = schema
  const errors: FieldError[] = []
  const say = (message: string): void => void errors.push(invalid(fieldOf(path), value, `${path} in body should be ${message}`))
  // A whole number is held against whole ones: what they have behind the point is not seen.
  const limit = (number: number | undefined): number | undefined => (number === undefined || !isWhole(value) || isWhole(number) ? number : Math.trunc(number))
  const [factor, most, least] = [limit(multipleOf) || multipleOf, limit(maximum), limit(minimum)]
  if (factor !== undefined && factor > 0 && !isMultiple(value, Number(factor))) say(`a multiple of ${goFloat(factor)}`)
  if (least !== undefined && (exclusiveMinimum ? value <= least : value < least)) say(`greater than ${exclusiveMinimum ? '' : 'or equal to '}${goFloat(least)}`)
  if (most !== undefined && (exclusiveMaximum ? value >= most : value > most)) say(`less than ${exclusiveMaximum ? '' : 'or equal to '}${goFloat(most)}`)
  return result(errors, 1)
}

function isMultiple(value: number | bigint, factor: number): boolean {
  if (typeof value === 'bigint' && Number.isInteger(factor)) return value % BigInt(factor) === 0n
  const quotient = factor < 1 ? (1 / factor) * Number(value) : Number(value) / factor
  if (Number.isInteger(quotient)) return Math.abs(quotient) <= Number.MAX_SAFE_INTEGER
  // A little more than a whole number counts as one, a little less does not.
  const whole = Math.trunc(quotient)
  return whole !== 0 && Math.abs(quotient - whole) / (Math.abs(quotient) + Math.abs(whole)) < 1e-9
}

function judgeList({ schema, value, path, before }: Subject): Judged | undefined {
  if (!Array.isArray(value)) return undefined
  const list = value as readonly Json[]
  const items = itemsOf(schema)
  const earlier = correlatedItems(before, schema)
  const judged = items ? list.map((item, index) => judge({ schema: items, value: item, path: `${path}[${index}]`, before: earlier(item) })) : []
  const errors = judged.flatMap((one) => one.errors)
  if (schema.minItems !== undefined && list.length < schema.minItems) errors.push(invalid(fieldOf(path), list.length, `${path} in body should have at least ${schema.minItems} items`))
  if (schema.maxItems !== undefined && list.length > schema.maxItems) errors.push(tooMany(fieldOf(path), list.length, schema.maxItems))
  return result(errors, sumOf(judged) + 1)
}

function judgeEnum({ schema, value, path }: Subject): Judged | undefined {
  const { enum: allowed } = schema
  if (!allowed || allowed.length === 0) return result([])
  const { texts, names } = choicesIn(allowed)
  // Nothing at all is never one of several.
  return result(value !== null && texts.has(JSON.stringify(sorted(value))) ? [] : [notSupported(fieldOf(path), value, names)])
}

interface Choices {
  readonly texts: ReadonlySet<string>
  readonly names: readonly string[]
}

/** Each is compared with very many values. */
const choices = new WeakMap<readonly Json[], Choices>()

function choicesIn(allowed: readonly Json[]): Choices {
  const known = choices.get(allowed)
  if (known) return known
  const made = { texts: new Set(allowed.map((one) => JSON.stringify(sorted(one)))), names: allowed.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))) }
  choices.set(allowed, made)
  return made
}

function judgeObject({ schema, value, path, before }: Subject): Judged | undefined {
  if (!isJsonObject(value)) return undefined
  const count = Object.keys(value).length
  if (schema.minProperties !== undefined && count < schema.minProperties) return result([invalid(fieldOf(path), count, `${path} in body should have at least ${schema.minProperties} properties`)])
  if (schema.maxProperties !== undefined && count > schema.maxProperties) return result([tooMany(fieldOf(path), count, schema.maxProperties)])
  if (schema.additionalProperties === false) return result(Object.keys(value).toSorted().flatMap((name) => (Object.hasOwn(schema.properties ?? {}, name) ? [] : [invalid(fieldOf(path), name, `${path}.${name} in body is a forbidden property`)])))
  const judged = [...judgeFree({ schema, value, path, before }), ...judgeNamed({ schema, value, path, before })]
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name)).map((name) => required(below(path, name)))
  return result([...judged.flatMap((one) => one.errors), ...missing], sumOf(judged))
}

const below = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)

interface ObjectSubject extends Subject {
  readonly value: JsonObject
}

/** Members of a map. */
function judgeFree({ schema, value, path, before }: ObjectSubject): readonly Judged[] {
  const values = valuesOf(schema)
  if (!values) return []
  const named = schema.properties ?? {}
  return Object.keys(value)
    .filter((name) => !Object.hasOwn(named, name))
    .toSorted()
    .map((name) => judge({ schema: values, value: value[name] ?? null, path: below(path, name), before: correlatedMember(before, name) }))
}

function judgeNamed({ schema, value, path, before }: ObjectSubject): readonly Judged[] {
  return sortedProperties(schema)
    .filter(([name]) => Object.hasOwn(value, name))
    .map(([name, property]) => judge({ schema: property, value: value[name] ?? null, path: below(path, name), before: correlatedMember(before, name) }))
}
