/** Cases of the conformance tests as this room's types and values. */
import { BOOL, BYTES, type CelType, DOUBLE, DURATION, DYN, INT, listOf, mapOf, NULL, optionalOf, plain, STRING, TIMESTAMP, typeText } from './types.ts'
import { Duration, Optional, Timestamp, TypeValue, Uint, type Value } from './values.ts'

interface TypeSaid {
  readonly primitive?: string
  readonly wellKnown?: string
  readonly dyn?: object
  readonly null?: unknown
  readonly listType?: { readonly elemType?: TypeSaid }
  readonly mapType?: { readonly keyType: TypeSaid; readonly valueType: TypeSaid }
  readonly abstractType?: { readonly name: string; readonly parameterTypes: readonly TypeSaid[] }
}

/** A value in JSON's form of protocol buffers, under what it is. */
export interface ValueSaid {
  readonly int64Value?: string
  readonly uint64Value?: string
  readonly doubleValue?: number | string
  readonly stringValue?: string
  readonly boolValue?: boolean
  readonly bytesValue?: string
  readonly typeValue?: string
  readonly listValue?: { readonly values?: readonly ValueSaid[] }
  readonly mapValue?: { readonly entries?: ReadonlyArray<{ readonly key: ValueSaid; readonly value: ValueSaid }> }
  readonly objectValue?: { readonly '@type': string; readonly value?: unknown }
}

export interface Case {
  readonly original: {
    readonly name?: string
    readonly expr: string
    readonly container?: string
    readonly disableCheck?: boolean
    readonly checkOnly?: boolean
    readonly typeEnv?: ReadonlyArray<{ readonly name: string; readonly ident?: { readonly type: TypeSaid } }>
    readonly bindings?: Readonly<Record<string, { readonly value: ValueSaid }>>
    readonly value?: ValueSaid
    readonly evalError?: object
    readonly typedResult?: { readonly result?: ValueSaid }
  }
  /** As cel-go prints it. */
  readonly type?: string
  /** In cel-go's words. */
  readonly error?: string
}

const PRIMITIVES: Readonly<Record<string, CelType>> = { INT64: INT, UINT64: plain('uint'), DOUBLE, STRING, BYTES, BOOL }
const WELL_KNOWN: Readonly<Record<string, CelType>> = { TIMESTAMP, DURATION }

/** None for messages and their kin. */
function typeOf(said: TypeSaid): CelType | undefined {
  const { primitive, wellKnown, listType, mapType, abstractType } = said
  if (primitive !== undefined) return PRIMITIVES[primitive]
  if (wellKnown !== undefined) return WELL_KNOWN[wellKnown]
  if (said.dyn) return DYN
  if ('null' in said) return NULL
  const [first, second] = [listType?.elemType ?? mapType?.keyType ?? abstractType?.parameterTypes[0], mapType?.valueType].map((part) => part && typeOf(part))
  if (listType) return listType.elemType ? first && listOf(first) : listOf(DYN)
  if (mapType) return first && second && mapOf(first, second)
  return abstractType?.name === 'optional_type' ? first && optionalOf(first) : undefined
}

/** Whether all that it names can be declared here. */
export const declared = ({ original: { typeEnv = [], bindings = {}, value, typedResult } }: Case): boolean =>
  typeEnv.every(({ ident }) => ident !== undefined && typeOf(ident.type) !== undefined) && [...Object.values(bindings).map((bound) => bound.value), value, typedResult?.result].every((said) => said === undefined || isKnown(said))

export const variablesOf = ({ original: { typeEnv = [] } }: Case): ReadonlyMap<string, CelType> => new Map(typeEnv.map(({ name, ident }) => [name, (ident && typeOf(ident.type)) ?? DYN]))

const isKnown = ({ objectValue, listValue, mapValue }: ValueSaid): boolean =>
  (objectValue === undefined || /Duration$|Timestamp$/.test(objectValue['@type'])) && (listValue?.values ?? []).every(isKnown) && (mapValue?.entries ?? []).every(({ key, value }) => isKnown(key) && isKnown(value))

/** Of types, as this room calls them. */
const OWN_NAMES: Readonly<Record<string, string>> = { null_type: 'null', 'google.protobuf.Timestamp': 'timestamp', 'google.protobuf.Duration': 'duration' }

export function valueOf(said: ValueSaid): Value {
  const { int64Value, uint64Value, doubleValue, stringValue, boolValue, bytesValue, typeValue, listValue, mapValue, objectValue } = said
  if (int64Value !== undefined) return BigInt(int64Value)
  if (uint64Value !== undefined) return new Uint(BigInt(uint64Value))
  if (doubleValue !== undefined) return Number(doubleValue)
  if (bytesValue !== undefined) return new Uint8Array(Buffer.from(bytesValue, 'base64'))
  if (typeValue !== undefined) return new TypeValue(OWN_NAMES[typeValue] ?? typeValue)
  if (listValue) return (listValue.values ?? []).map(valueOf)
  if (mapValue) return new Map((mapValue.entries ?? []).map(({ key, value }) => [valueOf(key), valueOf(value)]))
  if (objectValue) return timeOf(objectValue['@type'], String(objectValue.value))
  return stringValue ?? boolValue ?? null
}

const NANOS = 1_000_000_000n

function timeOf(type: string, text: string): Value {
  const [whole = '', fraction = ''] = text.replace(/[sZ]$/, '').split('.')
  const nanos = BigInt(fraction.padEnd(9, '0'))
  if (type.endsWith('Timestamp')) return new Timestamp(BigInt(Date.parse(`${whole}Z`) / 1000) * NANOS + nanos)
  return new Duration(BigInt(whole) * NANOS + (whole.startsWith('-') ? -nanos : nanos))
}

/** Values side by side as texts: numbers with their types, maps in an order of their own. */
export function told(value: Value): string {
  if (value instanceof Uint) return `${value.value}u`
  if (value instanceof Duration || value instanceof Timestamp) return `${value.constructor.name} ${value.nanos}`
  if (value instanceof TypeValue) return `type ${value.name}`
  if (value instanceof Uint8Array) return `b${Buffer.from(value).toString('hex')}`
  if (value instanceof Optional) return `optional(${value.value === undefined ? '' : told(value.value)})`
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(told).join(', ')}]`
  if (value instanceof Map) return `{${[...(value as ReadonlyMap<Value, Value>)].map(([key, item]) => `${told(key)}: ${told(item)}`).toSorted().join(', ')}}`
  if (typeof value === 'number') return `double ${value + 0}`
  return typeof value === 'bigint' ? `${value}` : JSON.stringify(value) ?? typeText(DYN)
}
