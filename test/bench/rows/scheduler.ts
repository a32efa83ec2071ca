import { join } from 'node:path'
import { median, spread, type Row } from '../row.ts'
import { run } from '../run.ts'

/** Each run in a process of its own, so that none finds what the one before compiled or left in memory. */
async function rates(script: string, runs: number): Promise<readonly number[]> {
  const figures: number[] = []
  for (let round = 0; round < runs; round++) figures.push(Number.parseFloat(await run(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '..', script)], { timeoutMs: 300_000 })))
  return figures
}

const rateRow = (script: string, runs: number) => async () => {
  const figures = await rates(script, runs)
  return { value: median(figures), note: spread(figures) }
}

export const schedulerCoreRow: Row = {
  name: 'scheduler-core',
  title: 'scheduler core, 5,000 nodes, 10,000 pods',
  unit: 'pods/s',
  judged: 'figure',
  better: 'more',
  must: 10_000,
  aim: 50_000,
  measure: rateRow('scheduler-core.ts', 5),
}

export const schedulerBindRow: Row = {
  name: 'scheduler-bind',
  title: '… the same through storage and bind',
  unit: 'pods/s',
  judged: 'figure',
  better: 'more',
  must: 1_500,
  aim: 2_800,
  measure: rateRow('scheduler-bind.ts', 3),
}
