/**
 * `npm run test:vm`: the tests of the node on a machine whose control groups are version 2 alone, as on almost every machine of today. `--short` runs
 * fewer (a stage of `npm run test:long`), names of files run those, `--optional` counts a machine that cannot be had as skipped.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { OUT_FOLDER } from './init.ts'
import { runMachine } from './machine.ts'
import { NoMachine } from './apt.ts'
import { machineParts, type MachineParts } from './parts.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, '.gantry/vm')
const reports = join(root, '.gantry/reports')

const contracts = (names: readonly string[]): readonly string[] => names.map((name) => `test/contract/${name}.test.ts`)
const endToEnd = (names: readonly string[]): readonly string[] => names.map((name) => `test/e2e/${name}.test.ts`)
const LAB = 'test/vm/lab.vm.ts'
/** Those in which control groups matter most. */
const SHORT = contracts(['cgroups', 'runtime', 'pods'])
/** The other rooms of a node: what stands on the kernel's mounts, its layers, its packet filter. */
const ROOMS = contracts(['volumes', 'claims', 'sub-paths', 'images', 'snapshots', 'network', 'virtual-ip', 'probes', 'runtime-release', 'runtime-trouble'])
const LABS = [LAB, 'test/vm/two-nodes.vm.ts', ...endToEnd(['pods', 'pod-files', 'streams', 'images'])]

const words = process.argv.slice(2)
const named = words.filter((word) => !word.startsWith('--'))
/** A whole lab takes longer to come up in an emulator than the short form may. */
const filesFor = (kind: MachineParts['kind']): readonly string[] => (named.length > 0 ? named : !words.includes('--short') ? [...SHORT, ...ROOMS, ...LABS] : kind === 'emulated' ? SHORT : [...SHORT, LAB])
const limitMs = Number(process.env['GANTRY_VM_MINUTES'] ?? (words.includes('--short') ? 60 : 150)) * 60_000

/** How many times as long everything may take: a kernel in user mode makes calls slow, an emulator everything. */
const SLOWNESS: Readonly<Record<MachineParts['kind'], number>> = { 'user-mode': 8, emulated: 15 }

const scriptFor = (kind: MachineParts['kind']): string => `
export PATH="${root}/node_modules/node/bin:${root}/node_modules/.bin:$PATH" NODE_OPTIONS=--disable-warning=ExperimentalWarning CI=1 GANTRY_SLOWNESS=${SLOWNESS[kind]}
vitest run --config vitest.vm.config.ts --reporter=verbose --reporter=json --outputFile.json=${OUT_FOLDER}/report.json ${filesFor(kind).join(' ')}
`

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly success: boolean
  readonly testResults: ReadonlyArray<{ readonly name: string; readonly startTime: number; readonly endTime: number; readonly assertionResults: ReadonlyArray<{ readonly status: string }> }>
}

/** `  4 passed, 1 failed  test/contract/cgroups.test.ts (30 s)` for each. */
const byFile = ({ testResults }: Report): string =>
  testResults
    .map(({ name, startTime, endTime, assertionResults }) => {
      const counts = ['passed', 'failed', 'skipped'].map((status) => [assertionResults.filter((one) => one.status === status).length, status] as const)
      return `  ${counts.filter(([count]) => count > 0).map(([count, status]) => `${count} ${status}`).join(', ') || 'none'}  ${relative(root, name)} (${((endTime - startTime) / 1000).toFixed(0)} s)`
    })
    .join('\n')

/** Counted by `test/run.ts` as those of a vitest. */
function writeReport(report: Report): void {
  mkdirSync(reports, { recursive: true })
  writeFileSync(join(reports, 'vm.json'), JSON.stringify(report))
}

function ending(sentence: string, exitCode: number): number {
  console.log(`\nmachine: ${sentence}`)
  return exitCode
}

async function main(): Promise<number> {
  mkdirSync(dirname(folder), { recursive: true })
  const parts = machineParts(folder, { emulated: words.includes('--emulated') })
  const out = join(folder, 'out')
  const startMs = performance.now()
  const end = await runMachine({ parts, root, script: scriptFor(parts.kind), out, folder, memoryMegabytes: 4096, processors: Math.min(2, availableParallelism()), limitMs, onLine: (line) => console.log(line) })
  const took = `${((performance.now() - startMs) / 1000).toFixed(0)} s`
  const file = join(out, 'report.json')
  if (!existsSync(file)) {
    const why = end.kind === 'broken' ? `it broke (${end.exitCode}): ${end.said}` : end.kind === 'out-of-time' ? `not done within ${limitMs / 60_000} minutes` : 'the tests could not be run'
    return ending(`${why} (${took})`, 1)
  }
  mkdirSync(reports, { recursive: true })
  copyFileSync(file, join(reports, 'vm.json'))
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report
  console.log(`\n${byFile(report)}`)
  return ending(`cgroup v2 (${parts.kind}): ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped (${took})`, report.success ? 0 : 1)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof NoMachine)) throw error
  const optional = words.includes('--optional')
  if (optional) writeReport({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 1, success: true, testResults: [] })
  process.exitCode = ending(`not possible here: ${error.message}`, optional ? 0 : 1)
}
