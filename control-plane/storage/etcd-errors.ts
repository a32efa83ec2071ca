import {
  ClientClosedError,
  EtcdAuthenticationFailedError,
  EtcdInvalidAuthTokenError,
  EtcdLeaseInvalidError,
  EtcdPermissionDeniedError,
  EtcdWatchStreamEnded,
  GRPCAbortedError,
  GRPCCancelledError,
  GRPCDeadlineExceededError,
  GRPCInternalError,
  GRPCInvalidArgumentError,
  GRPCOutOfRangeError,
  GRPCResourceExhastedError,
  GRPCUnauthenticatedError,
  GRPCUnavailableError,
  GRPCUnknownError,
} from 'etcd3'
import { Fault, messageOf, type FaultCode } from '../../shared/kit/faults.ts'

/** What etcd says in words decides before the class of the error does. */
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

const CLASSES: ReadonlyArray<readonly [abstract new (...given: never[]) => Error, FaultCode]> = [
  [GRPCDeadlineExceededError, 'timeout'],
  [GRPCResourceExhastedError, 'exhausted'],
  [GRPCInvalidArgumentError, 'invalid'],
  [GRPCOutOfRangeError, 'gone'],
  [EtcdPermissionDeniedError, 'permission'],
  [EtcdAuthenticationFailedError, 'permission'],
  [EtcdInvalidAuthTokenError, 'permission'],
  [GRPCUnauthenticatedError, 'permission'],
  [EtcdLeaseInvalidError, 'not-found'],
  [GRPCUnavailableError, 'unavailable'],
  [GRPCCancelledError, 'unavailable'],
  [GRPCAbortedError, 'unavailable'],
  [GRPCInternalError, 'unavailable'],
  [GRPCUnknownError, 'unavailable'],
  [ClientClosedError, 'unavailable'],
  [EtcdWatchStreamEnded, 'unavailable'],
]

/** For people, who may never have heard of etcd. What the library said is the cause. */
const SENTENCES: Readonly<Partial<Record<FaultCode, string>>> = {
  unavailable: 'etcd, which keeps all objects, cannot be reached',
  timeout: 'etcd, which keeps all objects, did not answer in time',
  exhausted: 'etcd, which keeps all objects, is full: nothing can be written until there is room; deleting works, and room is being made',
}

/** The one place where the library's errors become ours. */
export function etcdFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  const message = messageOf(error)
  const code = SAYINGS.find(([saying]) => saying.test(message))?.[1] ?? CLASSES.find(([kind]) => error instanceof kind)?.[1] ?? 'internal'
  const sentence = SENTENCES[code]
  return new Fault(code, sentence === undefined ? `etcd: ${withoutStatus(message)}` : `${sentence}${detailOf(message)}`, { cause: error })
}

/** gRPC's own numbering of what went wrong. */
const withoutStatus = (message: string): string => message.replace(/^\d+ [A-Z_]+: /, '')

/** The one thing about a connection that tells where to look. */
function detailOf(message: string): string {
  const detail = /connect E[A-Z]+ \S+\d|etcdserver: (?!.*(?:database space|timed out))[^"]+/.exec(message)?.[0]
  return detail === undefined ? '' : ` (${detail})`
}

/** Whether nothing of a call went out, or the server refused it before it did anything: it may be given again, there or elsewhere. */
export const isNeverSent = (error: unknown): boolean => /No connection established|failed a moment ago|too many requests/.test(messageOf(error))

/** Whether etcd has chosen a leader of its own while it was asked: the member that says so works. */
export const isOfLeaderChange = (error: unknown): boolean => /etcdserver: leader changed/.test(messageOf(error))

/** Whether a batch was refused as a whole because the server allows fewer operations in one transaction. */
export const isTooManyOperations = (error: unknown): boolean => /too many operations/.test(messageOf(error))
