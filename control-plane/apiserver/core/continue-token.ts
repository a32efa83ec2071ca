/** Where the next page of a list starts: opaque to clients, in Kubernetes' encoding. PURE. */
import { Fault } from '../../../shared/kit/faults.ts'
import { isJsonObject } from '../../../shared/model/json.ts'
import type { Revision } from '../../storage/port.ts'

const VERSION = 'meta.k8s.io/v1'

export interface ContinueToken {
  /** The revision all pages are read at; -1: the newest, the list is not consistent any more. */
  readonly revision: Revision
  /** The page starts after this key, named relative to the prefix of the resource. */
  readonly after: string
}

export function encodeContinue(token: ContinueToken): string {
  return toBase64Url(JSON.stringify({ v: VERSION, rv: token.revision, start: `${token.after}\u0000` }))
}

/** Throws `Fault('invalid')` with what Kubernetes says about it. */
export function decodeContinue(text: string): ContinueToken {
  const value = parsed(fromBase64Url(text))
  if (!isJsonObject(value) || value['v'] !== VERSION) {
    throw invalidToken(`server does not recognize this encoded version ${isJsonObject(value) && typeof value['v'] === 'string' ? value['v'] : ''}`)
  }
  const { rv, start } = value
  if (typeof rv !== 'number' || rv === 0) throw invalidToken('incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  if (typeof start !== 'string' || start === '') throw invalidToken('encoded start key empty (version meta.k8s.io/v1)')
  return { revision: rv, after: start.endsWith('\u0000') ? start.slice(0, -1) : start }
}

const invalidToken = (message: string): Fault => new Fault('invalid', `continue key is not valid: ${message}`)

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const first = text.codePointAt(0)
    if (first === undefined) throw invalidToken('unexpected end of JSON input')
    const shown = first < 0x20 || (first > 0x7e && first < 0xa0) ? `\\u${first.toString(16).padStart(4, '0')}` : String.fromCodePoint(first)
    throw invalidToken(`invalid character '${shown}' looking for beginning of value`)
  }
}

const toBase64Url = (text: string): string => Buffer.from(text, 'utf8').toString('base64url')

/** As one byte a character, which is how Go's JSON errors name a character. */
function fromBase64Url(text: string): string {
  const bad = /[^A-Za-z0-9_-]/.exec(text)
  if (bad) throw invalidToken(`illegal base64 data at input byte ${bad.index}`)
  if (text.length % 4 === 1) throw invalidToken(`illegal base64 data at input byte ${text.length - 1}`)
  const bytes = Buffer.from(text, 'base64url')
  const utf8 = bytes.toString('utf8')
  return utf8.includes('\ufffd') ? bytes.toString('latin1') : utf8
}
