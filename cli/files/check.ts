/** Compares an object with the schema of its kind: unknown fields and wrong types, all of them, each with its place. */
import { isJsonObject, isNumber, isWhole } from '../../shared/model/json.ts'
import { quantityProblem } from '../../shared/model/quantity.ts'
import { suggest } from '../../shared/model/suggest.ts'
import type { ObjectType, ScalarKind, Type } from '../../shared/model/schemas/types.ts'
import type { Path } from './yaml-documents.ts'

export interface SchemaProblem {
  readonly path: Path
  readonly message: string
  /** Whether the field's name is wrong, or what it holds. */
  readonly at: 'key' | 'value'
}

/** Many mistakes are usually one. */
const MOST = 20

export function checkAgainst(type: Type, value: unknown): readonly SchemaProblem[] {
  const problems: SchemaProblem[] = []
  check(type, { value, path: [] }, problems)
  return problems.slice(0, MOST)
}

interface Given {
  readonly value: unknown
  readonly path: Path
}

function check(type: Type, given: Given, problems: SchemaProblem[]): void {
  const { value, path } = given
  if (value === null || value === undefined) return
  switch (type.kind) {
    case 'any':
      return
    case 'object':
      if (isJsonObject(value)) checkObject(type, { value, path }, problems)
      else problems.push(wrong(given, 'a mapping'))
      return
    case 'map':
      if (!isJsonObject(value)) problems.push(wrong(given, 'a mapping'))
      else for (const [key, member] of Object.entries(value)) check(type.values, { value: member, path: [...path, key] }, problems)
      return
    case 'list':
      if (!Array.isArray(value)) problems.push(wrong(given, 'a list (each item after "- ")'))
      else for (const [at, item] of value.entries()) check(type.items, { value: item as unknown, path: [...path, at] }, problems)
      return
    case 'deduced':
      return
    default: {
      const wanted = whyNot(type.kind, value)
      if (wanted !== undefined) problems.push(wrong(given, wanted))
    }
  }
}

function checkObject(type: ObjectType, { value, path }: { readonly value: Readonly<Record<string, unknown>>; readonly path: Path }, problems: SchemaProblem[]): void {
  for (const [name, member] of Object.entries(value)) {
    const field = type.fields.get(name)
    if (field) check(field.type, { value: member, path: [...path, name] }, problems)
    else if (!type.open) problems.push({ path: [...path, name], at: 'key', message: unknownField(type, name, path) })
  }
}

function unknownField(type: ObjectType, name: string, path: Path): string {
  const near = suggest(name, type.fields.keys())
  const mend = near === undefined ? `${type.name === '' ? 'known are' : `a ${type.name} has`} ${[...type.fields.keys()].toSorted().join(', ')}` : `did you mean "${near}"?`
  return `unknown field "${pathText([...path, name])}": ${mend}`
}

function wrong({ value, path }: Given, wanted: string): SchemaProblem {
  return { path, at: 'value', message: `${pathText(path) || 'the object'} must be ${wanted}, not ${found(value)}` }
}

function found(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (isJsonObject(value)) return 'a mapping'
  if (typeof value === 'string') return `the text "${value.length > 40 ? `${value.slice(0, 40)}…` : value}"`
  return typeof value === 'boolean' ? `${value} (quotes make it a text)` : `the number ${String(value)} (quotes make it a text)`
}

const isWholeWithin = (value: unknown, limit: number): boolean => isWhole(value) && value <= limit && value >= -limit

/** What it must be; `undefined` if it is. */
function whyNot(kind: ScalarKind, value: unknown): string | undefined {
  switch (kind) {
    case 'string':
    case 'bytes':
    case 'time':
    case 'microTime':
      return typeof value === 'string' ? undefined : kind === 'bytes' ? 'base64 text' : kind === 'string' ? 'a text' : 'a time such as 2030-01-31T12:00:00Z'
    case 'int32':
      return isWholeWithin(value, 2 ** 31) ? undefined : 'a whole number'
    case 'int64':
      return isWholeWithin(value, 2 ** 63) ? undefined : 'a whole number'
    case 'number':
      return isNumber(value) ? undefined : 'a number'
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'true or false'
    case 'quantity':
      return (isNumber(value) || typeof value === 'string') && quantityProblem(String(value)) === undefined ? undefined : 'a quantity such as 500m, 2 or 128Mi'
    case 'intOrString':
      return typeof value === 'string' || isWholeWithin(value, 2 ** 31) ? undefined : 'a whole number or a text'
  }
}

/** `spec.containers[0].image` */
export const pathText = (path: Path): string => path.map((step, at) => (typeof step === 'number' ? `[${step}]` : `${at === 0 ? '' : '.'}${step}`)).join('')
