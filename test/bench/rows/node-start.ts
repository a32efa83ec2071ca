/** How long pods of one node take to start, by their own timelines, beside pods that are made by hand and those of podman. */
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { messageOf } from '../../../shared/kit/faults.ts'
import type { Pod } from '../../../shared/model/gen/api.ts'
import { START_TIMELINE, type StartStep } from '../../../shared/model/start-timeline.ts'
import { openCluster, type Cluster } from '../cluster.ts'
import { floorPods, podmanPods } from '../floor.ts'
import { median, percentile, short, type Figure, type Row } from '../row.ts'
import { isRunning, watchPods } from '../watch.ts'

const PODS = 30
const BURST = 50
/** The first finds programs that were never run: it is told apart. */
const BURSTS = 3
const PATH = '/api/v1/namespaces/default/pods'

const pod = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'busybox:1.35', imagePullPolicy: 'IfNotPresent', command: ['sleep', '1000000'] }] },
})

const stepsOf = ({ metadata }: Pod): readonly StartStep[] => JSON.parse(metadata.annotations?.[START_TIMELINE] ?? '[]') as readonly StartStep[]

const of = (steps: readonly StartStep[], ...names: ReadonlyArray<StartStep['step']>): readonly number[] => steps.filter(({ step }) => names.includes(step)).map(({ ms }) => ms)

/** From the node's first sight of it until its container was started; image, network and volumes are made side by side. */
const nodeMs = (steps: readonly StartStep[]): number => Math.max(0, ...of(steps, 'image', 'network', 'volumes')) + of(steps, 'created', 'started').reduce((sum, ms) => sum + ms, 0)

const STAGES: ReadonlyArray<StartStep['step']> = ['queued', 'bound', 'image', 'network', 'volumes', 'created', 'started']

const range = (figures: readonly number[]): string => `${short(percentile(figures, 50))}/${short(percentile(figures, 99))}`

const stages = (pods: readonly Pod[]): string => STAGES.map((stage) => `${stage} ${range(pods.flatMap((one) => of(stepsOf(one), stage)))}`).join(', ')

interface Started {
  readonly pods: readonly Pod[]
  /** From the request until a watch told of the running pod. */
  readonly eachMs: readonly number[]
  readonly allMs: number
}

/** @param atOnce all together, or one after another */
async function start(lab: Cluster, count: number, atOnce: boolean): Promise<Started> {
  using watch = await watchPods(lab, 'default')
  const eachMs: number[] = []
  const started = async (name: string): Promise<void> => {
    const beganMs = performance.now()
    await lab.send('POST', PATH, pod(name))
    if (!atOnce) await watch.until((all) => all.some((one) => one.metadata.name === name && isRunning(one)))
    eachMs.push(performance.now() - beganMs)
  }
  const names = Array.from({ length: count }, (_, index) => `start-${index}`)
  const beganMs = performance.now()
  if (atOnce) await Promise.all(names.map(started))
  else for (const name of names) await started(name)
  const pods = await watch.until((all) => all.filter(isRunning).length === count)
  const allMs = performance.now() - beganMs
  await lab.send('DELETE', PATH)
  await watch.until((all) => all.length === 0)
  return { pods, eachMs, allMs }
}

const hasPodman = (): boolean => spawnSync('podman', ['--version'], { stdio: 'ignore' }).status === 0

/** The middle one of pods that start one after another; what is before it on a node, and what follows from it. */
export const nodeStartRow: Row = {
  name: 'node-start',
  title: "one pod's start on its node",
  unit: 'ms',
  judged: 'ratio',
  better: 'less',
  must: 1.5,
  aim: 1.2,
  async measure(): Promise<Figure> {
    await using lab = await openCluster('bench-start', { nodes: 1 })
    // What runs for the first time is compiled, and the first containers of a node make its bridge and rules.
    await start(lab, 5, false)
    const floor = await floorPods(lab, PODS, 1)
    const { pods, eachMs } = await start(lab, PODS, false)
    const podman = hasPodman() ? await podmanPods(lab, PODS).then(({ eachMs: times }) => `; podman run ${range(times)}`, (error: unknown) => `; podman cannot run a container here (${messageOf(error).trim().split('\n').at(-1) ?? ''})`) : ''
    const note = `p50/p99 of ${PODS} ${range(pods.map((one) => nodeMs(stepsOf(one))))}, by hand ${range(floor.eachMs)}, from the request on ${range(eachMs)} (${stages(pods)})${podman}`
    return { value: percentile(pods.map((one) => nodeMs(stepsOf(one))), 50), beside: { name: 'ms by hand', value: percentile(floor.eachMs, 50) }, note }
  },
}

export const nodeBurstRow: Row = {
  name: 'node-burst',
  title: `${BURST} pods at once on one node, all Running`,
  unit: 'ms',
  judged: 'ratio',
  better: 'less',
  must: 1.5,
  aim: 1.2,
  async measure(): Promise<Figure> {
    await using lab = await openCluster('bench-burst', { nodes: 1 })
    await start(lab, 5, false)
    const ours: Started[] = []
    const floors: number[] = []
    for (let round = 0; round < BURSTS; round++) {
      floors.push((await floorPods(lab, BURST, availableParallelism() * 2)).allMs)
      ours.push(await start(lab, BURST, true))
    }
    const pods = ours.flatMap((one) => one.pods)
    const each = ours.map(({ allMs }, round) => short(allMs / (floors[round] ?? Number.NaN))).join(', ')
    return { value: median(ours.map(({ allMs }) => allMs)), beside: { name: 'ms by hand', value: median(floors) }, note: `the first of a lab and those after it ${each}× by hand; p50/p99 on the node ${range(pods.map((one) => nodeMs(stepsOf(one))))} (${stages(pods)})` }
  },
}
