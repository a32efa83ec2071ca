/** `"%d of %s".format([…])`. */
import { doubleText } from './standard.ts'
import { durationText, timestampText } from './times.ts'
import { CelFault, Duration, Timestamp, TypeValue, typeNameOf, Uint, type Value } from './values.ts'

const fault = (message: string): never => {
  throw new CelFault(message)
}

export function formatText(template: string, args: readonly Value[]): string {
  let next = 0
  return template.replace(/%(?:\.(\d+))?([%a-zA-Z])/g, (_, precision: string | undefined, verb: string) => {
    if (verb === '%') return '%'
    if (next >= args.length) return fault(`index ${next} out of range`)
    const arg = args[next] ?? null
    next++
    return clause(verb, arg, precision === undefined ? 6 : Number(precision))
  })
}

const integer = (value: Value): bigint | undefined => (typeof value === 'bigint' ? value : value instanceof Uint ? value.value : undefined)
const wrong = (verb: string, value: Value): never => fault(`error during formatting: ${verb} clause can only be used on other types, was given ${typeNameOf(value)}`)

function clause(verb: string, value: Value, precision: number): string {
  switch (verb) {
    case 's':
      return text(value)
    case 'd':
      return String(integer(value) ?? (typeof value === 'number' && !Number.isFinite(value) ? doubleText(value) : wrong('decimal', value)))
    case 'f':
      return typeof value === 'number' ? value.toFixed(precision) : Number(integer(value) ?? wrong('fixed-point', value)).toFixed(precision)
    case 'e':
      return (typeof value === 'number' ? value : Number(integer(value) ?? wrong('scientific', value))).toExponential(precision).replace(/e([+-])(\d)$/, 'e$10$2')
    case 'b':
      return typeof value === 'boolean' ? (value ? '1' : '0') : (integer(value) ?? wrong('binary', value)).toString(2)
    case 'o':
      return (integer(value) ?? wrong('octal', value)).toString(8)
    case 'x':
    case 'X': {
      const hex = typeof value === 'string' ? Buffer.from(value).toString('hex') : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : (integer(value) ?? wrong('hex', value)).toString(16)
      return verb === 'X' ? hex.toUpperCase() : hex
    }
    default:
      return fault(`error during formatting: unrecognized formatting clause "${verb}"`)
  }
}

export function text(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return doubleText(value)
  if (value === null) return 'null'
  if (Array.isArray(value)) return `[${(value as readonly Value[]).map(text).join(', ')}]`
  if (value instanceof Map) return `{${[...value].map(([key, one]) => `${text(key as Value)}: ${text(one as Value)}`).toSorted().join(', ')}}`
  if (value instanceof Duration) return durationText(value)
  if (value instanceof Timestamp) return timestampText(value)
  if (value instanceof Uint) return String(value.value)
  if (value instanceof TypeValue) return value.name
  if (value instanceof Uint8Array) return new TextDecoder().decode(value)
  return typeof value === 'bigint' || typeof value === 'boolean' ? String(value) : typeNameOf(value)
}
