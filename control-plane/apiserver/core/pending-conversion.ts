/**
 * Objects that only somebody else can show in another version are not there at once. Whoever needs one throws what is pending up to the door of the
 * request; there it is waited for, and the request is begun anew: then it is known. Nothing has been written before.
 */
import type { JsonObject } from '../../../shared/model/json.ts'

export class PendingConversion extends Error {
  readonly settle: (signal: AbortSignal) => Promise<void>

  /** @param settle resolves when what was asked for is known; throws the ApiError that is the answer if it cannot be. */
  constructor(settle: (signal: AbortSignal) => Promise<void>) {
    super('an object is to be converted by a webhook first')
    this.settle = settle
  }
}

/** Shows objects in another version. Throws the ApiError that is the answer if it cannot. */
export type Convert = (objects: readonly JsonObject[], apiVersion: string, signal: AbortSignal) => Promise<readonly JsonObject[]>

/** One request meets few of them: what it reads, what it writes, what it answers. */
const MOST_ROUNDS = 32

export async function withConversions<T>(signal: AbortSignal, attempt: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof PendingConversion) || round === MOST_ROUNDS) throw error
      await error.settle(signal)
    }
  }
}
