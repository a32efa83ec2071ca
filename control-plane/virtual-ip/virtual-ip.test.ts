import { expect, test } from 'vitest'
import { silentLog } from '../../shared/kit/log.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import type { Leadership } from '../election/port.ts'
import { createVirtualIp, LIFE_S } from './virtual-ip.ts'

/** As the kernel does it: an address that nobody renews goes away. */
function machine(clock: VirtualClock) {
  let untilMs = Number.NEGATIVE_INFINITY
  const said: string[] = []
  const keep = async (seconds: number): Promise<void> => void (untilMs = clock.monotonicMs() + seconds * 1_000)
  return {
    said,
    hasAddress: () => clock.monotonicMs() < untilMs,
    holder: {
      keep,
      take: async (seconds: number) => {
        said.push('here')
        await keep(seconds)
      },
      drop: async () => {
        said.push('dropped')
        untilMs = Number.NEGATIVE_INFINITY
      },
    },
  }
}

function leadership() {
  const over = new AbortController()
  const state = { isConfirmed: true }
  const held: Leadership = { identity: 'a', address: 'a:1', guard: { key: 'k', createRevision: 1 }, signal: over.signal, confirmedUntilMs: () => 0, onConfirmed: () => () => {}, isConfirmed: () => state.isConfirmed, resign: async () => over.abort() }
  return { held, over, state }
}

test('the address is there while the leadership is, and a leftover goes at the start', async () => {
  const clock = new VirtualClock()
  const { holder, said, hasAddress } = machine(clock)
  await holder.keep(60)
  const duty = createVirtualIp({ holder, clock, log: silentLog })
  await clock.advance(1)
  expect([hasAddress(), said]).toEqual([false, ['dropped']])
  const { held, over } = leadership()
  const done = duty(held)
  await clock.advance(20_000)
  expect([hasAddress(), said]).toEqual([true, ['dropped', 'here']])
  over.abort()
  await clock.advance(1)
  await done
  expect([hasAddress(), said]).toEqual([false, ['dropped', 'here', 'dropped']])
})

test('a leader that is not sure of itself lets the address go, and has it back when it is', async () => {
  const clock = new VirtualClock()
  const { holder, said, hasAddress } = machine(clock)
  const { held, over, state } = leadership()
  const done = createVirtualIp({ holder, clock, log: silentLog })(held)
  await clock.advance(5_000)
  state.isConfirmed = false
  await clock.advance(LIFE_S * 1_000 + 1_000)
  expect(hasAddress()).toBe(false)
  state.isConfirmed = true
  await clock.advance(200)
  expect([hasAddress(), said]).toEqual([true, ['dropped', 'here', 'here']])
  over.abort()
  await clock.advance(1)
  await done
})

test('who leads again at once keeps the address: what the leadership before it lets go late does not take it away', async () => {
  const clock = new VirtualClock()
  const { holder, hasAddress } = machine(clock)
  const slow = { ...holder, drop: () => new Promise<void>((resolve) => void clock.after(40, () => resolve(holder.drop()))) }
  const duty = createVirtualIp({ holder: slow, clock, log: silentLog })
  const [first, second] = [leadership(), leadership()]
  const done = duty(first.held)
  await clock.advance(500)
  first.over.abort()
  await clock.advance(5)
  const again = duty(second.held)
  await clock.advance(200)
  expect(hasAddress()).toBe(true)
  second.over.abort()
  await clock.advance(100)
  await Promise.all([done, again])
  expect(hasAddress()).toBe(false)
})

test('a device that is not there stops nothing', async () => {
  const clock = new VirtualClock()
  const failing = (): Promise<void> => Promise.reject(new Error('Cannot find device'))
  const { held, over } = leadership()
  const done = createVirtualIp({ holder: { keep: failing, take: failing, drop: failing }, clock, log: silentLog })(held)
  await clock.advance(5_000)
  over.abort()
  await clock.advance(1)
  await expect(done).resolves.toBeUndefined()
})
