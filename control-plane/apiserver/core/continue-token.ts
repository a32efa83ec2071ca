/** Where the next page of a list starts: opaque to clients, in Kubernetes' encoding. PURE. */
import { Fault } from '../../../shared/kit/faults.ts'
import { isJsonObject, type Json } from '../../../shared/model/json.ts'
import { jsonProblem } from '../../../shared/model/json-problem.ts'
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
  if (value !== null && !isJsonObject(value)) throw invalidToken(`json: cannot unmarshal ${goKind(value)} into Go value of type storage.continueToken`)
  const { v = null, rv = null, start = null } = value ?? {}
  if (v !== null && typeof v !== 'string') throw invalidToken(`json: cannot unmarshal ${goKind(v)} into Go struct field continueToken.v of type string`)
  if (rv !== null && !Number.isSafeInteger(rv)) throw invalidToken(`json: cannot unmarshal ${typeof rv === 'number' ? `number ${rv}` : goKind(rv)} into Go struct field continueToken.rv of type int64`)
  if (start !== null && typeof start !== 'string') throw invalidToken(`json: cannot unmarshal ${goKind(start)} into Go struct field continueToken.start of type string`)
  if (v !== VERSION) throw invalidToken(`server does not recognize this encoded version ${v ?? ''}`)
  const revision = Number(rv)
  if (revision === 0) throw invalidToken('incorrect encoded start resourceVersion (version meta.k8s.io/v1)')
  if (!start) throw invalidToken('encoded start key empty (version meta.k8s.io/v1)')
  if (isRoundabout(start)) throw invalidToken(start)
  return { revision: revision < 0 ? -1 : revision, after: start.endsWith('\u0000') ? start.slice(0, -1) : start }
}

/** A JSON value's kind in the words of Go's decoder. */
const goKind = (value: Json): string => (Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value)

/** A key that climbs out of where the list is, or says in more words than it needs where it starts. */
const isRoundabout = (start: string): boolean => (start.startsWith('/') ? start : `/${start}`).slice(1).split('/').some((part) => part === '' || part === '.' || part === '..')

const invalidToken = (message: string): Fault => new Fault('invalid', `continue key is not valid: ${message}`)

function parsed(text: string): Json {
  const problem = jsonProblem(text)
  if (problem !== undefined) throw invalidToken(problem)
  return JSON.parse(text) as Json
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
