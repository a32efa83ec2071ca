/** What is told of values that a function does not take, in the words of cel-go. PURE. */
import { typeNameOf, type Value } from './values.ts'

const NUMBERS = ['int', 'uint', 'double']
const TIMES = ['timestamp', 'duration']
const ADDED = [...NUMBERS, ...TIMES, 'string', 'bytes', 'list']
const COMPARED = [...NUMBERS, ...TIMES, 'bool', 'string', 'bytes']

/** What the first of the values must be able to do: one that can says itself that the other does not fit. */
const TRAITS: Readonly<Record<string, readonly string[]>> = {
  '_+_': ADDED,
  '_-_': [...NUMBERS, ...TIMES],
  '_*_': NUMBERS,
  '_/_': NUMBERS,
  '_%_': ['int', 'uint'],
  '-_': ['int', 'double', 'bool', 'duration'],
  '_<_': COMPARED,
  '_<=_': COMPARED,
  '_>_': COMPARED,
  '_>=_': COMPARED,
  size: ['string', 'bytes', 'list', 'map'],
  matches: ['string'],
}
const SILENT: ReadonlySet<string> = new Set(['contains', 'startsWith', 'endsWith', '!_', '@in'])

/** Types as they are called where their names are written out. */
const NAMES: Readonly<Record<string, string>> = { null: 'null_type', timestamp: 'google.protobuf.Timestamp', duration: 'google.protobuf.Duration', optional: 'optional_type', Quantity: 'kubernetes.Quantity', URL: 'kubernetes.URL', IP: 'net.IP', CIDR: 'net.CIDR', Semver: 'kubernetes.Semver', Format: 'kubernetes.NamedFormat' }

/** The type of this name here, as cel-go writes it out. */
export const wholeTypeName = (name: string): string => NAMES[name] ?? name

const typeName = (value: Value): string => wholeTypeName(typeNameOf(value))

export function noSuchOverload(name: string, values: readonly Value[]): string {
  const able = Object.hasOwn(TRAITS, name) ? TRAITS[name] : undefined
  if (able) return able.includes(typeNameOf(values[0] ?? null)) ? 'no such overload' : `no such overload: ${name}`
  return SILENT.has(name) ? 'no such overload' : `no such overload: ${name}(${values.map(typeName).join(', ')})`
}

/** What a comprehension says of a value that has no items. */
export function notIterable(value: Value): string {
  const name = typeNameOf(value)
  return `got 'types.${name.charAt(0).toUpperCase()}${name.slice(1)}', expected iterable type`
}
