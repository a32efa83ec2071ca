/** The formats of strings that schemas of custom resources may name. Those not named here say nothing. */
import { byteLength } from '../go-text.ts'
import { dns1123SubdomainProblems } from '../validation/names.ts'
import { parseCidr, parseIp } from '../validation/ip.ts'

const UUID = /^[0-9A-F]{8}-?[0-9A-F]{4}-?[0-9A-F]{4}-?[0-9A-F]{4}-?[0-9A-F]{12}$/i
const uuid = (version: string, variant = '[89AB]'): RegExp => new RegExp(`^[0-9A-F]{8}-?[0-9A-F]{4}-?${version}[0-9A-F]{3}-?${variant}[0-9A-F]{3}-?[0-9A-F]{12}$`, 'i')
const UUID3 = uuid('3', '[0-9A-F]')
const UUID4 = uuid('4')
const UUID5 = uuid('5')
/** Of six, eight or twenty bytes, in pairs or in fours. */
const MAC = /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}(?:(?:[0-9a-f]{2}\1){2}|(?:[0-9a-f]{2}\1){14})?[0-9a-f]{2}|(?:[0-9a-f]{4}\.){2}(?:[0-9a-f]{4}\.|(?:[0-9a-f]{4}\.){7})?[0-9a-f]{4})$/i
const HEX_COLOR = /^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i
const BYTE = '(0|[1-9]\\d?|1\\d\\d?|2[0-4]\\d|25[0-5])'
const RGB_COLOR = new RegExp(`^rgb\\(\\s*${BYTE}\\s*,\\s*${BYTE}\\s*,\\s*${BYTE}\\s*\\)$`)
const SSN = /^\d{3}[- ]?\d{2}[- ]?\d{4}$/
const BASE64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$|^(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)$/
const OBJECT_ID = /^[0-9a-f]{24}$/i
const DATE = /^\d{4}-\d\d-\d\d$/
const DATE_TIME = /^\d{4}-\d\d-\d\d[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/
const DURATION = /^-?(?:\d+(?:\.\d*)?|\.\d+)\s*(?:ns|us|µs|μs|ms|s|m|h)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))*$/
const DIGITS = /\d+/g
const DURATION_UNIT = /[\t\n\f\r ]*([A-Za-zµ]+)/y
const UNITS: ReadonlySet<string> = new Set(['ns', 'us', 'µs', 'ms', 's', 'm', 'h', 'hr', 'd', 'w', 'wk'])
/** May go on as they like: `minutes`. */
const UNIT_STARTS = ['nano', 'micro', 'milli', 'sec', 'min', 'hour', 'day', 'week']
const MOST_OF_A_UNIT = 2n ** 63n - 1n

/** What Kubernetes' own reader of durations takes beside Go's: `1d`, `2 weeks`, `P1D`. One unit that it knows is enough. */
function isLooseDuration(text: string): boolean {
  let isKnown = false
  for (const digits of text.matchAll(DIGITS)) {
    DURATION_UNIT.lastIndex = digits.index + digits[0].length
    const unit = DURATION_UNIT.exec(text)?.[1]?.toLowerCase()
    if (unit === undefined) continue
    if (digits[0].length > 18 && (digits[0].length > 1_000 || BigInt(digits[0]) > MOST_OF_A_UNIT)) return false
    isKnown ||= UNITS.has(unit) || UNIT_STARTS.some((start) => unit.startsWith(start))
  }
  return isKnown
}
/** A label alone may hold a dash behind its first character; of several the last has two characters or more. */
const HOST = /^(?:[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?|(?:[a-zA-Z0-9\p{S}\p{L}](?:[a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?\.)+[a-zA-Z0-9\p{S}\p{L}](?:-?[a-zA-Z0-9\p{S}\p{L}]){1,62})$/u
const ADDRESS = /^(?:[^\s<>@"(),:;\\[\]]+|"(?:[^"\\]|\\.)*")@[^\s<>@"(),:;\\[\]]+$/
/** The name holds its own spaces: those that could belong to two parts would be tried in every way. */
const NAMED_ADDRESS = /^(?:"[^"]*"\s*|[^<>@"(),:;\\[\]]*)<([^<>]+)>$/
const CREDIT_CARD = /^(?:4\d{12}(?:\d{3})?|5[1-5]\d{14}|(222[1-9]|22[3-9]\d|2[3-6]\d{2}|27[01]\d|2720)\d{12}|6(?:011|5\d\d)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|(?:2131|1800|35\d{3})\d{11}|6[27]\d{14})$/

function isCreditCard(text: string): boolean {
  const digits = text.replace(/[^0-9]+/g, '')
  if (!CREDIT_CARD.test(digits)) return false
  let sum = 0
  for (const [index, digit] of [...digits].reverse().entries()) {
    const value = Number(digit) * (index % 2 === 1 ? 2 : 1)
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}

function isIsbn(text: string, length: 10 | 13): boolean {
  const digits = text.replace(/[\s-]+/g, '')
  if (length === 10) return /^\d{9}[\dX]$/.test(digits) && [...digits].reduce((sum, digit, index) => sum + (index + 1) * (digit === 'X' ? 10 : Number(digit)), 0) % 11 === 0
  return /^\d{13}$/.test(digits) && [...digits].reduce((sum, digit, index) => sum + Number(digit) * (index % 2 === 0 ? 1 : 3), 0) % 10 === 0
}

const isDate = (text: string): boolean => DATE.test(text) && isCalendarDay(text)

/** Whether the month has such a day. */
function isCalendarDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number)
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  return days !== undefined && day >= 1 && day <= days
}

const isEmail = (text: string): boolean => ADDRESS.test(text) || ADDRESS.test(NAMED_ADDRESS.exec(text.trim())?.[1] ?? '')

const LONE_PERCENT = /%(?![0-9A-Fa-f]{2})/
// oxlint-disable-next-line no-control-regex -- those are what is refused
const CONTROL = /[\u0000-\u001f\u007f]/
const HOST_AND_PORT = /^(?:[\w.~!$&'()*+,;=:%-]*@)?(?:\[[0-9A-Fa-f:.]+(?:%25[^\]]*)?\]|[^\s<>"%\\^`{|}/?#[\]@:]*)(?::\d*)?$/

/** What Go's reader of request targets takes: a whole URI, or a path from the root. */
function isUri(text: string): boolean {
  if (text === '' || CONTROL.test(text)) return false
  if (text === '*' || text.startsWith('/')) return text === '*' || !LONE_PERCENT.test(text.split('?', 1)[0] ?? '')
  const { rest } = /^[A-Za-z][A-Za-z0-9+.-]*:(?<rest>.*)$/u.exec(text)?.groups ?? {}
  if (rest === undefined) return false
  if (!rest.startsWith('//')) return !rest.startsWith('/') || !LONE_PERCENT.test(rest.split('?', 1)[0] ?? '')
  const [, host = '', path = ''] = /^\/\/([^/?]*)([^?]*)/.exec(rest) ?? []
  return HOST_AND_PORT.test(host) && !LONE_PERCENT.test(path)
}

/** An address as Go reads it: no part of it with zeros before. */
const isIp = (text: string): boolean => parseIp(text) !== undefined && !/(?:^|\.)0\d/.test(text)

type Check = (text: string) => boolean

const CHECKS: Readonly<Record<string, Check>> = {
  bsonobjectid: (text) => OBJECT_ID.test(text),
  uri: isUri,
  email: isEmail,
  hostname: (text) => HOST.test(text) && byteLength(text) <= 255 && text.split('.').every((label) => byteLength(label) <= 63),
  ipv4: (text) => text.includes('.') && isIp(text),
  ipv6: (text) => text.includes(':') && isIp(text),
  cidr: (text) => parseCidr(text) !== undefined && isIp(text.split('/', 1)[0] ?? ''),
  mac: (text) => MAC.test(text),
  uuid: (text) => UUID.test(text),
  uuid3: (text) => UUID3.test(text),
  uuid4: (text) => UUID4.test(text),
  uuid5: (text) => UUID5.test(text),
  isbn: (text) => isIsbn(text, 10) || isIsbn(text, 13),
  isbn10: (text) => isIsbn(text, 10),
  isbn13: (text) => isIsbn(text, 13),
  creditcard: isCreditCard,
  ssn: (text) => SSN.test(text),
  hexcolor: (text) => HEX_COLOR.test(text),
  rgbcolor: (text) => RGB_COLOR.test(text),
  byte: (text) => BASE64.test(text),
  password: () => true,
  date: isDate,
  duration: (text) => /^[-+]?0$/.test(text) || DURATION.test(text) || isLooseDuration(text),
  datetime: (text) => DATE_TIME.test(text) && isCalendarDay(text.slice(0, 10)),
  'k8s-short-name': (text) => text.length <= 63 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(text),
  'k8s-long-name': (text) => dns1123SubdomainProblems(text).length === 0,
}

/** Formats of numbers, which are judged with the type. */
const NUMBER_FORMATS: Readonly<Record<string, readonly string[]>> = { integer: ['int32', 'int64'], number: ['float', 'double'] }

/** Dashes in names of formats are no matter. */
const normalName = (format: string): string => (Object.hasOwn(CHECKS, format) ? format : format.replaceAll('-', ''))

/** @param type of the schema that names the format; only numbers and texts have some. */
export const isKnownFormat = (format: string, type = ''): boolean => (type === '' || type === 'string' ? Object.hasOwn(CHECKS, normalName(format)) : (NUMBER_FORMATS[type]?.includes(format) ?? false))

/** Whether the text is of the format; of one that nobody knows everything is. */
export const hasFormat = (format: string, text: string): boolean => {
  const name = normalName(format)
  return !Object.hasOwn(CHECKS, name) || (CHECKS[name]?.(text) ?? true)
}

