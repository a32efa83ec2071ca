import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { keepTrimmed } from './native-memory.ts'

const MB = 1024 * 1024

/** A process with so much native memory, of which so much is in use. */
function fakeProcess() {
  let timers: Array<() => void> = []
  const state = { native: 100 * MB, used: 60 * MB, heap: 100_000_000, workMs: 0, trims: 0, collections: 0 }
  const clock = { nowMs: () => 0, monotonicMs: () => 0, after: (_delayMs: number, run: () => void) => (timers.push(run), () => void (timers = timers.filter((one) => one !== run))) }
  const trim = (): void => {
    state.trims++
    state.native = state.used
  }
  const look = (): void => {
    const due = timers
    timers = []
    for (const run of due) run()
  }
  return { state, look, isRunning: () => timers.length > 0, stop: keepTrimmed({ clock, trim, collect: () => state.collections++, use: () => ({ nativeBytes: state.native, heapBytes: state.heap, workMs: state.workMs }) }) }
}

test('it trims at first, and again when enough has come', () => {
  const { state, look } = fakeProcess()
  expect(state.trims).toBe(1)
  state.native = 80 * MB
  look()
  expect(state.trims).toBe(1)
  state.native = 90 * MB
  look()
  expect(state.trims).toBe(2)
})

test('what is really in use is not trimmed for again and again', () => {
  const { state, look } = fakeProcess()
  state.native = state.used = 300 * MB
  for (let times = 0; times < 10; times++) look()
  expect(state.trims).toBe(2)
})

test('after much work it trims too: what was in use the last time may be free by now', () => {
  const { state, look } = fakeProcess()
  state.workMs = 900
  look()
  expect(state.trims).toBe(1)
  state.workMs = 2500
  look()
  look()
  expect(state.trims).toBe(2)
})

test('when a load is over it trims once more', () => {
  const { state, look } = fakeProcess()
  state.workMs = 600
  look()
  expect(state.trims).toBe(1)
  for (let times = 0; times < 3; times++) look()
  expect(state.trims).toBe(2)
})

test('when a load is over its garbage is collected, once, and what that held is given back', () => {
  const { state, look } = fakeProcess()
  for (let times = 0; times < 3; times++) {
    state.workMs += 400
    look()
  }
  expect(state.collections).toBe(0)
  for (let times = 0; times < 5; times++) look()
  expect(state.collections).toBe(1)
  const { trims } = state
  state.heap -= 30_000_000
  look()
  look()
  expect([state.collections, state.trims]).toEqual([1, trims + 1])
})

test('a little work leaves nothing that is worth a collection of a large heap', () => {
  const { state, look } = fakeProcess()
  state.workMs = 300
  for (let times = 0; times < 5; times++) look()
  expect(state.collections).toBe(0)
})

test('it ends', () => {
  const { stop, isRunning } = fakeProcess()
  stop()
  expect(isRunning()).toBe(false)
})

test('a real process gives back what it freed, without a word, and goes on', () => {
  const script = `
    import { loadTrim } from ${JSON.stringify(new URL('native-memory.ts', import.meta.url).href)}
    loadTrim()?.()
    setTimeout(() => console.log('goes on'), 50)`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', timeout: 50_000, killSignal: 'SIGKILL' })
  expect([stdout, stderr]).toEqual(['goes on\n', ''])
})
