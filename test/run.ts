/** Runs the tests by kind, one after another, and says at the end how many passed: `run.ts all` (npm test), `run.ts long`, `run.ts ci`. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const bin = join(root, 'node_modules/.bin')
const reports = join(root, '.gantry/reports')

interface Stage {
  readonly name: string
  readonly command: readonly string[]
  /** A vitest stage writes what it counted here. */
  readonly report?: string
  readonly env?: Readonly<Record<string, string>>
}

const vitest = (name: string, config: string, { env = {}, only = [] }: { readonly env?: Readonly<Record<string, string>>; readonly only?: readonly string[] } = {}): Stage => {
  const report = join(reports, `${name}.json`)
  return { name, command: [join(bin, 'vitest'), 'run', ...only, '--config', config, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], report, env }
}

const STAGES: Readonly<Record<string, readonly Stage[]>> = {
  all: [
    { name: 'types', command: [join(bin, 'tsc'), '-p', 'tsconfig.json'] },
    { name: 'types of pure files', command: [join(bin, 'tsc'), '-p', 'tsconfig.pure.json'] },
    { name: 'lint', command: [join(bin, 'oxlint'), '--type-aware'] },
    vitest('unit', 'vitest.config.ts'),
    vitest('contract', 'vitest.contract.config.ts'),
    vitest('simulation', 'vitest.sim.config.ts'),
    vitest('end-to-end', 'vitest.e2e.config.ts'),
  ],
  // More than an hour on two cores.
  long: [vitest('simulation-long', 'vitest.sim.config.ts', { env: { GANTRY_SIM_SEEDS: '3000' } }), vitest('end-to-end-long', 'vitest.long.config.ts')],
  // What of it fits beside `npm test` into the time of one change.
  ci: [vitest('end-to-end-long', 'vitest.long.config.ts', { only: ['test/e2e/outages.long.ts', 'test/e2e/history.long.ts', 'test/e2e/rounds.long.ts'], env: { GANTRY_ROUNDS: '60' } })],
}

interface Counted {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

function run({ command: [program = '', ...words], env = {} }: Stage): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [program, ...words].filter((word) => word !== ''), { cwd: root, stdio: 'inherit', env: { ...process.env, PATH: `${join(root, 'node_modules/node/bin')}:${bin}:${process.env['PATH'] ?? ''}`, NODE_OPTIONS: '--disable-warning=ExperimentalWarning', ...env } })
    child.once('close', (code) => resolve(code ?? 1))
  })
}

function counted(stage: Stage, exitCode: number): Counted {
  if (stage.report === undefined) return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 }
  if (!existsSync(stage.report)) return { passed: 0, failed: 1, skipped: 0 }
  const report = JSON.parse(readFileSync(stage.report, 'utf8')) as { readonly numPassedTests: number; readonly numFailedTests: number; readonly numPendingTests: number }
  return { passed: report.numPassedTests, failed: report.numFailedTests + (exitCode !== 0 && report.numFailedTests === 0 ? 1 : 0), skipped: report.numPendingTests }
}

const stages = STAGES[process.argv[2] ?? 'all']
if (!stages) throw new Error(`usage: run.ts ${Object.keys(STAGES).join('|')}`)
rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })
const total = { passed: 0, failed: 0, skipped: 0 }
const rows: string[] = []
for (const stage of stages) {
  process.stdout.write(`\n── ${stage.name} ──\n`)
  const startMs = performance.now()
  const result = counted(stage, await run(stage))
  total.passed += result.passed
  total.failed += result.failed
  total.skipped += result.skipped
  rows.push(`${stage.name.padEnd(22)} ${String(result.passed).padStart(6)} passed ${String(result.failed).padStart(4)} failed ${String(result.skipped).padStart(4)} skipped ${((performance.now() - startMs) / 1000).toFixed(1).padStart(7)} s`)
}
process.stdout.write(`\n${rows.join('\n')}\n\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`)
process.exitCode = total.failed > 0 ? 1 : 0
