import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { enterGroup } from '../../../deploy/lab/cgroups.ts'
import { layoutOf } from '../../../deploy/lab/layout.ts'
import type { Cluster } from '../cluster.ts'
import { median, spread, type Row } from '../row.ts'
import { run } from '../run.ts'
import { deployment, DEPLOYMENTS, isRunning, ofApp, watchPods } from '../watch.ts'

const PODS = 60
const RUNS = 3
/** Three agents, each of which makes two containers a core at once, on two cores. */
const PARALLEL = 12
const UNIFIED = '/sys/fs/cgroup/unified'

/**
 * Sixty pods made by hand, with the lab's share of the processors, by a process in a mount namespace of its own (without the version 2 tree, which
 * crun refuses on hybrid hosts).
 */
async function floorSeconds(lab: Cluster): Promise<number> {
  const { cgroup } = layoutOf(lab.spec)
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../floor-pods.ts'), String(PODS), String(PARALLEL), `${cgroup}/floor`]
  const hide = existsSync(`${UNIFIED}/cgroup.procs`) ? `umount ${UNIFIED} && ` : ''
  const text = await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', `${enterGroup(`${cgroup}/supervisor`)}\n${hide}exec "$@"`, 'sh', ...words])
  return Number(text.trim()) / 1000
}

async function ourSeconds(lab: Cluster, name: string): Promise<number> {
  using pods = await watchPods(lab, 'default')
  const startMs = performance.now()
  await lab.send('POST', DEPLOYMENTS, deployment(name, PODS))
  await pods.until((all) => ofApp(all, name).filter(isRunning).length === PODS)
  const tookMs = performance.now() - startMs
  await lab.send('DELETE', `${DEPLOYMENTS}/${name}`)
  await pods.until((all) => ofApp(all, name).length === 0)
  return tookMs / 1000
}

export const sixtyRow = (cluster: () => Promise<Cluster>): Row => ({
  name: 'sixty',
  title: '60 replicas on three nodes, all Running',
  unit: 's',
  judged: 'ratio',
  better: 'less',
  must: 2.5,
  aim: 1.5,
  async measure() {
    const lab = await cluster()
    const ours: number[] = []
    const floors: number[] = []
    for (let round = 0; round < RUNS; round++) {
      floors.push(await floorSeconds(lab))
      ours.push(await ourSeconds(lab, `sixty-${round}`))
    }
    return { value: median(ours), beside: { name: 's by hand', value: median(floors) }, note: spread(ours) }
  },
})
