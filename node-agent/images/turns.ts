import { gate, type Gate } from '../../shared/kit/gate.ts'

/** A gate for each key, kept while anybody is in it or waits before it: who is stuck behind one key holds up nobody of another. */
export class Turns {
  readonly #limit: number
  readonly #gates = new Map<string, { readonly gate: Gate; users: number }>()

  constructor(limit: number) {
    this.#limit = limit
  }

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const own = this.#gates.get(key) ?? { gate: gate(this.#limit), users: 0 }
    this.#gates.set(key, own)
    own.users++
    try {
      return await own.gate.run(work)
    } finally {
      if (--own.users === 0) this.#gates.delete(key)
    }
  }
}
