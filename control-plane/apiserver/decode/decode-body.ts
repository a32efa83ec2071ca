/** The body of a create, an update or an option: from bytes to an object of the expected kind, or a refusal in Kubernetes' words. */
import { isJsonObject, isTooDeep, type Json, type JsonObject, MAX_NESTING, readJson } from '../../../shared/model/json.ts'
import { decodeObject } from '../../../shared/model/schemas/decode.ts'
import { jsonTypeName } from '../../../shared/model/schemas/scalars.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { schemaOfKind } from '../../../shared/model/schemas/schema.ts'
import type { Type } from '../../../shared/model/schemas/types.ts'
import { duplicateKeys, type DuplicateKey, keyPositions } from './duplicate-keys.ts'
import { jsonProblem } from '../../../shared/model/json-problem.ts'
import { mergedDuplicates } from './merged-duplicates.ts'
import { apiVersionOf, cannotBeHandled, type ExpectedKind, givenKind, type GroupVersionKind, kindProblem, versionMismatch } from './kinds.ts'
import { bodyMedia, bodyTooLarge, MAX_BODY_BYTES, unrecognized, unsupportedBody } from './media.ts'
import { badRequest, type Refused } from './refused.ts'
import { readEnvelope, readProtobuf } from '../protobuf/read-body.ts'
import { readYaml } from './yaml.ts'

export type FieldValidation = 'Strict' | 'Warn' | 'Ignore'

export type DecodedBody =
  /** `object` carries the kind and version of the path; `warnings` are for the client. */
  { readonly kind: 'decoded'; readonly object: JsonObject; readonly warnings: readonly string[] } | (Refused & { readonly warnings?: readonly string[] })

export interface Body {
  readonly bytes: Uint8Array
  readonly contentType: string | undefined
}

/** Bytes as JSON, with the keys that stand twice. Of a protobuf body `value` is its kind and version only: `message` is read by its schema. */
export type ParsedBody = { readonly kind: 'parsed'; readonly value: Json; readonly text: string; readonly duplicates: readonly DuplicateKey[]; readonly yamlDuplicates: readonly string[]; readonly message?: Uint8Array } | Refused

const text = new TextDecoder()

/** Reads JSON, YAML or the envelope of protobuf, without looking at what it says. */
export function parseBody({ bytes, contentType }: Body, kind: string): ParsedBody {
  if (bytes.length > MAX_BODY_BYTES) return bodyTooLarge
  const media = bodyMedia(contentType)
  if (media === undefined) return unsupportedBody
  if (media === 'protobuf') return parseProtobuf(bytes, kind)
  const source = text.decode(bytes)
  if (media === 'yaml') {
    const read = readYaml(source)
    return read.kind === 'problem' ? unrecognized(kind, read.message, bytes) : { kind: 'parsed', value: read.value, text: '', duplicates: [], yamlDuplicates: read.duplicates }
  }
  const value = parseJson(source)
  if (value === undefined) return unrecognized(kind, `couldn't get version/kind; json parse error: ${jsonProblem(source) ?? 'invalid JSON'}`, bytes)
  return { kind: 'parsed', value, text: source, duplicates: duplicateKeys(source), yamlDuplicates: [] }
}

/** `undefined` for what is no JSON, or is nested too deeply to be worked with. */
export function parseJson(source: string): Json | undefined {
  try {
    const value = readJson(source)
    return source.length > 2 * MAX_NESTING && isTooDeep(value) ? undefined : value
  } catch {
    return undefined
  }
}

function parseProtobuf(bytes: Uint8Array, kind: string): ParsedBody {
  const envelope = readEnvelope(bytes, kind)
  if (envelope.kind === 'refused') return envelope
  return { kind: 'parsed', value: { ...envelope.typeMeta }, text: '', duplicates: [], yamlDuplicates: [], message: envelope.message }
}

const TYPE_META = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }'

interface TypeMeta {
  readonly apiVersion: string
  readonly kind: string
}

/** Kind and version as the body says them, or why they cannot be read. */
function typeMetaOf(value: Json): TypeMeta | string {
  if (value === null) return { apiVersion: '', kind: '' }
  if (!isJsonObject(value)) return `json: cannot unmarshal ${jsonTypeName(value)} into Go value of type ${TYPE_META}`
  const { apiVersion = null, kind = null } = value
  for (const [name, member] of Object.entries({ apiVersion, kind })) {
    if (member !== null && typeof member !== 'string') return `json: cannot unmarshal ${jsonTypeName(member)} into Go struct field .${name} of type string`
  }
  return { apiVersion: typeof apiVersion === 'string' ? apiVersion : '', kind: typeof kind === 'string' ? kind : '' }
}

export interface DecodeBodyOptions {
  readonly validation: FieldValidation
  /** The compiled type, where it is not the built-in schema of the kind. */
  readonly type?: Type
}

/** The whole way. Defaults are not applied. */
export function decodeBody(body: Body, expected: ExpectedKind, { validation, type }: DecodeBodyOptions): DecodedBody {
  const parsed = parseBody(body, expected.kind)
  if (parsed.kind === 'refused') return parsed
  const meta = typeMetaOf(parsed.value)
  if (typeof meta === 'string') return unrecognized(expected.kind, `couldn't get version/kind; json parse error: ${meta}`, body.bytes)
  const given = givenKind(meta, expected)
  if (!given) return unrecognized(expected.kind, `unexpected GroupVersion string: ${meta.apiVersion}`, body.bytes)
  const custom = expected.type
  const problem = custom ? undefined : kindProblem(given, expected)
  if (problem !== undefined) return badRequest(problem)
  const apiVersion = apiVersionOf(given)
  const otherVersion = apiVersion !== apiVersionOf(expected)
  const accepted = !otherVersion || (expected.alsoAccepts?.includes(apiVersion) ?? false)
  const schema = type ?? custom ?? (otherVersion ? (otherSchema(given) ?? expected.schema) : expected.schema)
  return judged(parsed, { given, expected, accepted, schema, validation })
}

/** The fields of a kind in another version or group; those of `v1` stand for a version that is not served any more. */
const otherSchema = (given: GroupVersionKind): string | undefined => schemaOfKind(apiVersionOf(given), given.kind) ?? schemaOfKind(apiVersionOf({ ...given, version: 'v1' }), given.kind)

interface Judging {
  readonly given: GroupVersionKind
  readonly expected: ExpectedKind
  readonly accepted: boolean
  readonly schema: string | Type
  readonly validation: FieldValidation
}

type Parsed = Extract<ParsedBody, { readonly kind: 'parsed' }>

/** The whole of what a body says: of protobuf only now that its schema is known. `subject` begins a refusal. */
function contentOf({ value, text: source, duplicates, message }: Parsed, schema: string | Type, subject: string): { readonly kind: 'content'; readonly value: Json } | Refused {
  // What has no Go type is read into a plain map, in which the last value stands.
  if (duplicates.length > 0 && typeof schema === 'string') return { kind: 'content', value: mergedDuplicates(source, duplicates) }
  if (message === undefined) return { kind: 'content', value: value ?? {} }
  // Custom resources have no numbers for their fields.
  if (typeof schema !== 'string') return unsupportedBody
  const read = readProtobuf(message, schema, subject)
  return read.kind === 'refused' ? read : { kind: 'content', value: read.object }
}

function judged(parsed: Parsed, { given, expected, accepted, schema, validation }: Judging): DecodedBody {
  const subject = cannotBeHandled(given, expected)
  const content = contentOf(parsed, schema, `${subject}: `)
  if (content.kind === 'refused') return content
  const { object, typeError, strictErrors } = decodeObject(schema, content.value)
  if (typeError !== undefined) return badRequest(`${subject}: ${typeError}`)
  const complaints = validation === 'Ignore' ? [] : inOrder(parsed, strictErrors)
  if (validation === 'Strict' && complaints.length + parsed.yamlDuplicates.length > 0) {
    const yaml = parsed.yamlDuplicates.length === 0 ? [] : [`yaml: unmarshal errors:\n  ${parsed.yamlDuplicates.join('\n  ')}`]
    return badRequest(`${subject}: strict decoding error: ${[...yaml, ...complaints].join(', ')}`)
  }
  const warnings = validation === 'Warn' ? [...parsed.yamlDuplicates, ...complaints] : []
  if (!accepted) return { ...badRequest(versionMismatch(given, expected)), warnings }
  return { kind: 'decoded', object: { ...object, kind: expected.type ? given.kind : expected.kind, apiVersion: apiVersionOf(expected) }, warnings }
}

const UNKNOWN = /^unknown field "(.*)"$/s

/** Unknown and repeated fields in the order of the text; what is repeated inside an unknown field is not told. */
export function inOrder({ text: source, duplicates }: { readonly text: string; readonly duplicates: readonly DuplicateKey[] }, strictErrors: readonly string[]): readonly string[] {
  if (duplicates.length === 0) return strictErrors
  const unknown = strictErrors.map((error) => ({ error, path: UNKNOWN.exec(error)?.[1] ?? '' }))
  const positions = unknown.length === 0 ? undefined : keyPositions(source)
  const told = duplicates.filter(({ path }) => !unknown.some((one) => path === one.path || path.startsWith(`${one.path}.`) || path.startsWith(`${one.path}[`)))
  const all = [...told.map(({ path, at }) => ({ at, text: `duplicate field ${goQuote(path)}` })), ...unknown.map(({ error, path }) => ({ at: positions?.get(path) ?? 0, text: error }))]
  return all.toSorted((a, b) => a.at - b.at).map((one) => one.text)
}

/** A body of options (`DeleteOptions`): any version, unknown fields are no matter. An empty body gives empty options. */
export function decodeOptions(body: Body, expected: ExpectedKind): DecodedBody {
  if (body.bytes.length === 0) return { kind: 'decoded', object: {}, warnings: [] }
  if (bodyMedia(body.contentType) === undefined) return unsupportedBody
  const parsed = parseBody(body, expected.kind)
  if (parsed.kind === 'refused') return { ...parsed, message: parsed.message.replace(/^the object provided is unrecognized \(must be of type \w+\): (.*) \(.*\)$/s, '$1') }
  const meta = typeMetaOf(parsed.value)
  if (typeof meta === 'string') return badRequest(`couldn't get version/kind; json parse error: ${meta}`)
  if (meta.apiVersion.split('/').length > 2) return badRequest(`unexpected GroupVersion string: ${meta.apiVersion}`)
  if (meta.kind !== '' && meta.kind !== expected.kind) return badRequest(`no kind ${goQuote(meta.kind)} is registered for version ${goQuote(meta.apiVersion === '' ? apiVersionOf(expected) : meta.apiVersion)} in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"`)
  const content = contentOf(parsed, expected.schema, '')
  if (content.kind === 'refused') return content
  const { object, typeError } = decodeObject(expected.schema, content.value)
  return typeError === undefined ? { kind: 'decoded', object, warnings: [] } : badRequest(typeError)
}
