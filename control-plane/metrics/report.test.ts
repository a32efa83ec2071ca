import { expect, test } from 'vitest'
import { readReport } from './report.ts'

const report = { atMs: 1000, windowMs: 1500.5, node: { cpuNanoCores: 1, memoryBytes: 2 }, pods: [{ uid: 'u', windowMs: 3, containers: [{ name: 'c', cpuNanoCores: 4, memoryBytes: 5 }] }] }

test('a report is read, and only what belongs to it', () => {
  expect(readReport(JSON.stringify({ ...report, more: 'x' }))).toEqual(report)
})

test.each([
  '', 'null', '[]', '7', '{}',
  JSON.stringify({ ...report, atMs: 1e300 }),
  JSON.stringify({ ...report, windowMs: -1 }),
  JSON.stringify({ ...report, node: 'x' }),
  JSON.stringify({ ...report, node: { cpuNanoCores: '1', memoryBytes: 2 } }),
  JSON.stringify(report).replace('"memoryBytes":2', '"memoryBytes":1e999'),
  JSON.stringify({ ...report, pods: {} }),
  JSON.stringify({ ...report, pods: [null] }),
  JSON.stringify({ ...report, pods: [{ uid: 1, windowMs: 3, containers: [] }] }),
  JSON.stringify({ ...report, pods: [{ uid: 'u', windowMs: 3, containers: [{ name: 'c', memoryBytes: 5 }] }] }),
])('anything else is refused: %s', (text) => {
  expect(() => readReport(text)).toThrow()
})
