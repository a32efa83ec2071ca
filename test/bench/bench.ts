/** `npm run bench`: every row of the table, or those named on the command line. The table goes to the terminal, the figures to `.gantry/bench.json`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../../shared/kit/faults.ts'
import { openCluster, type Cluster } from './cluster.ts'
import { judge, type Measured, type Row } from './row.ts'
import { apiRows } from './rows/api.ts'
import { getPodsRow } from './rows/cli.ts'
import { controlPlaneKilledRow, leaderLostRow, nodeCutRow, nodeKilledRow } from './rows/failover.ts'
import { labUpRow } from './rows/lab-up.ts'
import { containerMemoryRow, idleRows } from './rows/memory.ts'
import { nodeFullRow, nodeIdleRow } from './rows/node-held.ts'
import { nodePullRow } from './rows/node-pull.ts'
import { nodeBurstRow, nodeStartRow } from './rows/node-start.ts'
import { oneReplicaRow, restartRow } from './rows/pods.ts'
import { schedulerBindRow, schedulerCoreRow } from './rows/scheduler.ts'
import { sixtyRow } from './rows/sixty.ts'
import { table } from './table.ts'

const root = join(import.meta.dirname, '../..')

let shared: Promise<Cluster> | undefined
const cluster = (): Promise<Cluster> => (shared ??= openCluster('bench'))

const api = apiRows()

/** In the order they run: what wants an idle lab comes before what makes it work. */
const ROWS: readonly Row[] = [labUpRow, ...idleRows(cluster), oneReplicaRow(cluster), restartRow(cluster), sixtyRow(cluster), containerMemoryRow, nodeStartRow, nodeBurstRow, nodeIdleRow, nodeFullRow, nodePullRow, getPodsRow(cluster), schedulerCoreRow, schedulerBindRow, ...api.rows, nodeKilledRow, nodeCutRow, leaderLostRow, controlPlaneKilledRow]

/** `failover` stands for all rows whose names begin so. */
const isMeant = (row: Row, name: string): boolean => row.name === name || row.name.startsWith(`${name}-`)

function chosen(names: readonly string[]): readonly Row[] {
  const unknown = names.filter((name) => !ROWS.some((row) => isMeant(row, name)))
  if (unknown.length > 0) throw new Error(`no row ${unknown.join(', ')}: there are ${ROWS.map(({ name }) => name).join(', ')}`)
  return names.length === 0 ? ROWS : ROWS.filter((row) => names.some((name) => isMeant(row, name)))
}

async function measure(row: Row): Promise<Measured> {
  process.stderr.write(`${row.title} …\n`)
  try {
    return judge(row, await row.measure())
  } catch (error) {
    process.exitCode = 1
    return judge(row, { skipped: `it failed: ${messageOf(error)}` })
  }
}

async function main(names: readonly string[]): Promise<void> {
  const rows = chosen(names)
  const loadBefore = loadavg()
  const measured: Measured[] = []
  try {
    for (const row of rows) measured.push(await measure(row))
  } finally {
    await api.close()
    await (await shared?.catch(() => undefined))?.[Symbol.asyncDispose]()
  }
  const load = `${cpus().length} cores, load ${loadBefore.map((one) => one.toFixed(1)).join(' ')} before and ${loadavg().map((one) => one.toFixed(1)).join(' ')} after`
  process.stdout.write(`\n${table(measured)}\n${load}: absolute figures of a busy machine say little, ratios more\n`)
  mkdirSync(join(root, '.gantry'), { recursive: true })
  writeFileSync(join(root, '.gantry/bench.json'), `${JSON.stringify({ at: new Date().toISOString(), node: process.version, cores: cpus().length, loadBefore, loadAfter: loadavg(), rows: measured }, null, 2)}\n`)
}

await main(process.argv.slice(2))
process.exit()
