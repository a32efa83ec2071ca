import { expect, test } from 'vitest'
import type { Clock } from './clock.ts'
import { createTurns } from './turns.ts'

/** Time that passes by work alone; whoever waits is called in the next turn. */
class WorkClock implements Clock {
  #nowMs = 0
  turns = 0
  readonly #soon: Array<() => void> = []
  nowMs = (): number => this.#nowMs
  monotonicMs = (): number => this.#nowMs

  work(ms: number): void {
    this.#nowMs += ms
  }

  after(_delayMs: number, run: () => void): () => void {
    this.#soon.push(run)
    return () => {}
  }

  /** @returns how long the loop was held. */
  async turn(): Promise<number> {
    const sinceMs = this.#nowMs
    this.turns++
    for (const run of this.#soon.splice(0)) run()
    await new Promise(setImmediate)
    return this.#nowMs - sinceMs
  }
}

function* working(clock: WorkClock, name: string, log: string[], stepsMs: readonly number[]): Generator<void, string> {
  for (const ms of stepsMs) {
    clock.work(ms)
    log.push(name)
    yield
  }
  return name
}

test('what is short is done at once', async () => {
  const clock = new WorkClock()
  expect(await createTurns({ clock }).through(working(clock, 'a', [], [1, 1, 1]))).toBe('a')
  expect(clock.turns).toBe(0)
})

test('the loop is held no longer than that, however much is under way, and each job has its share', async () => {
  const clock = new WorkClock()
  const turns = createTurns({ clock, holdMs: 8 })
  const log: string[] = []
  const done: string[] = []
  for (const name of ['a', 'b', 'c']) void turns.through(working(clock, name, log, Array.from({ length: 10 }, () => 2))).then((text) => done.push(text))
  const held: number[] = []
  while (done.length < 3) held.push(await clock.turn())
  expect(Math.max(...held)).toBe(8)
  // The first has begun before there were others.
  expect(log.slice(4, 16).join('')).toBe('aaaabbbbcccc')
})

test('many short jobs in one turn count together', async () => {
  const clock = new WorkClock()
  const turns = createTurns({ clock, holdMs: 8 })
  const log: string[] = []
  const all = Promise.all(Array.from({ length: 40 }, (_, at) => turns.through(working(clock, String(at), log, [1]))))
  expect(log.length).toBe(8)
  expect(await clock.turn()).toBe(8)
  for (let turn = 0; turn < 5; turn++) await clock.turn()
  expect(log.length).toBe(40)
  await all
})

test('what a step throws is told to whoever asked for it, and others go on', async () => {
  const clock = new WorkClock()
  const turns = createTurns({ clock, holdMs: 8 })
  const failing = turns.through(
    (function* (): Generator<void, void> {
      clock.work(9)
      yield
      throw new Error('no')
    })(),
  )
  const other = turns.through(working(clock, 'b', [], [1]))
  const refused = expect(failing).rejects.toThrow('no')
  await clock.turn()
  await refused
  expect(await other).toBe('b')
})

test('who goes away before all is done is waited for no longer, and nothing more is done for him', async () => {
  const clock = new WorkClock()
  const turns = createTurns({ clock, holdMs: 8 })
  const log: string[] = []
  const gone = new AbortController()
  const given = turns.through(working(clock, 'a', log, Array.from({ length: 100 }, () => 2)), gone.signal)
  const other = turns.through(working(clock, 'b', log, [2]))
  const refused = expect(given).rejects.toThrow('gone')
  gone.abort(new Error('gone'))
  await clock.turn()
  await refused
  expect(await other).toBe('b')
  expect(log.join('')).toBe('aaaab')
})
