/** 10,000 pods onto 5,000 nodes through the pure core: pods per second. */
import { ClusterState, podInfo } from '../../control-plane/scheduler/core/state.ts'
import { createMemory } from '../../control-plane/scheduler/core/memory.ts'
import { schedule } from '../../control-plane/scheduler/core/schedule.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'

const node = (index: number): Node => ({
  metadata: { name: `node-${index}`, labels: { 'kubernetes.io/hostname': `node-${index}`, 'topology.kubernetes.io/zone': `zone-${index % 3}` } },
  spec: {},
  status: { allocatable: { cpu: '4', memory: '32Gi', pods: '110' } },
})

const pod = (index: number): Pod => ({ metadata: { name: `pod-${index}`, namespace: 'bench', uid: String(index), labels: { app: 'bench' } }, spec: { containers: [{ name: 'c', image: 'busybox:1.35', resources: { requests: { cpu: '100m', memory: '500Mi' } } }] } })

/** @returns pods placed per second of the core's time. */
export function schedulerCoreRate(nodes = 5_000, pods = 10_000): number {
  const state = new ClusterState()
  for (let i = 0; i < nodes; i++) state.setNode(node(i))
  const random = seededRandom(1)
  const memory = createMemory()
  const waiting = Array.from({ length: pods }, (_, index) => pod(index))
  const startMs = performance.now()
  let start = 0
  for (const one of waiting) {
    const placement = schedule(podInfo(one), state, { tieBreak: random.next(), start, memory })
    start = placement.nextStart
    if (placement.kind === 'placed') state.setPod(one, placement.node)
  }
  return (pods / (performance.now() - startMs)) * 1000
}

if (import.meta.main) process.stdout.write(`${Math.round(schedulerCoreRate())} pods/s\n`)
