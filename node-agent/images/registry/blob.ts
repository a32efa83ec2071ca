import { createHash } from 'node:crypto'
import { sleep, type Clock } from '../../../shared/kit/clock.ts'
import { Fault, isFault } from '../../../shared/kit/faults.ts'
import type { Random } from '../../../shared/kit/random.ts'
import { checkDigest, type Digest } from '../digest.ts'
import type { HttpAnswer } from './http.ts'
import type { Descriptor } from './port.ts'
import { retryDelay } from './retry.ts'
import { stallOf } from './stall.ts'

export interface BlobOptions {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  /** Asks for the bytes from `offset` on; answered by 200 or 206. */
  readonly fetch: (offset: number) => Promise<HttpAnswer>
  /** Where to begin; from there on nothing is checked but the length. */
  readonly from?: number
}

/** So much has to have come since the last cut that mattered for the next one to be the first again: who sends a byte per connection would never end. */
const PROGRESS_BYTES = 64 << 10

/**
 * A blob's bytes as they come. Where the connection is cut it goes on from there; whoever reads notices a pause at most. What was read before the end is
 * only to be believed when the end came without an error.
 */
export async function* readBlob({ digest, sizeBytes }: Descriptor, { clock, random, signal, fetch, from = 0 }: BlobOptions): AsyncGenerator<Buffer> {
  const hash = createHash('sha256')
  let offset = from
  let mark = from
  for (let failures = 0; offset < sizeBytes || (sizeBytes === 0 && failures === 0); ) {
    const before = offset
    try {
      for await (const chunk of bytesFrom(await fetch(offset), offset)) {
        offset += chunk.length
        if (offset > sizeBytes) throw new Fault('corrupt', `the blob ${digest} is longer than the ${sizeBytes} bytes its manifest says`)
        hash.update(chunk)
        yield chunk
      }
      if (sizeBytes === 0) break
      if (offset < sizeBytes) throw new Fault('unavailable', `the blob ${digest} ended after ${offset} of ${sizeBytes} bytes`)
    } catch (error) {
      // What the request itself could not mend by trying again is final, unless bytes have come since.
      if (!isFault(error, 'unavailable') || isFinal(error, offset > before)) throw error
      failures = offset >= mark + PROGRESS_BYTES ? 1 : failures + 1
      if (failures === 1) mark = offset
      const delayMs = retryDelay(failures, undefined, random.next())
      if (delayMs === undefined) throw error
      await sleep(clock, delayMs, signal)
    }
  }
  if (from === 0) checkDigest(`sha256:${hash.digest('hex')}` as Digest, digest, `the blob ${digest}`)
}

/** Somebody slow is slow again; the silent have been asked again already. */
const isFinal = (error: Fault, hasCome: boolean): boolean => stallOf(error) === 'slow' || (!hasCome && (isAnswer(error) || stallOf(error) === 'silent'))

/** A server's considered "no", which has been asked for often enough already. */
const isAnswer = (error: Fault): boolean => error.cause === undefined && error.message.startsWith('unexpected status')

async function* bytesFrom(answer: HttpAnswer, offset: number): AsyncGenerator<Buffer> {
  let skip = offset
  if (answer.status === 206) {
    const start = /^bytes (\d+)-/.exec(answer.headers['content-range'] ?? '')?.[1]
    if (start !== undefined && Number(start) !== offset) throw (answer.discard(), new Fault('invalid', `the registry was asked for bytes from ${offset} on and sent them from ${start}`))
    skip = 0
  }
  try {
    for await (const chunk of answer.body) {
      if (skip >= chunk.length) skip -= chunk.length
      else {
        yield skip > 0 ? chunk.subarray(skip) : chunk
        skip = 0
      }
    }
  } finally {
    answer.discard()
  }
}
