import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { enumerate } from './real/enumerate.ts'
import { makeKit } from './real/machine.ts'

/** As `agent-real.contract.ts`, every point, both sides. */
test('every death', { timeout: 1_800_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-half-done-'))
  try {
    const { differences, deaths, spared } = await enumerate({ tag: `half-${process.pid.toString(36)}`, kit: await makeKit(folder), stride: 1, offset: 0, lanes: 4 })
    expect(differences).toEqual([])
    expect(deaths).toBeGreaterThan(600)
    expect(spared).toBeLessThan(deaths / 5)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
