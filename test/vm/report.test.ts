import { expect, test } from 'vitest'
import { broken, byFile, skipped, together, type Report } from './report.ts'

const one: Report = { numPassedTests: 2, numFailedTests: 0, numPendingTests: 1, success: true, testResults: [{ name: '/root/test/a.test.ts', startTime: 0, endTime: 3_000, assertionResults: [{ status: 'passed' }, { status: 'passed' }, { status: 'skipped' }] }] }

test('machines one after another are counted together; one that cannot be had is skipped, one that broke has failed', () => {
  expect(together([one, one, skipped])).toEqual({ numPassedTests: 4, numFailedTests: 0, numPendingTests: 3, success: true, testResults: [...one.testResults, ...one.testResults] })
  expect(together([one, broken])).toMatchObject({ numPassedTests: 2, numFailedTests: 1, numPendingTests: 1, success: false })
})

test('each file has its line', () => {
  expect(byFile(one, '/root')).toBe('  2 passed, 1 skipped  test/a.test.ts (3 s)')
})
