import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { enumerate } from './real/enumerate.ts'
import { makeKit, type Kit } from './real/machine.ts'

/** One after the other: all that is left of a part that failed is named after it. */
const PARTS = 8
const folder = mkdtempSync(join(tmpdir(), 'gantry-half-done-'))
let kit: Kit
let [deaths, spared] = [0, 0]
beforeAll(async () => {
  kit = await makeKit(folder)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** As `agent-real.contract.ts`, every point, both sides. */
test.each(Array.from({ length: PARTS }, (_, part) => part))(`every death, part %i of ${PARTS}`, { timeout: 1_800_000 }, async (part) => {
  const found = await enumerate({ tag: `half-${process.pid.toString(36)}-${part}`, kit, stride: PARTS, offset: part, lanes: 4 })
  // In full: a list would be shortened.
  expect(found.differences.join('\n')).toBe('')
  deaths += found.deaths
  spared += found.spared
})

test('of that many', () => {
  expect(deaths).toBeGreaterThan(600)
  expect(spared).toBeLessThan(deaths / 5)
})
