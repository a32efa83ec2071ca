import { Fault, messageOf, type FaultCode } from '../../shared/kit/faults.ts'
import { ABORTED, CANCELLED, DEADLINE_EXCEEDED, GrpcError, INTERNAL, INVALID_ARGUMENT, OUT_OF_RANGE, PERMISSION_DENIED, RESOURCE_EXHAUSTED, UNAUTHENTICATED, UNAVAILABLE, UNKNOWN } from './etcd-grpc/grpc-error.ts'

/** What etcd says in words decides before the number of the error does. */
const SAYINGS: ReadonlyArray<readonly [RegExp, FaultCode]> = [
  [/has been compacted/, 'gone'],
  [/is a future revision/, 'invalid'],
  [/database space exceeded/, 'exhausted'],
  [/too many requests/, 'unavailable'],
  [/request is too large|larger than max/, 'invalid'],
  [/too many operations/, 'invalid'],
  [/corrupt/, 'corrupt'],
  [/request timed out/, 'timeout'],
  [/No connection established/, 'unavailable'],
]

const CODES: Readonly<Record<number, FaultCode>> = {
  [DEADLINE_EXCEEDED]: 'timeout',
  [RESOURCE_EXHAUSTED]: 'exhausted',
  [INVALID_ARGUMENT]: 'invalid',
  [OUT_OF_RANGE]: 'gone',
  [PERMISSION_DENIED]: 'permission',
  [UNAUTHENTICATED]: 'permission',
  [UNAVAILABLE]: 'unavailable',
  [CANCELLED]: 'unavailable',
  [ABORTED]: 'unavailable',
  [INTERNAL]: 'unavailable',
  [UNKNOWN]: 'unavailable',
}

/** With which a member of etcd fails, rather than refuses. */
const FAILURES = new Set([CANCELLED, UNKNOWN, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, ABORTED, INTERNAL, UNAVAILABLE])

/** A member that says so works: etcd has chosen a leader of its own while it was asked, is full (reads and deletes are taken even then), or was asked for too much at once. */
const WORKS = /etcdserver: leader changed|database space exceeded|larger than max/

export const isFailure = (error: unknown): boolean => error instanceof GrpcError && FAILURES.has(error.status) && !WORKS.test(error.message)

/** For people, who may never have heard of etcd. What was said is the cause. */
const SENTENCES: Readonly<Partial<Record<FaultCode, string>>> = {
  unavailable: 'etcd, which keeps all objects, cannot be reached',
  timeout: 'etcd, which keeps all objects, did not answer in time',
  exhausted: 'etcd, which keeps all objects, is full: nothing can be written until there is room; deleting works, and room is being made',
}

/** The one place where errors of calls become ours. */
export function etcdFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  const message = messageOf(error)
  const code = SAYINGS.find(([saying]) => saying.test(message))?.[1] ?? (error instanceof GrpcError ? CODES[error.status] : undefined) ?? 'internal'
  const sentence = SENTENCES[code]
  return new Fault(code, sentence === undefined ? `etcd: ${message}` : `${sentence}${detailOf(message)}`, { cause: error })
}

/** The one thing about a connection that tells where to look. */
function detailOf(message: string): string {
  const detail = /connect E[A-Z]+ \S+\d|etcdserver: (?!.*(?:database space|timed out))[^"]+/.exec(message)?.[0]
  return detail === undefined ? '' : ` (${detail})`
}

/** Whether nothing of a call went out, or the server refused it before it did anything: it may be given again, there or elsewhere. */
export const isNeverSent = (error: unknown): boolean => (error instanceof GrpcError && error.isNeverSent) || /failed a moment ago|too many requests/.test(messageOf(error))

/** Whether a call was lost on its way, and may or may not have come to anything: with its connection, or with the leader that etcd had until then. */
export const wasCutOff = (error: unknown): boolean => error instanceof GrpcError && error.status === UNAVAILABLE && !isNeverSent(error) && !/request timed out/.test(error.message)

/** Whether a batch was refused as a whole because the server allows fewer operations in one transaction. */
export const isTooManyOperations = (error: unknown): boolean => /too many operations/.test(messageOf(error))
