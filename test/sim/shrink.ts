import { runScript } from './scenario.ts'
import type { Deed, Script } from './script.ts'

/** What a violation says, without what differs from run to run: names, times, counts. */
export const kindOf = (violation: string): string =>
  violation
    .replace(/^[\d.]+ /, '')
    .replace(/[a-z]+(-[a-z0-9]{4,10}-[a-z0-9]{5})/g, 'POD')
    .replace(/\b[0-9a-f]{8,}[0-9a-f-…]*/g, 'ID')
    .replace(/\b(web|api|db|cache|jobs|only-\d|once-\d+)\b/g, 'NAME')
    .replace(/\b[nc]\d\b/g, 'MACHINE')
    .replace(/\d+(\.\d+)?/g, '#')
    .slice(0, 60)

export interface Shrunk {
  readonly script: Script
  readonly violations: readonly string[]
  readonly runs: number
}

export interface ShrinkOptions {
  readonly mostRuns: number
  /** Runs a script and answers what was violated. */
  readonly run?: (script: Script) => Promise<readonly string[]>
  readonly onProgress?: (deeds: number, runs: number) => void
}

/** The script with as little left as still goes wrong in the same way; `undefined` if it does not go wrong. */
export async function shrink(script: Script, { mostRuns, run = async (one) => (await runScript(one)).violations, onProgress = () => {} }: ShrinkOptions): Promise<Shrunk | undefined> {
  const first = await run(script)
  if (first.length === 0) return undefined
  const kinds = new Set(first.map(kindOf))
  let runs = 1
  let best = { script, violations: first }
  const tryOut = async (candidate: Script): Promise<boolean> => {
    if (runs >= mostRuns) return false
    runs++
    const violations = await run(candidate)
    if (!violations.some((one) => kinds.has(kindOf(one)))) return false
    best = { script: candidate, violations }
    onProgress(candidate.deeds.length, runs)
    return true
  }
  await withoutDeeds(() => best.script, tryOut)
  for (const smaller of [(one: Script) => ({ ...one, planes: 1 }), (one: Script) => ({ ...one, planes: 2 }), (one: Script) => ({ ...one, nodes: 2 }), (one: Script) => ({ ...one, nodes: one.nodes - 1 }), shorter]) {
    const candidate = smaller(best.script)
    if (candidate.planes <= best.script.planes && candidate.nodes >= 1 && candidate.nodes <= best.script.nodes && JSON.stringify(candidate) !== JSON.stringify(best.script)) await tryOut(candidate)
  }
  await withoutDeeds(() => best.script, tryOut)
  return { ...best, runs }
}

const shorter = (script: Script): Script => ({ ...script, durationMs: Math.min(script.durationMs, Math.max(0, ...script.deeds.map(({ atMs }) => atMs)) + 5_000) })

/** Leaves out halves, quarters, and so on down to single deeds, for as long as that helps. */
async function withoutDeeds(now: () => Script, tryOut: (script: Script) => Promise<boolean>): Promise<void> {
  for (let size = Math.ceil(now().deeds.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < now().deeds.length; ) {
      const script = now()
      const deeds: readonly Deed[] = script.deeds.toSpliced(at, size)
      if (!(await tryOut({ ...script, deeds }))) at += size
    }
  }
}

/** As a test to be put into `test/scenarios`. */
export function scenarioText({ script, violations }: Pick<Shrunk, 'script' | 'violations'>): string {
  const { deeds, ...rest } = script
  const lines = deeds.map(({ atMs, kind, what, chance }) => `    { atMs: ${atMs}, kind: '${kind}', what: '${what}', chance: ${chance} },`)
  const head = Object.entries(rest).map(([name, value]) => `${name}: ${String(typeof value === 'number' ? Math.round(value) : value)}`)
  return [`/** Seed ${script.seed}: ${violations[0]?.replace(/^[\d.]+ /, '') ?? ''} */`, `test('…', async () => {`, `  await expectWell({ ${head.join(', ')}, deeds: [`, ...lines, `  ] })`, `})`, ''].join('\n')
}
