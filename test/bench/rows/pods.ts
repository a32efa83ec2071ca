import { kill } from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { layoutOf } from '../../../deploy/lab/layout.ts'
import type { Cluster } from '../cluster.ts'
import { programsIn } from '../processes.ts'
import { median, spread, type Row } from '../row.ts'
import { deployment, DEPLOYMENTS, isRunning, ofApp, watchPods } from '../watch.ts'

const ROUNDS = 11

/** One Deployment of one replica, from the request to the watch that tells of the running pod. */
export const oneReplicaRow = (cluster: () => Promise<Cluster>): Row => ({
  name: 'one-replica',
  title: 'one-replica Deployment applied → pod Running',
  unit: 'ms',
  judged: 'figure',
  better: 'less',
  must: 120,
  aim: 45,
  async measure() {
    const lab = await cluster()
    using pods = await watchPods(lab, 'default')
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const name = `one-${round}`
      const startMs = performance.now()
      await lab.send('POST', DEPLOYMENTS, deployment(name, 1))
      await pods.until((all) => ofApp(all, name).some(isRunning))
      times.push(performance.now() - startMs)
      await lab.send('DELETE', `${DEPLOYMENTS}/${name}`)
      await pods.until((all) => ofApp(all, name).length === 0)
    }
    return { value: median(times), note: spread(times) }
  },
})

/** The process of the only container on the node; it becomes the program a moment after the container is said to run. */
async function processOf(lab: Cluster, node: string): Promise<number> {
  for (let look = 0; look < 100; look++) {
    const [pid] = await programsIn(`${layoutOf(lab.spec).memberCgroup(node)}/pods`, 'sleep')
    if (pid !== undefined) return pid
    await wait(10)
  }
  throw new Error(`no container runs on ${node}`)
}

/** The container's process is killed from outside; each round on a pod of its own, because only the first restart is not delayed. */
export const restartRow = (cluster: () => Promise<Cluster>): Row => ({
  name: 'restart',
  title: 'container killed → running again',
  unit: 'ms',
  judged: 'figure',
  better: 'less',
  must: 100,
  aim: 40,
  async measure() {
    const lab = await cluster()
    using pods = await watchPods(lab, 'default')
    const times: number[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const name = `restart-${round}`
      await lab.send('POST', DEPLOYMENTS, deployment(name, 1))
      const all = await pods.until((some) => ofApp(some, name).some(isRunning))
      const [pod] = ofApp(all, name)
      const pid = await processOf(lab, pod?.spec?.nodeName ?? '')
      const startMs = performance.now()
      kill(pid, 'SIGKILL')
      await pods.until((some) => ofApp(some, name).some((one) => one.status?.containerStatuses?.[0]?.restartCount === 1 && isRunning(one)))
      times.push(performance.now() - startMs)
      await lab.send('DELETE', `${DEPLOYMENTS}/${name}`)
      await pods.until((some) => ofApp(some, name).length === 0)
    }
    return { value: median(times), note: spread(times) }
  },
})
