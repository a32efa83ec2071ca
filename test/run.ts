/** Runs the tests by kind, one after another, and says at the end how many passed: `run.ts all` (npm test), `run.ts long`, `run.ts ci`. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { join, relative } from 'node:path'
import { stripVTControlCharacters } from 'node:util'

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

interface VitestOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly only?: readonly string[]
  readonly without?: readonly string[]
}

const vitest = (name: string, config: string, { env = {}, only = [], without = [] }: VitestOptions = {}): Stage => {
  const report = join(reports, `${name}.json`)
  return { name, command: [join(bin, 'vitest'), 'run', ...only, ...without.flatMap((file) => ['--exclude', file]), '--config', config, '--reporter=default', '--reporter=json', `--outputFile.json=${report}`], report, env }
}

/** What talks to a lab as kubectl does, with each that is on the machine. */
const everyKubectl = vitest('every-kubectl', 'vitest.e2e.config.ts', { only: ['kubectl', 'streams', 'access'].map((name) => `test/e2e/${name}.test.ts`), env: { GANTRY_KUBECTLS: 'all' } })

/** A node of today's kind, in a virtual machine; skipped, and told, where there can be none. */
const cgroupVersion2: Stage = { name: 'vm', command: [join(root, 'test/vm/vm.ts'), '--short', '--optional'], report: join(reports, 'vm.json') }

const endToEnd = (names: readonly string[]): readonly string[] => names.map((name) => `test/e2e/${name}.test.ts`)
const contracts = (names: readonly string[]): readonly string[] => names.map((name) => `test/contract/${name}.test.ts`)

/** Labs whose answers do not depend on how busy the host is. The others run alone. */
const CALM_LABS = endToEnd(['cli', 'cli-tools', 'control-planes', 'errors', 'image-peers', 'images', 'interrupted', 'lab', 'pod-files', 'pods', 'registry'])
/** Of the same kind: what is asked is the API, by clients of others. */
const LABS_OF_CLIENTS = endToEnd(['access', 'client-node', 'every-kind', 'kubectl', 'streams'])

/** Contracts in which time itself is the question: who is heard too late is given up. */
const TIMED_CONTRACTS = contracts(['election', 'etcd-hangs', 'fencer', 'heartbeats', 'probes'])
/** Contracts of the control plane, which have nothing of the host in common with those of a node. */
const CONTRACTS_OF_API = contracts(['kinds', 'recorded', 'storage', 'streaming', 'watches'])

/** One stage after the other. */
type Lane = readonly Stage[]

interface Plan {
  /** What stands in one row runs side by side. */
  readonly rows: ReadonlyArray<readonly Lane[]>
  /** Runs beside all but the first of them, which needs every processor, with what time of these they leave over. */
  readonly besides?: Lane
}

const PLANS: Readonly<Record<string, Plan>> = {
  all: {
    // Under virtual time nothing waits, and nothing is late.
    besides: [vitest('simulation', 'vitest.sim.config.ts')],
    rows: [
      [
        [
          { name: 'types', command: [join(bin, 'tsc'), '-p', 'tsconfig.json'] },
          { name: 'types of pure files', command: [join(bin, 'tsc'), '-p', 'tsconfig.pure.json'] },
          { name: 'lint', command: [join(bin, 'oxlint'), '--type-aware'] },
          vitest('unit', 'vitest.config.ts'),
        ],
      ],
      // They wait for other programs most of the time.
      [
        [vitest('contract', 'vitest.contract.config.ts', { without: [...TIMED_CONTRACTS, ...CONTRACTS_OF_API] })],
        [vitest('end-to-end', 'vitest.e2e.config.ts', { only: CALM_LABS })],
        [vitest('contract-api', 'vitest.contract.config.ts', { only: CONTRACTS_OF_API }), vitest('end-to-end-clients', 'vitest.e2e.config.ts', { only: LABS_OF_CLIENTS })],
      ],
      [[vitest('contract-timed', 'vitest.contract.config.ts', { only: TIMED_CONTRACTS }), vitest('end-to-end-alone', 'vitest.e2e.config.ts', { without: [...CALM_LABS, ...LABS_OF_CLIENTS] })]],
    ],
  },
  // More than an hour on two cores.
  long: {
    rows: [[[vitest('unit with other seeds', 'vitest.config.ts', { env: { GANTRY_PROPERTIES_SEED: String(Date.now() % 1_000_000) } }), vitest('simulation-long', 'vitest.sim.config.ts', { env: { GANTRY_SIM_SEEDS: '3000' } }), everyKubectl, vitest('end-to-end-long', 'vitest.long.config.ts', { env: { GANTRY_KUBECTLS: 'all' } }), cgroupVersion2]]],
  },
  // What of it fits beside `npm test` into the time of one change.
  ci: { rows: [[[everyKubectl, vitest('end-to-end-long', 'vitest.long.config.ts', { only: ['test/e2e/outages.long.ts', 'test/e2e/history.long.ts', 'test/e2e/rounds.long.ts'], env: { GANTRY_ROUNDS: '60' } })]]] },
}

/** How a stage runs: its output as it comes, or together at its end; or with what time the others leave over. */
type Place = 'alone' | 'side by side' | 'besides'

interface Counted {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Runs the stage; its output is shown as it comes, or all at its end when another one is running beside it. */
function run({ command: [program = '', ...words], env = {} }: Stage, place: Place): Promise<number> {
  return new Promise((resolve) => {
    const output: Buffer[] = []
    const child = spawn(process.execPath, [program, ...words].filter((word) => word !== ''), {
      cwd: root,
      stdio: place === 'alone' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      // A session of its own: the kernel shares its time out between sessions first.
      detached: place === 'besides',
      env: { ...process.env, PATH: `${join(root, 'node_modules/node/bin')}:${bin}:${process.env['PATH'] ?? ''}`, NODE_OPTIONS: '--disable-warning=ExperimentalWarning', ...env },
    })
    if (place === 'besides' && child.pid !== undefined) yieldToOthers(child.pid)
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => output.push(part))
    child.once('close', (code) => {
      process.stdout.write(Buffer.concat(output))
      resolve(code ?? 1)
    })
  })
}

/** Niceness that gets 3 % of a processor beside one busy process of the usual kind: slow, but never so slow that a test runner gives its workers up. */
const YIELDING = 15

/** The session of this process gets what time the others leave over, and ends with this one. */
function yieldToOthers(pid: number): void {
  setPriority(pid, YIELDING)
  const group = `/proc/${pid}/autogroup`
  if (existsSync(group)) writeFileSync(group, String(YIELDING))
  const end = (): void => {
    try {
      process.kill(-pid, 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  process.once('exit', end)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1))
}

interface Report {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly testResults: ReadonlyArray<{
    readonly name: string
    readonly startTime: number
    readonly endTime: number
    /** Why the file as a whole could not be run. */
    readonly message?: string
    readonly assertionResults: ReadonlyArray<{ readonly fullName: string; readonly status: string; readonly failureMessages?: readonly string[] }>
  }>
}

const reportOf = ({ report }: Stage): Report | undefined => (report !== undefined && existsSync(report) ? (JSON.parse(readFileSync(report, 'utf8')) as Report) : undefined)

function counted(stage: Stage, exitCode: number): Counted {
  if (stage.report === undefined) return { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 }
  const report = reportOf(stage)
  if (!report) return { passed: 0, failed: 1, skipped: 0 }
  return { passed: report.numPassedTests, failed: report.numFailedTests + (exitCode !== 0 && report.numFailedTests === 0 ? 1 : 0), skipped: report.numPendingTests }
}

/** The files that took longest. */
const slowest = (stage: Stage): readonly string[] =>
  (reportOf(stage)?.testResults ?? [])
    .map(({ name, startTime, endTime }) => ({ name, seconds: (endTime - startTime) / 1000 }))
    .filter(({ seconds }) => seconds >= 20)
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, 8)
    .map(({ name, seconds }) => `  ${seconds.toFixed(0).padStart(4)} s ${relative(root, name)}`)

/** The beginning of a message, indented: enough to know the failure by. */
const shortened = (message: string): string =>
  stripVTControlCharacters(message)
    .split('\n')
    .slice(0, 12)
    .map((line) => `      ${line.slice(0, 300)}`)
    .join('\n')

/** What failed, by name and with the first lines of its message: at the very end, where a reader looks first. */
const failures = (stage: Stage): readonly string[] =>
  (reportOf(stage)?.testResults ?? []).flatMap(({ name, message = '', assertionResults }) => {
    const failed = assertionResults.filter(({ status }) => status === 'failed')
    if (failed.length === 0) return message === '' ? [] : [`  ${stage.name}: ${relative(root, name)}\n${shortened(message)}`]
    return failed.map(({ fullName, failureMessages = [] }) => `  ${stage.name}: ${relative(root, name)} > ${fullName}\n${failureMessages.map(shortened).join('\n')}`)
  })

const plan = PLANS[process.argv[2] ?? 'all']
if (!plan) throw new Error(`usage: run.ts ${Object.keys(PLANS).join('|')}`)
rmSync(reports, { recursive: true, force: true })
mkdirSync(reports, { recursive: true })
const total = { passed: 0, failed: 0, skipped: 0 }
const rows: string[] = []
const failed: string[] = []

async function carryOut(stage: Stage, place: Place): Promise<void> {
  process.stdout.write(`\n── ${stage.name} ──\n`)
  const startMs = performance.now()
  const result = counted(stage, await run(stage, place))
  failed.push(...failures(stage))
  total.passed += result.passed
  total.failed += result.failed
  total.skipped += result.skipped
  rows.push(`${stage.name.padEnd(22)} ${String(result.passed).padStart(6)} passed ${String(result.failed).padStart(4)} failed ${String(result.skipped).padStart(4)} skipped ${((performance.now() - startMs) / 1000).toFixed(1).padStart(7)} s`, ...slowest(stage))
}

async function carryOutAll(lane: Lane, place: Place): Promise<void> {
  for (const stage of lane) await carryOut(stage, place)
}

const carryOutRow = (lanes: readonly Lane[]): Promise<unknown> => Promise.all(lanes.map((lane) => carryOutAll(lane, lanes.length === 1 ? 'alone' : 'side by side')))

const [first = [], ...others] = plan.rows
await carryOutRow(first)
const besides = carryOutAll(plan.besides ?? [], 'besides')
for (const lanes of others) await carryOutRow(lanes)
await besides
const told = failed.length > 0 ? `\n\nFailed:\n${failed.join('\n')}` : ''
process.stdout.write(`\n${rows.join('\n')}${told}\n\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped, ${(performance.now() / 60_000).toFixed(1)} minutes\n`)
process.exitCode = total.failed > 0 ? 1 : 0
