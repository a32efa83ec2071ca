import { isFault, type FaultCode } from '../../shared/kit/faults.ts'
import type { Expectation, Revision, Storage, StorageEvent, Write, WriteResult } from './port.ts'

/** One storage for the suite; each test works under a prefix of its own. */
export interface Room {
  readonly storage: Storage
  /** A fresh prefix, ending in `/`. */
  prefix(): string
}

export const putting = (key: string, value: string, expectation: Expectation = { kind: 'any' }): Write => ({ kind: 'put', key, value, expect: expectation })

/** A put; `expectation` defaults to any. */
export function put(storage: Storage, key: string, ...[value, expectation]: readonly [value: string, expectation?: Expectation]): Promise<WriteResult> {
  return storage.write(putting(key, value, expectation))
}

export function remove(storage: Storage, key: string, expectation: Expectation = { kind: 'any' }): Promise<WriteResult> {
  return storage.write({ kind: 'delete', key, expect: expectation })
}

export async function committed(writing: Promise<WriteResult>): Promise<Revision> {
  const result = await writing
  if (result.kind !== 'committed') throw new Error(`not committed: ${JSON.stringify(result)}`)
  return result.revision
}

export const faulty =
  (code: FaultCode) =>
  (error: unknown): boolean =>
    isFault(error, code)

/** All events after a revision, until everything up to the present has come. */
export async function eventsAfter(storage: Storage, prefix: string, after: Revision): Promise<StorageEvent[]> {
  const target = await storage.currentRevision()
  const events: StorageEvent[] = []
  if (after >= target) return events
  const abort = new AbortController()
  for await (const batch of storage.watch(prefix, { after, signal: abort.signal })) {
    events.push(...batch.events)
    if (batch.revision >= target) break
  }
  return events
}
