import { expect, test } from 'vitest'
import { identify, isAlive, parseProcStat } from './proc.ts'
import { signalNumber } from './signals.ts'

test('the name of a process may hold spaces and parentheses', () => {
  const fields = Array.from({ length: 50 }, (_, index) => String(index))
  expect(parseProcStat(`42 (a) b (c) S ${fields.join(' ')}`)).toEqual({ state: 'S', startTicks: 18 })
})

test('this process is who it is, and nobody else', async () => {
  const self = await identify(process.pid)
  expect(self?.pid).toBe(process.pid)
  expect(self && (await isAlive(self))).toBe(true)
  expect(await isAlive({ pid: process.pid, startTicks: 1 })).toBe(false)
  expect(await identify(4_194_303)).toBeUndefined()
})

test('signals by every kind of name', () => {
  expect(['TERM', 'SIGKILL', '10', 'sigrtmin+3', 'SIGRTMAX-1', 'NOPE'].map(signalNumber)).toEqual([15, 9, 10, 37, 63, undefined])
})
