/** Whether a value fits a schema, in Kubernetes' words and order. */
import { type FieldError, invalid, notSupported, required, tooLong, tooMany, typeInvalid } from '../field-error.ts'
import { isJsonObject, isNumber, isWhole, type Json, type JsonObject } from '../json.ts'
import { correlatedItems, correlatedMember, type Correlated, isUnchanged } from './correlate.ts'
import { hasFormat } from './formats.ts'
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
  readonly before: Correlated | undefined
  /** Within allOf, anyOf and the like nothing is ratcheted by itself. */
}

function judge(subject: Subject): Judged {
  const judged = judgeAnew(subject)
  return judged.errors.length > 0 && isUnchanged(subject.before, subject.value) ? { ...judged, errors: [] } : judged
}

type Validator = (subject: Subject) => Judged | undefined

function judgeAnew(subject: Subject): Judged {
  const validators: readonly Validator[] = subject.value === null ? [judgeType, judgeEnum] : [judgeType, judgeCombined, judgeString, judgeFormat, judgeNumber, judgeList, judgeEnum, judgeObject]
  const errors: FieldError[] = []
  let matches = 0
  for (const validator of validators) {
    const judged = validator(subject)
    if (!judged) continue
    errors.push(...judged.errors)
    matches += judged.matches + 1
  }
  return { errors, matches }
}

const result = (errors: readonly FieldError[], matches = 0): Judged => ({ errors, matches })
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
  if (types.length === 0 || (value === null && schema.nullable === true)) return undefined
  const found = typeNameOf(value)
  if (types.includes(found) || (found === 'integer' && types.includes('number'))) return result([])
  return result([typeInvalid(fieldOf(path), found, `${path} in body must be of type ${types.join(',')}: ${JSON.stringify(found)}`)])
}

function judgeCombined(subject: Subject): Judged | undefined {
  const { schema, path } = subject
  const { anyOf = [], oneOf = [], allOf = [], not } = schema
  if (anyOf.length + oneOf.length + allOf.length === 0 && !not) return undefined
  const say = (message: string): FieldError => invalid('<nil>', '', `${JSON.stringify(path)} must ${message}`)
  const by = (one: PropsSchema): Judged => judge({ ...subject, schema: one, before: undefined })
  const errors: FieldError[] = []
  const best = (all: readonly Judged[]): readonly FieldError[] => all.reduce<Judged | undefined>((found, one) => (found === undefined || one.matches > found.matches ? one : found), undefined)?.errors ?? []
  if (anyOf.length > 0) {
    const all = anyOf.map(by)
    if (all.every((one) => one.errors.length > 0)) errors.push(say('validate at least one schema (anyOf)'), ...best(all))
  }
  if (oneOf.length > 0) {
    const all = oneOf.map(by)
    const valid = all.filter((one) => one.errors.length === 0).length
    if (valid !== 1) errors.push(say(`validate one and only one schema (oneOf). ${valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`}`), ...(valid === 0 ? best(all) : []))
  }
  const all = allOf.map(by)
  errors.push(...all.flatMap((one) => one.errors))
  if (all.some((one) => one.errors.length > 0)) errors.push(say('validate all the schemas (allOf)'))
  if (not && by(not).errors.length === 0) errors.push(say('not validate the schema (not)'))
  return result(errors)
}

const runesIn = (text: string): number => [...text].length

function judgeString({ schema, value, path }: Subject): Judged | undefined {
  if (typeof value !== 'string' || (schema.maxLength === undefined && schema.minLength === undefined && !schema.pattern)) return undefined
  const { maxLength, minLength, pattern } = schema
  if (maxLength !== undefined && runesIn(value) > maxLength) return result([tooLong(fieldOf(path), maxLength)])
  if (minLength !== undefined && runesIn(value) < minLength) return result([invalid(fieldOf(path), value, `${path} in body should be at least ${minLength} chars long`)])
  if (pattern && !hasPattern(pattern, value)) return result([invalid(fieldOf(path), value, `${path} in body should match '${pattern}'`)])
  return result([])
}

function judgeFormat({ schema, value, path }: Subject): Judged | undefined {
  if (typeof value !== 'string' || !schema.format) return undefined
  if (hasFormat(schema.format, value)) return result([])
  return result([typeInvalid(fieldOf(path), value, `${path} in body must be of type ${schema.format}: ${JSON.stringify(value)}`)])
}

const goFloat = (value: number): string => String(value).replace(/e([+-])(\d)$/, 'e$10$2')

function judgeNumber({ schema, value, path }: Subject): Judged | undefined {
  if (!isNumber(value)) return undefined
  const { multipleOf, maximum, minimum, exclusiveMaximum = false, exclusiveMinimum = false } = schema
  const errors: FieldError[] = []
  const say = (message: string): void => void errors.push(invalid(fieldOf(path), value, `${path} in body should be ${message}`))
  if (isBeyondFormat(schema, value)) errors.push(invalid(fieldOf(path), value, `Checked value must be of type ${schema.type ?? ''} with format ${schema.format ?? ''} in ${path}`))
  if (multipleOf !== undefined && multipleOf > 0 && !isMultiple(value, Number(multipleOf))) say(`a multiple of ${goFloat(multipleOf)}`)
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum)) say(`less than ${exclusiveMaximum ? '' : 'or equal to '}${goFloat(maximum)}`)
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum)) say(`greater than ${exclusiveMinimum ? '' : 'or equal to '}${goFloat(minimum)}`)
  return result(errors)
}

/** Halfway between the largest float of 32 bits and the next that there would be. */
const FLOAT_END = 2 ** 128 - 2 ** 103

function isBeyondFormat({ type, format }: PropsSchema, value: number | bigint): boolean {
  if (type === 'integer' && format === 'int32') return isWhole(value) && (value >= 2 ** 31 || value < -(2 ** 31))
  return type === 'number' && format === 'float' && Math.abs(Number(value)) >= FLOAT_END
}

function isMultiple(value: number | bigint, factor: number): boolean {
  if (typeof value === 'bigint' && Number.isInteger(factor)) return value % BigInt(factor) === 0n
  const quotient = factor < 1 ? (1 / factor) * Number(value) : Number(value) / factor
  return Number.isInteger(quotient) || Math.abs(quotient - Math.round(quotient)) < 1e-9
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
  return result(errors, judged.reduce((sum, one) => sum + one.matches, 0))
}

function judgeEnum({ schema, value, path }: Subject): Judged | undefined {
  const { enum: allowed } = schema
  if (!allowed || allowed.length === 0) return undefined
  const text = JSON.stringify(sorted(value))
  if (allowed.some((one) => JSON.stringify(sorted(one)) === text)) return result([])
  return result([notSupported(fieldOf(path), value, allowed.map((one) => (typeof one === 'string' ? one : JSON.stringify(one))))])
}

function judgeObject({ schema, value, path, before }: Subject): Judged | undefined {
  if (!isJsonObject(value)) return undefined
  const count = Object.keys(value).length
  if (schema.minProperties !== undefined && count < schema.minProperties) return result([invalid(fieldOf(path), count, `${path} in body should have at least ${schema.minProperties} properties`)])
  if (schema.maxProperties !== undefined && count > schema.maxProperties) return result([tooMany(fieldOf(path), count, schema.maxProperties)])
  const judged = [...judgeFree({ schema, value, path, before }), ...judgeNamed({ schema, value, path, before })]
  const missing = (schema.required ?? []).filter((name) => !Object.hasOwn(value, name)).map((name) => required(below(path, name)))
  return result([...judged.flatMap((one) => one.errors), ...missing], judged.reduce((sum, one) => sum + one.matches, 0))
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
