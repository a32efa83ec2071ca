import { Fault } from '../../shared/kit/faults.ts'

/** Leaves the call to itself when the caller gives up: others may share it. */
export async function orAborted<T>(call: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await call
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => reject(new Fault('cancelled', 'the caller gave up', { cause: signal.reason }))
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort)
  try {
    return await Promise.race([call, promise])
  } finally {
    signal.removeEventListener('abort', abort)
    call.catch(() => {})
  }
}
