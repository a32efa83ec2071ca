import { setTimeout as wait } from 'node:timers/promises'
import { hasGantry, labDown, labUp } from '../cluster.ts'
import { median, spread, type Row } from '../row.ts'

const NAME = 'bench-up'
const RUNS = 5

/** Programs write down their compiled code after five seconds, once per build: later starts have it. */
const COMPILED_MS = 6_000

async function warmUp(): Promise<void> {
  try {
    await labUp(NAME, 1)
    await wait(COMPILED_MS)
  } finally {
    await labDown(NAME)
  }
}

/** From nothing to three nodes Ready, as somebody sees it who types the command. */
export const labUpRow: Row = {
  name: 'lab-up',
  title: 'lab up: three nodes from nothing to Ready',
  unit: 's',
  judged: 'figure',
  better: 'less',
  must: 2,
  aim: 0.8,
  async measure() {
    if (!hasGantry()) return { skipped: 'dist/gantry.mjs is missing' }
    const times: number[] = []
    await labDown(NAME)
    await warmUp()
    for (let round = 0; round < RUNS; round++) {
      try {
        times.push((await labUp(NAME, 3)) / 1000)
      } finally {
        await labDown(NAME)
      }
    }
    return { value: median(times), note: spread(times) }
  },
}
