/**
 * `npm run test:vm`: the tests of the node on a machine whose control groups are version 2 alone, as on almost every machine of today. `--short` runs
 * fewer (a stage of `npm run test:long`), names of files run those, `--optional` counts a machine that cannot be had as skipped.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { OUT_FOLDER } from './init.ts'
import { runMachine } from './machine.ts'
import { machineParts, NoMachine } from './parts.ts'

const root = join(import.meta.dirname, '../..')
const folder = join(root, '.gantry/vm')
const reports = join(root, '.gantry/reports')

/** Real parts of a node, without a cluster. */
const ROOMS = ['cgroups', 'runtime', 'pods'].map((name) => `test/contract/${name}.test.ts`)
/** A whole lab takes minutes to come up where everything is emulated. */
const ALL = [...ROOMS, 'test/vm/lab.vm.ts', ...['volumes', 'snapshots', 'images'].map((name) => `test/contract/${name}.test.ts`)]

const words = process.argv.slice(2)
const named = words.filter((word) => !word.startsWith('--'))
const files = named.length > 0 ? named : words.includes('--short') ? ROOMS : ALL
const limitMs = Number(process.env['GANTRY_VM_MINUTES'] ?? (words.includes('--short') ? 25 : 45)) * 60_000

const script = `
export PATH="${root}/node_modules/node/bin:${root}/node_modules/.bin:$PATH" NODE_OPTIONS=--disable-warning=ExperimentalWarning GANTRY_SLOWNESS=15
vitest run --config vitest.vm.config.ts --reporter=verbose --reporter=json --outputFile.json=${OUT_FOLDER}/report.json ${files.join(' ')}
`

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly success: boolean
}

/** Counted by `test/run.ts` as those of a vitest. */
function writeReport(report: Report): void {
  mkdirSync(reports, { recursive: true })
  writeFileSync(join(reports, 'vm.json'), JSON.stringify({ ...report, testResults: [] }))
}

function ending(sentence: string, exitCode: number): number {
  console.log(`\nmachine: ${sentence}`)
  return exitCode
}

async function main(): Promise<number> {
  mkdirSync(dirname(folder), { recursive: true })
  const parts = machineParts(join(folder, 'kernel'))
  const out = join(folder, 'out')
  const startMs = performance.now()
  const end = await runMachine({ parts, root, script, out, folder, memoryMegabytes: 4096, processors: Math.min(4, availableParallelism()), limitMs, onLine: (line) => console.log(line) })
  const took = `${((performance.now() - startMs) / 1000).toFixed(0)} s`
  const file = join(out, 'report.json')
  if (!existsSync(file)) {
    const why = end.kind === 'broken' ? `it broke (${end.exitCode}): ${end.said}` : end.kind === 'out-of-time' ? `not done within ${limitMs / 60_000} minutes` : 'the tests could not be run'
    return ending(`${why} (${took})`, 1)
  }
  mkdirSync(reports, { recursive: true })
  copyFileSync(file, join(reports, 'vm.json'))
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report
  return ending(`cgroup v2: ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped (${took})`, report.success ? 0 : 1)
}

try {
  process.exitCode = await main()
} catch (error) {
  if (!(error instanceof NoMachine)) throw error
  const optional = words.includes('--optional')
  if (optional) writeReport({ numPassedTests: 0, numFailedTests: 0, numPendingTests: 1, success: true })
  process.exitCode = ending(`not possible here: ${error.message}`, optional ? 0 : 1)
}
