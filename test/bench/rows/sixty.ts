import type { Cluster } from '../cluster.ts'
import { floorPods } from '../floor.ts'
import { median, spread, type Row } from '../row.ts'
import { deployment, DEPLOYMENTS, isRunning, ofApp, watchPods } from '../watch.ts'

const PODS = 60
const RUNS = 3
/** Three agents, each of which makes two containers a core at once, on two cores. */
const PARALLEL = 12

const floorSeconds = async (lab: Cluster): Promise<number> => (await floorPods(lab, PODS, PARALLEL)).allMs / 1000

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
