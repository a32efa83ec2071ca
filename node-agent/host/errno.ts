import { getSystemErrorName } from 'node:util'
import { Fault, type FaultCode } from '../../shared/kit/faults.ts'

/** The border between the kernel's error numbers and our faults. */
const CODES: Readonly<Record<string, FaultCode>> = {
  ENOENT: 'not-found',
  ENXIO: 'not-found',
  EEXIST: 'already-exists',
  EBUSY: 'conflict',
  ENOTEMPTY: 'conflict',
  EPERM: 'permission',
  EACCES: 'permission',
  EROFS: 'permission',
  ENOSPC: 'exhausted',
  ENOMEM: 'exhausted',
  EMFILE: 'exhausted',
  ENFILE: 'exhausted',
  EDQUOT: 'exhausted',
  EINVAL: 'invalid',
  ENOTDIR: 'invalid',
  ENAMETOOLONG: 'invalid',
  ELOOP: 'invalid',
  ENOSYS: 'unsupported',
  EOPNOTSUPP: 'unsupported',
  ENOTSUP: 'unsupported',
  ENODEV: 'unsupported',
  EAFNOSUPPORT: 'unsupported',
  ESRCH: 'not-found',
  ENETUNREACH: 'unavailable',
  EAGAIN: 'unavailable',
  ETIMEDOUT: 'timeout',
}

/** @param errno the positive number the kernel gave. */
export function faultOfErrno(errno: number, what: string): Fault {
  const name = errno > 0 ? getSystemErrorName(-errno) : 'EUNKNOWN'
  return new Fault(CODES[name] ?? 'internal', `${what}: ${name}`)
}

/** The errno name (`ENOENT`) of an error from `node:fs`, if it is one. */
export function errnoOf(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

/** Wraps whatever `node:fs` threw. */
export function faultOfSystemError(error: unknown, what: string): Fault {
  if (error instanceof Fault) return error
  const name = errnoOf(error)
  const detail = error instanceof Error ? error.message : String(error)
  return new Fault((name === undefined ? undefined : CODES[name]) ?? 'internal', `${what}: ${detail}`, { cause: error })
}

/** Answers `undefined` where the path is not there, and throws everything else. */
export async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    const name = errnoOf(error)
    if (name === 'ENOENT' || name === 'ENOTDIR') return undefined
    throw error
  }
}
