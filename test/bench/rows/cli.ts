import { existsSync } from 'node:fs'
import { gantry, hasGantry, type Cluster } from '../cluster.ts'
import { median, spread, type Row } from '../row.ts'
import { run } from '../run.ts'
import { deployment, DEPLOYMENTS, isRunning, ofApp, watchPods } from '../watch.ts'

const ROUNDS = 15
const PODS = 6

const hasKubectl = (): boolean => (process.env['PATH'] ?? '').split(':').some((folder) => existsSync(`${folder}/kubectl`))

async function kubectl(words: readonly string[]): Promise<number> {
  const startMs = performance.now()
  await run('kubectl', words)
  return performance.now() - startMs
}

/** In turn, so that both meet the same load; the first of each fills its caches and does not count. */
async function inTurn(words: readonly string[]): Promise<{ readonly ours: readonly number[]; readonly theirs: readonly number[] }> {
  const ours: number[] = []
  const theirs: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    ours.push(await gantry(words))
    theirs.push(await kubectl(words))
  }
  return { ours: ours.slice(1), theirs: theirs.slice(1) }
}

export const getPodsRow = (lab: () => Promise<Cluster>): Row => ({
  name: 'get-pods',
  title: 'gantry get pods, wall',
  unit: 'ms',
  judged: 'ratio',
  better: 'less',
  must: 1.5,
  aim: 1,
  async measure() {
    if (!hasGantry()) return { skipped: 'dist/gantry.mjs is missing' }
    if (!hasKubectl()) return { skipped: 'there is no kubectl on this machine' }
    const cluster = await lab()
    using pods = await watchPods(cluster, 'default')
    await cluster.send('POST', DEPLOYMENTS, deployment('listed', PODS))
    try {
      await pods.until((all) => ofApp(all, 'listed').filter(isRunning).length === PODS)
      const { ours, theirs } = await inTurn(['--kubeconfig', cluster.kubeconfig, 'get', 'pods'])
      return { value: median(ours), beside: { name: 'ms kubectl', value: median(theirs) }, note: spread(ours) }
    } finally {
      await cluster.send('DELETE', `${DEPLOYMENTS}/listed`)
    }
  },
})
