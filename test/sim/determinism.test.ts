import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { runSeed } from './scenario.ts'

const run = promisify(execFile)

/** What `npm run sim -- --seed N` prints. */
async function printed(seed: number): Promise<string> {
  const program = join(import.meta.dirname, 'sim.ts')
  const { stdout } = await run(process.execPath, ['--disable-warning=ExperimentalWarning', program, '--seed', String(seed)], { maxBuffer: 64 * 1024 * 1024 })
  return stdout
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

test.each([2, 7, 13])('seed %i in two processes prints the same bytes', async (seed) => {
  const [first, second] = [await printed(seed), await printed(seed)]
  expect(sha256(first)).toBe(sha256(second))
  expect(first.split('\n').length).toBeGreaterThan(100)
  expect(first).toContain('every invariant held')
})

test('a seed does not depend on what ran before it in the process', async () => {
  const alone = await printed(8)
  await runSeed(2)
  const { digest } = await runSeed(8)
  expect(alone).toContain(`digest ${digest}`)
})
