import { goJson, goQuote } from './go-text.ts'

/** One mistake in an object, as `k8s.io/apimachinery/pkg/util/validation/field` words it. */
export interface FieldError {
  /** `FieldValueRequired`, …: the `reason` of a cause in a Status. */
  readonly type: 'FieldValueNotFound' | 'FieldValueRequired' | 'FieldValueDuplicate' | 'FieldValueInvalid' | 'FieldValueNotSupported' | 'FieldValueForbidden' | 'FieldValueTooLong' | 'FieldValueTooMany' | 'InternalError' | 'FieldValueTypeInvalid'
  /** `spec.containers[0].image`; `<nil>` for the object as a whole. */
  readonly field: string
  /** Without the field: `Required value: must be set`, `Invalid value: "A": a lowercase …`. */
  readonly message: string
}

/** `spec` and `image` → `spec.image`; an empty path gives the name alone. */
export const childPath = (path: string, name: string): string => (path === '' ? name : `${path}.${name}`)
/** `spec.containers[2]`. */
export const indexPath = (path: string, index: number): string => `${path}[${index}]`
/** `data[some key]`. */
export const keyPath = (path: string, key: string): string => `${path}[${key}]`

/** How a message shows a value: strings quoted, everything else as JSON. Objects print in the order of their keys. */
const shown = (value: unknown): string => (typeof value === 'string' ? goQuote(value) : typeof value === 'object' && value !== null ? shownObject(value) : goJson(value))

/** Many mistakes may show one and the same list: it is written once, and their messages share the text. */
const texts = new WeakMap<object, string>()

function shownObject(value: object): string {
  const text = texts.get(value) ?? goJson(value)
  texts.set(value, text)
  return text
}

const worded = (title: string, value: unknown, detail: string): string => {
  const withValue = value === undefined ? title : `${title}: ${shown(value)}`
  return detail === '' ? withValue : `${withValue}: ${detail}`
}

export const required = (field: string, detail = ''): FieldError => ({ type: 'FieldValueRequired', field, message: worded('Required value', undefined, detail) })

/** @param value what is wrong; `undefined` leaves it out of the message, `null` prints `null`. */
export const invalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueInvalid', field, message: worded('Invalid value', value, detail) })

export const typeInvalid = (field: string, value: unknown, detail: string): FieldError => ({ type: 'FieldValueTypeInvalid', field, message: worded('Invalid value', value, detail) })

/** Very many mistakes may tell of the same very many values: their messages share the text. */
const supportedTexts = new WeakMap<readonly string[], string>()

/** @param supported in the order Kubernetes lists them (mostly sorted). */
export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const known = supportedTexts.get(supported)
  const detail = known ?? (supported.length === 0 ? '' : `supported values: ${supported.map(goQuote).join(', ')}`)
  if (known === undefined) supportedTexts.set(supported, detail)
  return { type: 'FieldValueNotSupported', field, message: worded('Unsupported value', value ?? null, detail) }
}

export const duplicate = (field: string, value: unknown): FieldError => ({ type: 'FieldValueDuplicate', field, message: worded('Duplicate value', value, '') })
export const notFound = (field: string, value: unknown, detail = ''): FieldError => ({ type: 'FieldValueNotFound', field, message: worded('Not found', value, detail) })
export const forbidden = (field: string, detail: string): FieldError => ({ type: 'FieldValueForbidden', field, message: worded('Forbidden', undefined, detail) })
export const internalError = (field: string, detail: string): FieldError => ({ type: 'InternalError', field, message: worded('Internal error', undefined, detail) })

export function tooLong(field: string, maxBytes: number): FieldError {
  return { type: 'FieldValueTooLong', field, message: worded('Too long', undefined, `may not be more than ${maxBytes} ${maxBytes === 1 ? 'byte' : 'bytes'}`) }
}

export function tooMany(field: string, actual: number, max: number): FieldError {
  return { type: 'FieldValueTooMany', field, message: worded('Too many', actual, `must have at most ${max} ${max === 1 ? 'item' : 'items'}`) }
}

/** `field: message`, as a Status' message lists it. */
export const fieldErrorText = (error: FieldError): string => `${error.field}: ${error.message}`

/** Errors as one text: alone as it is, several in brackets; what is said twice is said once. */
export function fieldErrorsText(errors: readonly FieldError[]): string {
  const texts = [...new Set(errors.map(fieldErrorText))]
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
}

const NONE: readonly FieldError[] = []

/** All of several lists in one. Nearly all of them are empty nearly always, and joining those costs nothing. */
export function allOf(...lists: ReadonlyArray<readonly FieldError[]>): readonly FieldError[] {
  let all = NONE
  for (let index = 0; index < lists.length; index++) {
    const errors = lists[index] ?? NONE
    if (errors.length > 0) all = all.length === 0 ? errors : all.concat(errors)
  }
  return all
}
