/**
 * Takes real time and real chance away from everything in this process: a part that reaches for them, and not for what it was given, fails at once and
 * by name, and not as a run that cannot be replayed.
 */
export function forbidReality(): void {
  const forbid = (owner: object, name: string, label: string): void => {
    Object.defineProperty(owner, name, {
      configurable: true,
      writable: true,
      value: () => {
        throw new Error(`${label} is real: a simulation has its own (take Clock or Random by parameter)`)
      },
    })
  }
  forbid(Date, 'now', 'Date.now()')
  forbid(performance, 'now', 'performance.now()')
  forbid(Math, 'random', 'Math.random()')
  for (const name of ['setTimeout', 'setInterval', 'setImmediate', 'fetch'] as const) forbid(globalThis, name, `${name}()`)
  forbid(AbortSignal, 'timeout', 'AbortSignal.timeout()')
  forbid(crypto, 'randomUUID', 'crypto.randomUUID()')
  forbid(crypto, 'getRandomValues', 'crypto.getRandomValues()')
  globalThis.Date = new Proxy(Date, {
    construct(target, words: readonly unknown[]) {
      if (words.length === 0) throw new Error('new Date() is real: a simulation has its own time (take Clock by parameter)')
      return Reflect.construct(target, words) as object
    },
  })
}
