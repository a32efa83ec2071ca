import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { scenarios } from './plane/scenarios.ts'

/** Each in a process of its own, as many at once as there are processors. */
const PARTS = 8

function deaths(scenario: number, part: number): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    execFile(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'plane/deaths.ts'), String(scenario), String(PARTS), String(part)], { maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error) reject(new Error(stderr.slice(-2_000), { cause: error }))
      else resolve(JSON.parse(stdout) as readonly string[])
    })
  })
}

/** Parts that run now wait for one that has ended. */
const places = Array.from({ length: availableParallelism() }, () => Promise.resolve())
const found = scenarios.map((_, scenario) =>
  Array.from({ length: PARTS }, (_part, part) => {
    const at = (scenario * PARTS + part) % places.length
    const mine = (places[at] ?? Promise.resolve()).then(() => deaths(scenario, part))
    places[at] = mine.then(
      () => {},
      () => {},
    )
    mine.catch(() => {})
    return mine
  }),
)

/** As `plane.test.ts`, every write, both sides. */
test.each(scenarios.map(({ name }, index) => [name, index] as const))('every death: %s', { timeout: 3_600_000 }, async (_name, index) => {
  expect((await Promise.all(found[index] ?? [])).flat()).toEqual([])
})
