type Results<T extends readonly unknown[]> = { -readonly [K in keyof T]: Awaited<T[K]> }

/**
 * As `Promise.all`, but nothing goes on behind the caller's back: the first failure is thrown when all have come to an end. For work that leaves traces, and whose
 * traces the caller removes when it fails.
 */
export async function allDone<const T extends ReadonlyArray<Promise<unknown>>>(work: T): Promise<Results<T>> {
  const results = await Promise.allSettled(work)
  const failed = results.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
  return results.map((one) => (one.status === 'fulfilled' ? one.value : undefined)) as Results<T>
}
