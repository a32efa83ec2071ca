/** Lets at most so many through at once; the others wait in the order they came. */
export interface Gate {
  run<T>(work: () => Promise<T>): Promise<T>
}

export function gate(limit: number): Gate {
  let inside = 0
  const waiting: Array<() => void> = []
  return {
    async run(work) {
      if (inside >= limit) await new Promise<void>((resolve) => waiting.push(resolve))
      else inside++
      try {
        return await work()
      } finally {
        // The place is handed over, not given back, so that nobody who comes now overtakes.
        const next = waiting.shift()
        if (next) next()
        else inside--
      }
    },
  }
}
