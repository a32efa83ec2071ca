/**
 * `npm run sim -- --seed N [--seeds COUNT [--until-failure]]`: runs a seed and prints what happened; with `--seeds` only what each of that many came to.
 * `npm run sim -- --seed N --shrink [RUNS]`: leaves out of a seed that goes wrong whatever is not needed for it, and prints what is left as a scenario.
 */
import { forbidReality } from './reality.ts'
import { runSeed } from './scenario.ts'
import { scriptOf } from './script.ts'
import { scenarioText, shrink } from './shrink.ts'

const realMs = performance.now.bind(performance)

const option = (name: string): number | undefined => {
  const at = process.argv.indexOf(`--${name}`)
  const value = at < 0 ? undefined : Number(process.argv[at + 1])
  if (value !== undefined && !Number.isInteger(value)) throw new Error(`--${name} wants a whole number`)
  return value
}

async function one(seed: number): Promise<boolean> {
  const { violations, digest } = await runSeed(seed, (line) => process.stdout.write(`${line}\n`))
  process.stdout.write(violations.length === 0 ? 'every invariant held\n' : `${violations.length} violations\n`)
  process.stdout.write(`digest ${digest}\n`)
  return violations.length === 0
}

async function many(first: number, count: number): Promise<boolean> {
  let failed = 0
  for (let seed = first; seed < first + count && !(failed > 0 && process.argv.includes('--until-failure')); seed++) {
    const started = realMs()
    const { violations, digest, lines } = await runSeed(seed)
    if (violations.length > 0) failed++
    process.stdout.write(`seed ${seed} ${digest.slice(0, 12)} ${lines.length} lines ${(realMs() - started).toFixed(0)} ms ${violations.length === 0 ? 'ok' : `${violations.length} violations: ${violations[0]}`}\n`)
  }
  process.stdout.write(`${failed === 0 ? 'all' : `all but ${failed}`} held\n`)
  return failed === 0
}

async function short(seed: number): Promise<boolean> {
  const at = Number(process.argv[process.argv.indexOf('--shrink') + 1])
  const found = await shrink(scriptOf(seed), { mostRuns: Number.isInteger(at) && at > 0 ? at : 300, onProgress: (deeds, runs) => process.stderr.write(`${deeds} deeds after ${runs} runs\n`) })
  process.stdout.write(found ? scenarioText(found) : 'every invariant held\n')
  return found === undefined
}

forbidReality()
const seed = option('seed') ?? 1
const count = option('seeds')
process.exitCode = (await (process.argv.includes('--shrink') ? short(seed) : count === undefined ? one(seed) : many(seed, count))) ? 0 : 1
