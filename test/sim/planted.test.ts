import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { planted, type Planted } from './planted.ts'

const root = join(import.meta.dirname, '../..')
/** Seeds that each mistake gets at most before it counts as not found. */
const SEEDS = 300

let copy = ''

function plant({ edits }: Planted): () => void {
  const before = edits.map(({ file }) => [file, readFileSync(join(copy, file), 'utf8')] as const)
  for (const { file, from, to } of edits) {
    const text = readFileSync(join(copy, file), 'utf8')
    if (!text.includes(from)) throw new Error(`${file} does not say "${from}" any more: plant the mistake anew (test/sim/planted.ts)`)
    writeFileSync(join(copy, file), text.replace(from, () => to))
  }
  return () => {
    for (const [file, text] of before) writeFileSync(join(copy, file), text)
  }
}

function firstFailure(): Promise<string> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', 'test/sim/sim.ts', '--seed', '1', '--seeds', String(SEEDS), '--until-failure'], { cwd: copy, timeout: 280_000, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) =>
      resolve(error ? (stdout.split('\n').find((line) => line.includes('violations')) ?? (error.killed === true ? '' : `it breaks: ${stderr.slice(0, 300)}`)) : ''),
    )
  })
}

/** Minutes of work: with the long tests only (`GANTRY_SIM_SEEDS` of 100 or more). */
describe.runIf(Number(process.env['GANTRY_SIM_SEEDS'] ?? 0) >= 100)('the simulation finds', () => {
  beforeAll(() => {
    copy = mkdtempSync(join(tmpdir(), 'gantry-planted-'))
    for (const folder of ['control-plane', 'node-agent', 'shared', 'proto', 'test/sim', 'test/history', 'package.json', 'tsconfig.json']) cpSync(join(root, folder), join(copy, folder), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  })
  afterAll(() => rmSync(copy, { recursive: true, force: true }))

  test.each(planted.map((mistake) => [mistake.name, mistake] as const))('%s', async (_name, mistake) => {
    const restore = plant(mistake)
    try {
      const found = await firstFailure()
      console.log(`${mistake.name}: ${found}`)
      expect(found).not.toBe('')
    } finally {
      restore()
    }
  }, 300_000)
})
