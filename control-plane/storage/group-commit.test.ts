import { expect, test } from 'vitest'
import { systemClock, type Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { BatchTooLarge, GroupCommit, type GroupCommitOptions, type PendingWrite } from './group-commit.ts'
import { NotWritten, type Write, type WriteResult } from './port.ts'
import type { Placed } from './positions.ts'

type Batch = ReadonlyArray<Placed<PendingWrite>>

interface Server {
  readonly batches: string[][]
  /** Answers the oldest transaction under way. */
  answer(error?: Fault): Promise<void>
  readonly commits: GroupCommit
}

function server(options: Partial<GroupCommitOptions> = {}): Server {
  const batches: string[][] = []
  const waiting: Array<{ readonly batch: Batch; readonly answer: PromiseWithResolvers<readonly WriteResult[]> }> = []
  const commits = new GroupCommit({
    maxWrites: 1000,
    maxBytes: 1 << 20,
    maxInFlight: 1,
    clock: systemClock,
    waitMs: 60_000,
    soon: (run) => void setImmediate(run),
    commit(batch) {
      const answer = Promise.withResolvers<readonly WriteResult[]>()
      batches.push(batch.map((placed) => `${placed.write.write.kind} ${placed.write.write.key}`))
      waiting.push({ batch, answer })
      return answer.promise
    },
    ...options,
  })
  return {
    batches,
    commits,
    async answer(error) {
      await turn()
      const oldest = waiting.shift()
      if (error) oldest?.answer.reject(error)
      else oldest?.answer.resolve(oldest.batch.map(({ position }) => ({ kind: 'committed', revision: position })))
      await turn()
    },
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(() => setImmediate(resolve)))
const put = (key: string): Write => ({ kind: 'put', key, value: '{}', expect: { kind: 'any' } })
const del = (key: string): Write => ({ kind: 'delete', key, expect: { kind: 'any' } })

test('what comes while a transaction is under way goes together in the next', async () => {
  const { commits, batches, answer } = server()
  const all = [commits.write(put('a'))]
  await turn()
  for (const key of ['b', 'c', 'b']) all.push(commits.write(put(key)))
  for (let batch = 0; batch < 3; batch++) await answer()
  await Promise.all(all)
  expect(batches).toEqual([['put a'], ['put b', 'put c'], ['put b']])
})

test('whoever writes one after the other does not wait for a turn of the loop', async () => {
  const { commits, batches, answer } = server({ clock: { ...systemClock, monotonicMs: () => 0 } })
  for (const key of ['a', 'b', 'c', 'd']) {
    const written = commits.write(put(key))
    await answer()
    await written
  }
  const next = commits.write(put('e'))
  expect(batches.at(-1)).toEqual(['put e'])
  await answer()
  await next
})

test('beside a transaction under way another begins when enough have come for it, or the first takes its time', async () => {
  const due: Array<() => void> = []
  const clock: Clock = { nowMs: () => 0, monotonicMs: () => 0, after: (_delayMs, run) => (due.push(run), () => void due.splice(Math.max(0, due.indexOf(run)), due.includes(run) ? 1 : 0)) }
  const { commits, batches, answer } = server({ maxInFlight: 3, clock })
  const all = [commits.write(put('a'))]
  await turn()
  all.push(commits.write(put('b')))
  await turn()
  expect(batches).toEqual([['put a']])
  for (let i = 0; i < 31; i++) all.push(commits.write(put(`c${i}`)))
  await turn()
  expect(batches.map((batch) => batch.length)).toEqual([1, 32])
  all.push(commits.write(put('d')))
  await turn()
  expect(batches.length).toBe(2)
  for (const run of due.splice(0)) run()
  await turn()
  expect(batches.at(-1)).toEqual(['put d'])
  for (let batch = 0; batch < 3; batch++) await answer()
  await Promise.all(all)
})

test('a failed transaction fails its own writes only', async () => {
  const { commits, answer } = server()
  const first = expect(commits.write(put('a'))).rejects.toSatisfy((error) => isFault(error, 'unavailable'))
  await turn()
  const second = commits.write(put('b'))
  await answer(new Fault('unavailable', 'gone away'))
  await first
  await answer()
  expect(await second).toMatchObject({ kind: 'committed' })
})

test('a batch that is too large is given again in pieces', async () => {
  const { commits, batches, answer } = server()
  const all = Array.from({ length: 200 }, (_, n) => commits.write(put(`${n}`)))
  await answer(new BatchTooLarge({}))
  await answer()
  await answer()
  await Promise.all(all)
  expect(batches.map((batch) => batch.length)).toEqual([200, 125, 75])
})

test('out of space: what makes room is given again alone', async () => {
  const { commits, batches, answer } = server()
  const refused = expect(commits.write(put('a'))).rejects.toSatisfy((error) => isFault(error, 'exhausted'))
  const removed = commits.write(del('b'))
  await answer(new Fault('exhausted', 'no space'))
  await refused
  await answer()
  expect(await removed).toMatchObject({ kind: 'committed' })
  expect(batches.at(-1)).toEqual(['delete b'])
})

test('who gives up while waiting is not written; after closing nothing is', async () => {
  const { commits, batches, answer } = server()
  const first = commits.write(put('a'))
  await turn()
  const abort = new AbortController()
  const given = expect(commits.write(put('b'), abort.signal)).rejects.toSatisfy((error) => isFault(error, 'cancelled'))
  abort.abort()
  await given
  const waiting = expect(commits.write(put('c'))).rejects.toSatisfy((error) => isFault(error, 'unavailable'))
  commits.close(new Fault('unavailable', 'closed'))
  await waiting
  await answer()
  await first
  expect(batches).toEqual([['put a']])
})

test('while a transaction hangs, those who wait are told within bounds that nothing of theirs was sent; who came later waits on', async () => {
  let nowMs = 0
  const timers: Array<{ readonly dueMs: number; readonly run: () => void }> = []
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: (delayMs: number, run: () => void) => (timers.push({ dueMs: nowMs + delayMs, run }), () => {}) }
  const passTo = (ms: number): void => {
    nowMs = ms
    for (const { run } of timers.splice(0).filter(({ dueMs, run }) => dueMs <= ms || (timers.push({ dueMs, run }), false))) run()
  }
  const { commits, batches, answer } = server({ clock, waitMs: 5_000 })
  const hanging = commits.write(put('a'))
  await turn()
  const waiting = Array.from({ length: 10 }, () => expect(commits.write(put('b'))).rejects.toSatisfy((error) => error instanceof NotWritten))
  passTo(4_999)
  const later = commits.write(put('c'))
  passTo(5_001)
  await Promise.all(waiting)
  await answer()
  await answer()
  await Promise.all([hanging, later])
  expect(batches).toEqual([['put a'], ['put c']])
})

/** Time that stands still until it is moved. */
function heldClock(): Clock & { passTo(ms: number): void } {
  let nowMs = 0
  let timers: Array<{ readonly dueMs: number; readonly run: () => void }> = []
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      const timer = { dueMs: nowMs + delayMs, run }
      timers.push(timer)
      return () => void (timers = timers.filter((one) => one !== timer))
    },
    passTo(ms) {
      nowMs = ms
      const due = timers.filter(({ dueMs }) => dueMs <= ms)
      timers = timers.filter(({ dueMs }) => dueMs > ms)
      for (const { run } of due) run()
    },
  }
}

/** Sixty-four who have written at the same time, and been answered. */
async function crowded({ commits, answer, batches }: Server): Promise<Array<Promise<unknown>>> {
  const all = Array.from({ length: 64 }, (_, n) => commits.write(put(`first ${n}`)))
  await answer()
  expect(batches.splice(0).map((batch) => batch.length)).toEqual([64])
  return all
}

test('where many write at the same time, a transaction begins when half of them have come again', async () => {
  const clock = heldClock()
  const one = server({ clock })
  const all = await crowded(one)
  for (let n = 0; n < 31; n++) all.push(one.commits.write(put(`${n}`)))
  await turn()
  expect(one.batches).toEqual([])
  all.push(one.commits.write(put('31')))
  await turn()
  expect(one.batches.map((batch) => batch.length)).toEqual([32])
  await one.answer()
  await Promise.all(all)
})

test('who waits for company does so for some milliseconds only, and for nobody a while after the others have gone', async () => {
  const clock = heldClock()
  const one = server({ clock })
  const all = await crowded(one)
  all.push(one.commits.write(put('a')))
  await turn()
  expect(one.batches).toEqual([])
  clock.passTo(8)
  await turn()
  expect(one.batches).toEqual([['put a']])
  await one.answer()
  clock.passTo(200)
  all.push(one.commits.write(put('b')))
  await turn()
  expect(one.batches).toEqual([['put a'], ['put b']])
  await one.answer()
  await Promise.all(all)
})

test('when a crowd has gone, one who writes on alone waits for it once', async () => {
  const clock = heldClock()
  const one = server({ clock })
  const all = await crowded(one)
  for (let n = 0; n < 5; n++) {
    all.push(one.commits.write(put(`${n}`)))
    await turn()
    if (n === 0) {
      expect(one.batches).toEqual([])
      clock.passTo(8)
      await turn()
    }
    expect(one.batches.length).toBe(n + 1)
    await one.answer()
  }
  await Promise.all(all)
})

test('one after the other, and a few at the same time, wait for nobody', async () => {
  const clock = heldClock()
  const one = server({ clock })
  for (let round = 0; round < 100; round++) {
    const some = Array.from({ length: 1 + (round % 7) }, (_, n) => one.commits.write(put(`${n}`)))
    await turn()
    expect(one.batches.length).toBe(round + 1)
    await one.answer()
    await Promise.all(some)
  }
})

test('whoever comes between the decision to begin and the beginning, and raises what is waited for, leaves nobody waiting for ever', async () => {
  const clock = heldClock()
  const runs: Array<() => void> = []
  const one = server({ clock, soon: (run) => void runs.push(run) })
  const soon = async (): Promise<void> => {
    for (const run of runs.splice(0)) run()
    await turn()
  }
  const all = Array.from({ length: 14 }, (_, n) => one.commits.write(put(`a${n}`)))
  await soon()
  await one.answer()
  // The first is to begin at once; the second, of the same span, makes of them many.
  all.push(one.commits.write(put('b')))
  all.push(one.commits.write(put('c')))
  await soon()
  clock.passTo(8)
  await soon()
  await one.answer()
  await Promise.all(all)
  expect(one.batches.map((batch) => batch.length)).toEqual([14, 2])
})
