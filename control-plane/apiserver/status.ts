/**
 * What the API says when it refuses, as `metav1.Status` values in Kubernetes' words (`k8s.io/apimachinery/pkg/api/errors`).
 * Every function makes an {@link ApiError}; both doors of the core answer it.
 */
import { ApiError } from '../../shared/kit/api-error.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { FieldError } from '../../shared/model/field-error.ts'
import type { Status, StatusCause, StatusDetails } from '../../shared/model/gen/api.ts'

/** Names a resource (`pods`) or a kind (`Pod`) with its group: the subject of a refusal. */
export interface Subject {
  readonly group: string
  readonly name: string
}

/** `deployments.apps`, or `pods` for the core group. */
export const qualified = (subject: Subject): string => (subject.group === '' ? subject.name : `${subject.name}.${subject.group}`)

interface Failure {
  readonly code: number
  readonly reason?: string
  readonly message: string
  readonly details?: StatusDetails | undefined
}

function failure({ code, reason, message, details }: Failure): ApiError {
  return new ApiError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, ...(reason && { reason }), ...(details && { details }), code })
}

const detailsOf = (subject: Subject, name: string, causes?: readonly StatusCause[]): StatusDetails => ({
  ...(name !== '' && { name }),
  ...(subject.group !== '' && { group: subject.group }),
  ...(subject.name !== '' && { kind: subject.name }),
  ...(causes && causes.length > 0 && { causes }),
})

export const notFound = (resource: Subject, name: string): ApiError =>
  failure({ code: 404, reason: 'NotFound', message: `${qualified(resource)} "${name}" not found`, details: detailsOf(resource, name) })

export const alreadyExists = (resource: Subject, name: string, beingDeleted = false): ApiError =>
  failure({ code: 409, reason: 'AlreadyExists', message: `${beingDeleted ? 'object is being deleted: ' : ''}${qualified(resource)} "${name}" already exists`, details: detailsOf(resource, name) })

/** Somebody wrote first, or a precondition does not hold. */
export const conflict = (resource: Subject, name: string, message: string): ApiError =>
  failure({ code: 409, reason: 'Conflict', message: `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${message}`, details: detailsOf(resource, name) })

export const modifiedMessage = 'the object has been modified; please apply your changes to the latest version and try again'

export const forbidden = (resource: Subject, name: string, options: { readonly message: string; readonly causes?: readonly StatusCause[] }): ApiError => {
  const subject = name === '' ? `${qualified(resource)} is forbidden` : `${qualified(resource)} "${name}" is forbidden`
  return failure({ code: 403, reason: 'Forbidden', message: `${resource.name === '' ? 'forbidden' : subject}: ${options.message}`, details: detailsOf(resource, name, options.causes) })
}

/** So much is told of mistakes, in characters: there may be as many as an object has items, and each may show them all. */
const MOST_TOLD = 4_000_000

/** The mistakes that an answer has room for: the first, and those after it. */
function tellable(errors: readonly FieldError[]): readonly FieldError[] {
  let told = 0
  const end = errors.findIndex(({ field, message }, index) => (told += field.length + message.length) > MOST_TOLD && index > 0)
  return end < 0 ? errors : errors.slice(0, end)
}

/** 422 with one cause per mistake; the message names each mistake once. `kind` is the subject's name here. */
export function invalid(kind: Subject, name: string, found: readonly FieldError[]): ApiError {
  const errors = tellable(found)
  const causes = errors.map((error): StatusCause => ({ reason: error.type, message: error.message, field: error.field }))
  const texts = [...new Set(errors.map((error) => `${error.field}: ${error.message}`))]
  const summary = texts.length === 0 ? '' : `: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`
  return failure({ code: 422, reason: 'Invalid', message: `${qualified(kind)} "${name}" is invalid${summary}`, details: detailsOf(kind, name, causes) })
}

export const badRequest = (message: string): ApiError => failure({ code: 400, reason: 'BadRequest', message })

export const internalError = (message: string): ApiError =>
  failure({ code: 500, reason: 'InternalError', message: `Internal error occurred: ${message}`, details: { causes: [{ message }] } })

/** An error that Kubernetes lets through without a reason. */
export const plainError = (message: string): ApiError => failure({ code: 500, message })

export const gone = (message: string): ApiError => failure({ code: 410, reason: 'Expired', message })

/** @param retryAfterSeconds only for what may be asked again without harm: client libraries do so by themselves. */
export const timeout = (message: string, retryAfterSeconds?: number): ApiError =>
  failure({ code: 504, reason: 'Timeout', message: `Timeout: ${message}`, details: retryAfterSeconds === undefined ? {} : { retryAfterSeconds } })

export const tooLargeResourceVersion = (wanted: number, current: number): ApiError =>
  failure({
    code: 504,
    reason: 'Timeout',
    message: `Timeout: Too large resource version: ${wanted}, current: ${current}`,
    details: { causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }], retryAfterSeconds: 1 },
  })

/** 503; in the words of a server that cannot reach its storage. */
export const serviceUnavailable = (message: string, retryAfterSeconds?: number): ApiError =>
  failure({ code: 503, reason: 'ServiceUnavailable', message, ...(retryAfterSeconds !== undefined && { details: { retryAfterSeconds } }) })

/** A write of which nobody knows whether it happened. */
export class OutcomeUnknown extends Fault {
  constructor(cause: Fault) {
    super(cause.code, `${cause.message}; the write may or may not have happened: look before you try again`, { cause })
  }
}

export const unauthorized = (): ApiError => failure({ code: 401, reason: 'Unauthorized', message: 'Unauthorized' })

export const tooManyRequests = (message: string, options: { readonly retryAfterSeconds?: number; readonly causes?: readonly StatusCause[] } = {}): ApiError =>
  failure({
    code: 429,
    reason: 'TooManyRequests',
    message,
    details: { ...(options.causes && { causes: options.causes }), ...(options.retryAfterSeconds !== undefined && { retryAfterSeconds: options.retryAfterSeconds }) },
  })

export const requestEntityTooLarge = (message: string): ApiError => failure({ code: 413, reason: 'RequestEntityTooLarge', message })

export const unknownResource = (): ApiError => failure({ code: 404, reason: 'NotFound', message: 'the server could not find the requested resource', details: {} })

export const methodNotAllowed = (): ApiError =>
  failure({ code: 405, reason: 'MethodNotAllowed', message: 'the server does not allow this method on the requested resource', details: {} })

/** Of a handler that has been found, and cannot do this. */
export const notSupportedOn = (resource: Subject, action: string): ApiError =>
  failure({ code: 405, reason: 'MethodNotAllowed', message: `${action} is not supported on resources of kind ${JSON.stringify(qualified(resource))}`, details: detailsOf(resource, '') })

const JSON_YAML_PROTOBUF = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

const STREAMED = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']

export const notAcceptable = (types: readonly string[] = JSON_YAML_PROTOBUF): ApiError =>
  failure({ code: 406, reason: 'NotAcceptable', message: `only the following media types are accepted: ${types.join(', ')}` })

/** Watches are not told in every media type. */
export const notStreamed = (): ApiError => notAcceptable(STREAMED)

/** What the router says before a handler runs: no offered type fits the Accept header. */
export const noRepresentation = (streams: boolean, types: readonly string[] = JSON_YAML_PROTOBUF): ApiError => {
  const offered = [...types, ...(streams ? STREAMED : [])]
  return failure({ code: 406, reason: 'NotAcceptable', message: `406: Not Acceptable\n\nAvailable representations: ${offered.join(', ')}`, details: {} })
}

export const unsupportedMediaType = (accepted: readonly string[] = JSON_YAML_PROTOBUF): ApiError =>
  failure({ code: 415, reason: 'UnsupportedMediaType', message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}` })

export const unsupportedPatchType = (): ApiError => failure({ code: 415, reason: 'UnsupportedMediaType', message: '415: Unsupported Media Type', details: {} })

export const success = (details?: StatusDetails, code?: number): Status => ({
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Success',
  ...(details && { details }),
  ...(code !== undefined && { code }),
})

/** Storage that is away is mostly back soon. */
const RETRY_SECONDS = 1

/**
 * The one place where the world's failures become answers. `undefined`: our own mistake, to be reported as a bug.
 *
 * A 503 says that nothing was written, and when to come back: client libraries then ask again by themselves. A 504 to a write says that it may have
 * happened, and names no time, so that nothing is done twice.
 */
export function statusOfFault(fault: Fault): ApiError | undefined {
  if (fault instanceof OutcomeUnknown) return timeout(fault.message)
  switch (fault.code) {
    case 'unavailable':
      return serviceUnavailable(fault.message, RETRY_SECONDS)
    case 'timeout':
      return timeout(fault.message, RETRY_SECONDS)
    case 'gone':
      return gone('The resourceVersion for the provided watch is too old.')
    case 'exhausted':
      return plainError(fault.message)
    case 'deposed':
      return serviceUnavailable(fault.message)
    case 'not-found':
    case 'already-exists':
    case 'conflict':
    case 'permission':
    case 'invalid':
    case 'cancelled':
    case 'corrupt':
    case 'unsupported':
    case 'internal':
      return undefined
  }
}

/** Whatever was thrown, as an answer: a refusal as it is, a fault by {@link statusOfFault}, anything else as a 500. */
export function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  return (isFault(error) ? statusOfFault(error) : undefined) ?? internalError(messageOf(error))
}

/** A 406 of a handler that cannot bring what it has into the wanted form. */
export const notAcceptableForm = (message: string): ApiError => failure({ code: 406, reason: 'NotAcceptable', message })
