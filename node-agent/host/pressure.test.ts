import { expect, test } from 'vitest'
import { machinePressures, parsePressure } from './pressure.ts'
import { machineMemory, parseMachineMemory } from './usage.ts'

test('how long tasks stood still, as the kernel tells it; of processors older kernels tell only of some', () => {
  const some = 'some avg10=1.50 avg60=0.25 avg300=0.01 total=305679\n'
  expect(parsePressure(`${some}full avg10=0.00 avg60=0.00 avg300=0.00 total=25299\n`)).toEqual({ some: { avg10: 1.5, avg60: 0.25, avg300: 0.01, total: 305679 }, full: { avg10: 0, avg60: 0, avg300: 0, total: 25299 } })
  expect(parsePressure(some).full).toEqual({ avg10: 0, avg60: 0, avg300: 0, total: 0 })
})

test('memory of the whole machine', () => {
  expect(parseMachineMemory('AnonPages:  4 kB\nSwapTotal:   100 kB\nSwapFree:    40 kB\n', 'nr_x 1\npgfault 12\npgmajfault 3\n')).toEqual({ rssBytes: 4096, pageFaults: 12, majorPageFaults: 3, swapBytes: 60 * 1024, swapLimitBytes: 100 * 1024 })
})

test('this machine tells of itself', async () => {
  for (const pressure of Object.values(await machinePressures())) expect(pressure.some.total).toBeGreaterThanOrEqual(pressure.full.total)
  const { rssBytes, pageFaults } = await machineMemory()
  expect(Math.min(rssBytes, pageFaults)).toBeGreaterThan(0)
})
