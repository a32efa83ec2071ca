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

/** The one place where the library's errors become ours. */
export function etcdFault(error: unknown): Fault {
  if (error instanceof Fault) return error
  const message = messageOf(error)
  const code = SAYINGS.find(([saying]) => saying.test(message))?.[1] ?? CLASSES.find(([kind]) => error instanceof kind)?.[1] ?? 'internal'
  return new Fault(code, `etcd: ${message}`, { cause: error })
}

/** Whether a batch was refused as a whole because the server allows fewer operations in one transaction. */
export const isTooManyOperations = (error: unknown): boolean => /too many operations/.test(messageOf(error))
