/** Messages that JSON writes as one value: times, quantities, `IntOrString`. */
import { isNumber, type Json, type JsonObject } from '../../../shared/model/json.ts'
import type { ScalarKind } from '../../../shared/model/schemas/types.ts'
import { formatMicroTime, formatTime, parseTime } from '../../../shared/model/time.ts'
import { field, type Message, messageOf } from './message.ts'

export type SmallKind = Extract<ScalarKind, 'time' | 'microTime' | 'quantity' | 'intOrString'>

/** A value, nothing (the time that was never set), or why it cannot be said in JSON. */
export type SmallValue = { readonly kind: 'value'; readonly value: Json | undefined } | { readonly kind: 'problem'; readonly message: string }

type SmallField = readonly [name: string, scalar: ScalarKind]

function message(name: string, fields: readonly SmallField[]): Message {
  return messageOf(name, fields.map(([said, scalar], index) => [index + 1, field(said, { kind: 'scalar', scalar })]))
}

const TIME_FIELDS: readonly SmallField[] = [['seconds', 'int64'], ['nanos', 'int32']]

export const smallMessages: Readonly<Record<SmallKind, Message>> = {
  time: message('Timestamp', TIME_FIELDS),
  microTime: message('Timestamp', TIME_FIELDS),
  quantity: message('Quantity', [['string', 'string']]),
  intOrString: message('IntOrString', [['type', 'int64'], ['intVal', 'int32'], ['strVal', 'string']]),
}

/** What the fields of such a message say. */
export function smallValue(kind: SmallKind, fields: JsonObject): SmallValue {
  switch (kind) {
    case 'time':
    case 'microTime':
      return timeValue(kind, fields)
    case 'quantity':
      return { kind: 'value', value: fields['string'] ?? '0' }
    case 'intOrString':
      return intOrStringValue(fields)
  }
}

/** Go's time that was never set, and the years RFC 3339 has. */
const NEVER = -62_135_596_800
const YEAR_0 = -62_167_219_200
const YEAR_10000 = 253_402_300_800

function timeValue(kind: 'time' | 'microTime', { seconds = 0, nanos = 0 }: JsonObject): SmallValue {
  const at = Number(seconds)
  const fraction = Number(nanos)
  if (fraction === 0 && (at === 0 || at === NEVER)) return { kind: 'value', value: undefined }
  if (at < YEAR_0 || at >= YEAR_10000 || fraction < 0 || fraction >= 1e9) return { kind: 'problem', message: `time is out of range: ${at} seconds, ${fraction} nanoseconds` }
  return { kind: 'value', value: kind === 'time' ? formatTime(at * 1000) : withMicros(at, Math.floor(fraction / 1000)) }
}

/** Milliseconds as a float would lose the last digit. */
const withMicros = (seconds: number, micros: number): string => formatMicroTime(seconds * 1000).replace(/\.\d+/, `.${String(micros).padStart(6, '0')}`)

function intOrStringValue({ type = 0, intVal = 0, strVal = '' }: JsonObject): SmallValue {
  if (type === 0) return { kind: 'value', value: intVal }
  return type === 1 ? { kind: 'value', value: strVal } : { kind: 'problem', message: 'impossible IntOrString.Type' }
}

/** The way back: the fields that say a value; `undefined` for the time that was never set. */
export function smallFields(kind: SmallKind, value: Json): JsonObject | undefined {
  switch (kind) {
    case 'time':
    case 'microTime':
      return timeFields(kind, String(value))
    case 'quantity':
      return { string: String(value) }
    case 'intOrString':
      return isNumber(value) ? { type: 0, intVal: value } : { type: 1, strVal: value }
  }
}

function timeFields(kind: 'time' | 'microTime', text: string): JsonObject | undefined {
  const ms = parseTime(text)
  if (ms === undefined) return undefined
  const micros = kind === 'time' ? 0 : Number((/\.(\d+)/.exec(text)?.[1] ?? '').padEnd(6, '0').slice(0, 6))
  return { seconds: Math.floor(ms / 1000), nanos: micros * 1000 }
}
