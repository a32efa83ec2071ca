import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, test } from 'vitest'
import { planted, type Planted } from './planted.ts'

const root = join(import.meta.dirname, '../..')
/** Seeds that each mistake gets at most before it counts as not found, and how long. */
const SEEDS = 300
const LIMIT_MS = 1_800_000

test('every mistake can still be planted', () => {
  for (const { name, edits } of planted) for (const { file, from } of edits) expect(readFileSync(join(root, file), 'utf8').includes(from), `${name}: ${file} does not say "${from}" any more`).toBe(true)
})

/** A copy of the sources with the mistake in it. */
function plant({ edits, tests }: Planted): string {
  const copy = mkdtempSync(join(tmpdir(), 'gantry-planted-'))
  for (const folder of ['control-plane', 'node-agent', 'shared', 'proto', ...(tests === undefined ? ['test/sim', 'test/history'] : ['test', 'vitest.config.ts']), 'package.json', 'tsconfig.json']) cpSync(join(root, folder), join(copy, folder), { recursive: true })
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  for (const { file, from, to } of edits) {
    const text = readFileSync(join(copy, file), 'utf8')
    writeFileSync(join(copy, file), text.replace(from, () => to))
  }
  return copy
}

/** The line of the first seed that goes wrong, or why there is none. */
function firstFailure(cwd: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', 'test/sim/sim.ts', '--seed', '1', '--seeds', String(SEEDS), '--until-failure'], { cwd, timeout: LIMIT_MS, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      const lines = stdout.split('\n').filter((line) => line.startsWith('seed '))
      resolve(lines.find((line) => line.includes('violations')) ?? `none of ${lines.length} seeds${error?.killed === true ? ' in time' : ''} ${stderr.slice(0, 300)}`)
    })
  })
}

/** The first test of the room that goes wrong, as a line like that of a seed. */
function firstFailedTest(cwd: string, tests: string): Promise<string> {
  return new Promise((resolve) => {
    execFile(join(root, 'node_modules/.bin/vitest'), ['run', tests], { cwd, timeout: LIMIT_MS, maxBuffer: 64 * 1024 * 1024 }, (_error, stdout, stderr) => {
      const failed = stripVTControlCharacters(stdout + stderr).split('\n').find((line) => line.startsWith(' FAIL '))
      resolve(failed === undefined ? `no test of ${tests} fails` : `${failed.trim()}: violations`)
    })
  })
}

/** Minutes of work: with the long tests only. */
const isLong = Number(process.env['GANTRY_SIM_SEEDS'] ?? 0) >= 1_000

describe.runIf(isLong)('the simulation finds, or a test does', { timeout: 3_600_000 }, () => {
  const places = Array.from({ length: availableParallelism() }, () => Promise.resolve())
  const found = (isLong ? planted : []).map(async (mistake, index) => {
    const before = places[index % places.length] ?? Promise.resolve()
    const mine = before.then(async () => {
      const copy = plant(mistake)
      try {
        return await (mistake.tests === undefined ? firstFailure(copy) : firstFailedTest(copy, mistake.tests))
      } finally {
        rmSync(copy, { recursive: true, force: true })
      }
    })
    places[index % places.length] = mine.then(() => {})
    return mine
  })

  test.each(planted.map(({ name }, index) => [name, index] as const))('%s', async (name, index) => {
    const line = (await found[index]) ?? ''
    console.log(`${name}: ${line}`)
    expect(line).toContain('violations')
  })
})
