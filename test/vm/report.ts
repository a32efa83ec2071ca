/** What the tests of machines came to, in the form of vitest's own reports. PURE. */
import { relative } from 'node:path'

export interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly success: boolean
  readonly testResults: ReadonlyArray<{ readonly name: string; readonly startTime: number; readonly endTime: number; readonly assertionResults: ReadonlyArray<{ readonly status: string }> }>
}

/** Of a machine that cannot be had. */
export const skipped: Report = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 1, success: true, testResults: [] }

/** Of one that broke before it could tell. */
export const broken: Report = { ...skipped, numFailedTests: 1, numPendingTests: 0, success: false }

/** Several machines, one after another. */
export const together = (reports: readonly Report[]): Report => ({
  numPassedTests: sum(reports.map((one) => one.numPassedTests)),
  numFailedTests: sum(reports.map((one) => one.numFailedTests)),
  numPendingTests: sum(reports.map((one) => one.numPendingTests)),
  success: reports.every((one) => one.success),
  testResults: reports.flatMap((one) => one.testResults),
})

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0)

/** `  4 passed, 1 failed  test/contract/cgroups.test.ts (30 s)` for each. */
export const byFile = ({ testResults }: Report, root: string): string =>
  testResults
    .map(({ name, startTime, endTime, assertionResults }) => {
      const counts = ['passed', 'failed', 'skipped'].map((status) => [assertionResults.filter((one) => one.status === status).length, status] as const)
      return `  ${counts.filter(([count]) => count > 0).map(([count, status]) => `${count} ${status}`).join(', ') || 'none'}  ${relative(root, name)} (${((endTime - startTime) / 1000).toFixed(0)} s)`
    })
    .join('\n')
