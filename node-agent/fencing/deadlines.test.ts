import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../shared/kit/clock.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import { DeadlineFiles, forgetState, ownerOf } from './deadlines.ts'
import { describeKill, takeKillReports } from './kill-reports.ts'
import type { KeeperState } from './port.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gantry-deadlines-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const line = (): string => readFileSync(join(folder, 'deadline'), 'utf8')
const state: KeeperState = { nodeName: 'n1', bootId: 'b', membership: { epoch: 3, members: ['n1', 'n2'], terms: DEFAULT_TERMS }, peerAddresses: { n2: '192.0.2.2:6447' }, heartbeatSentMs: 1_000.7, ackReceivedMs: 1_001.2, provenMs: 900.9, hasEnded: false }

test('an empty folder says nothing', () => {
  using store = new DeadlineFiles(folder)
  expect(store.read()).toEqual({ killAtMs: undefined, state: undefined })
  expect(ownerOf(folder)).toBeUndefined()
})

test('the next agent reads what the last one wrote, times rounded to the safe side', () => {
  {
    using store = new DeadlineFiles(folder)
    store.setState(state)
    store.setDeadline(2_100.9)
  }
  using store = new DeadlineFiles(folder)
  expect(store.read()).toEqual({ killAtMs: 2_100, state: { ...state, heartbeatSentMs: 1_000, ackReceivedMs: 1_002, provenMs: 900 } })
  expect(ownerOf(folder)).toBe('n1')
})

test('the line begins with the deadline twice, and a shorter one leaves nothing of a longer one behind', () => {
  using store = new DeadlineFiles(folder)
  store.setDeadline(9_000_000_000_000)
  store.setDeadline(7)
  expect(line()).toMatch(/^7 7 0 0 0 1 *\n$/)
})

test('half a line counts for nothing', () => {
  using store = new DeadlineFiles(folder)
  store.setState(state)
  store.setDeadline(2_100)
  writeFileSync(join(folder, 'deadline'), '2200 2100 1000 1001 0 0\n')
  expect(store.read()).toEqual({ killAtMs: undefined, state: undefined })
})

test('what is forgotten ends at once', () => {
  using store = new DeadlineFiles(folder)
  store.setState(state)
  store.setDeadline(2_100)
  forgetState(folder)
  expect(line()).toMatch(/^0 0 0/)
  expect(ownerOf(folder)).toBeUndefined()
})

test('kills are told once, in order, and not before they are written', async () => {
  using store = new DeadlineFiles(folder)
  store.setDeadline(0)
  writeFileSync(join(folder, 'kills/5100'), '5000 5100 5140 3 12\n')
  writeFileSync(join(folder, 'kills/900'), '0 900 910 1 1\n')
  writeFileSync(join(folder, 'kills/6000'), '60')
  expect(await takeKillReports(folder)).toEqual([
    { killAtMs: 0, beganMs: 900, doneMs: 910, pods: 1, processes: 1 },
    { killAtMs: 5_000, beganMs: 5_100, doneMs: 5_140, pods: 3, processes: 12 },
  ])
  expect(await takeKillReports(folder)).toEqual([])
})

test('a kill in words', () => {
  const clock = { ...systemClock, nowMs: () => Date.UTC(2026, 0, 1, 12, 0, 10), monotonicMs: () => 20_000 }
  const words = (killAtMs: number, doneMs: number, pods = 3): string => describeKill({ killAtMs, beganMs: doneMs, doneMs, pods, processes: 9 }, { killMs: 100, clock })
  expect(words(15_000, 15_004)).toBe("3 pods stopped at 12:00:05.004, 96 ms before the lease's end")
  expect(words(15_000, 15_130, 1)).toBe("1 pod stopped at 12:00:05.130, 30 ms after the lease's end")
  expect(words(0, 15_130)).toBe('3 pods stopped at 12:00:05.130: this node has had no lease since it started')
})
