import { randomBytes, randomUUID } from 'node:crypto'

/** Randomness comes in through this port; a seed makes it repeatable. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number
  /** A version 4 UUID, where there is a quicker way to one than number by number. */
  uuid?(): string
}

/** Bytes are fetched by the page: one call for each number would cost more than all else in a request. */
const PAGE_BYTES = 6 * 1024

let page: Buffer = Buffer.alloc(0)
let at = 0

export const systemRandom: Random = {
  next: () => {
    if (at >= page.length) {
      page = randomBytes(PAGE_BYTES)
      at = 0
    }
    at += 6
    return page.readUIntBE(at - 6, 6) / 2 ** 48
  },
  uuid: () => randomUUID(),
}

/** A repeatable generator (mulberry32): same seed, same numbers. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return {
    next: () => {
      state = (state + 0x6d2b79f5) >>> 0
      let mixed = Math.imul(state ^ (state >>> 15), state | 1)
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
    },
  }
}

/** An integer in [0, below). */
export const randomInt = (random: Random, below: number): number => Math.floor(random.next() * below)
