/**
 * `npm run test:vm`: the tests of the node on machines whose control groups are version 2 alone, as on almost every machine of today; then, on emulated ones, what
 * stands on AppArmor and SELinux. `--short` runs fewer (a stage of `npm run test:long`), names of files run those, `--optional` counts a machine that cannot be
 * had as skipped, `--security=apparmor` (or `selinux`) runs what it is told to where that is at work.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join } from 'node:path'
import { OUT_FOLDER } from './init.ts'
import { runMachine } from './machine.ts'
import { NoMachine } from './apt.ts'
import { machineParts, type MachineParts } from './parts.ts'
import { broken, byFile, skipped, together, type Report } from './report.ts'
import { prepareSecurity, SECURITY_MODULES, type SecurityModule } from './security.ts'

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
/** Debian's own kernel has more than that in user mode: these modules, groups that count huge pages, the pressure on what is short. */
const SECURED: Readonly<Record<SecurityModule, readonly string[]>> = { apparmor: [...contracts(['app-armor', 'pods', 'huge-pages', 'cgroups', 'image-build']), LAB], selinux: ['test/vm/se-linux.vm.ts'] }

const words = process.argv.slice(2)
const named = words.filter((word) => !word.startsWith('--'))
const limitMs = Number(process.env['GANTRY_VM_MINUTES'] ?? (words.includes('--short') ? 60 : 150)) * 60_000

interface Machine {
  readonly emulated: boolean
  readonly security?: SecurityModule
  /** A whole lab takes longer to come up in an emulator than the short form may. */
  readonly files: (kind: MachineParts['kind']) => readonly string[]
}

const usual: Machine = { emulated: words.includes('--emulated'), files: (kind) => (!words.includes('--short') ? [...SHORT, ...ROOMS, ...LABS] : kind === 'emulated' ? SHORT : [...SHORT, LAB]) }
const secured = SECURITY_MODULES.map((security): Machine => ({ emulated: true, security, files: () => SECURED[security] }))

function machines(): readonly Machine[] {
  const asked = secured.filter(({ security }) => words.includes(`--security=${security}`))
  if (asked.length > 0) return asked
  return named.length > 0 || words.includes('--short') ? [usual] : [usual, ...secured]
}

/** How many times as long everything may take: a kernel in user mode makes calls slow, an emulator everything. */
const SLOWNESS: Readonly<Record<MachineParts['kind'], number>> = { 'user-mode': 8, emulated: 15 }

const scriptFor = (kind: MachineParts['kind'], { security, files }: Machine): string => `
${security === undefined ? '' : prepareSecurity(security, folder)}
export PATH="${root}/node_modules/node/bin:${root}/node_modules/.bin:$PATH" NODE_OPTIONS=--disable-warning=ExperimentalWarning CI=1 GANTRY_SLOWNESS=${SLOWNESS[kind]}
vitest run --config vitest.vm.config.ts --reporter=verbose --reporter=json --outputFile.json=${OUT_FOLDER}/report.json ${(named.length > 0 ? named : files(kind)).join(' ')}
`

function told(sentence: string, report: Report): Report {
  console.log(`\nmachine: ${sentence}`)
  return report
}

async function run(machine: Machine): Promise<Report> {
  const { security } = machine
  mkdirSync(dirname(folder), { recursive: true })
  const parts = machineParts(folder, machine)
  const script = scriptFor(parts.kind, machine)
  const out = join(folder, 'out')
  const startMs = performance.now()
  const end = await runMachine({ parts, root, script, out, folder, memoryMegabytes: 4096, processors: Math.min(2, availableParallelism()), security, limitMs, onLine: (line) => console.log(line) })
  const took = `${((performance.now() - startMs) / 1000).toFixed(0)} s`
  const file = join(out, 'report.json')
  if (!existsSync(file)) {
    const why = end.kind === 'broken' ? `it broke (${end.exitCode}): ${end.said}` : end.kind === 'out-of-time' ? `not done within ${limitMs / 60_000} minutes` : 'the tests could not be run'
    return told(`${why} (${took})`, broken)
  }
  const report = JSON.parse(readFileSync(file, 'utf8')) as Report
  console.log(`\n${byFile(report, root)}`)
  return told(`cgroup v2 (${[parts.kind, ...(security === undefined ? [] : [security])].join(', ')}): ${report.numPassedTests} passed, ${report.numFailedTests} failed, ${report.numPendingTests} skipped (${took})`, report)
}

/** One that nobody asked for by name may be missing: where there is the usual one, the others are more than most hosts can have. */
async function runIfThere(machine: Machine): Promise<Report> {
  try {
    return await run(machine)
  } catch (error) {
    if (!(error instanceof NoMachine)) throw error
    const isOptional = words.includes('--optional') || (machine.security !== undefined && !words.includes(`--security=${machine.security}`))
    return told(`${machine.security === undefined ? '' : `${machine.security}: `}not possible here${isOptional ? ' (skipped)' : ''}: ${error.message}`, isOptional ? skipped : broken)
  }
}

const all: Report[] = []
for (const machine of machines()) all.push(await runIfThere(machine))
const report = together(all)
// Counted by `test/run.ts` as those of a vitest.
mkdirSync(reports, { recursive: true })
writeFileSync(join(reports, 'vm.json'), JSON.stringify(report))
process.exitCode = report.success ? 0 : 1
