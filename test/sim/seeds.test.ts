import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'

/**
 * How many seeds run: `GANTRY_SIM_SEEDS=3000 vitest run -c vitest.sim.config.ts test/sim/seeds.test.ts` looks further. `FROM:COUNT` begins elsewhere.
 * They run in processes of their own, as many at once as there are processors.
 */
const [from = 1, count = 300] = ((text) => (text.includes(':') ? text.split(':').map(Number) : [1, Number(text)]))(process.env['GANTRY_SIM_SEEDS'] ?? '300')
/** A process needs a second to begin, and nobody wants to wait long for the last one. */
const EACH = 25

interface Failed {
  readonly seed: number
  readonly line: string
}

/** Those of so many seeds that went wrong, and a sentence if the program did. */
function run(first: number, seeds: number): Promise<{ readonly ran: number; readonly failed: readonly Failed[]; readonly trouble: string }> {
  const program = join(import.meta.dirname, 'sim.ts')
  return new Promise((resolve) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', program, '--seed', String(first), '--seeds', String(seeds)], { maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => line.startsWith('seed '))
      const failed = lines.filter((line) => !line.endsWith(' ok')).map((line) => ({ seed: Number(line.split(' ')[1]), line }))
      resolve({ ran: lines.length, failed, trouble: lines.length === seeds ? '' : stderr.slice(-2_000) })
    })
  })
}

const chunks = Array.from({ length: Math.ceil(count / EACH) }, (_, index) => ({ first: from + index * EACH, seeds: Math.min(EACH, count - index * EACH) }))
/** Chunks that run now wait for one that has ended. */
const places = Array.from({ length: availableParallelism() }, () => Promise.resolve())
const running = chunks.map(async ({ first, seeds }, index) => {
  const before = places[index % places.length]
  const mine = (before ?? Promise.resolve()).then(() => run(first, seeds))
  places[index % places.length] = mine.then(() => {})
  return mine
})

describe('a cluster in trouble comes to rest, and no invariant is broken on the way', { timeout: 3_600_000 }, () => {
  test.each(chunks.map(({ first, seeds }, index) => [first, first + seeds - 1, index] as const))('seeds %i to %i', async (first, last, index) => {
    const outcome = await running[index]
    expect(outcome?.failed.map(({ seed, line }) => `${line}; replay it: npm run sim -- --seed ${seed}; make it short: npm run sim -- --seed ${seed} --shrink`)).toEqual([])
    expect(outcome).toMatchObject({ ran: last - first + 1, trouble: '' })
  })
})
