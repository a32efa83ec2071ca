import { formatTime } from '../../../shared/model/time.ts'
import type { UsageSample, UsageSamples } from './samples.ts'

interface Usage {
  readonly cpuNanos: number
  readonly memoryBytes: number
}

/** `/stats/summary` as kubelet writes it (`k8s.io/kubelet/pkg/apis/stats/v1alpha1`), with what is known here: processor and memory. Pure. */
export function statsSummary({ before, now }: UsageSamples, nodeName: string): unknown {
  const time = formatTime(now.atMs)
  const usageOf = (current: Usage, earlier: Usage | undefined): object => ({
    cpu: { time, usageNanoCores: earlier ? nanoCores(before, now, { from: earlier.cpuNanos, to: current.cpuNanos }) : 0, usageCoreNanoSeconds: current.cpuNanos },
    memory: { time, usageBytes: current.memoryBytes, workingSetBytes: current.memoryBytes },
  })
  return {
    node: { nodeName, ...usageOf(now.node, before.node) },
    pods: now.pods.map((pod) => {
      const earlier = before.pods.find(({ uid }) => uid === pod.uid)
      return {
        podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
        containers: pod.containers.map((container) => ({ name: container.name, ...usageOf(container, earlier?.containers.find(({ name }) => name === container.name)) })),
        ...usageOf(pod, earlier),
      }
    }),
  }
}

/** Billionths of a processor, on average between the two moments. */
function nanoCores(before: UsageSample, now: UsageSample, { from, to }: { readonly from: number; readonly to: number }): number {
  const ms = now.atMs - before.atMs
  return ms <= 0 ? 0 : Math.max(0, Math.round(((to - from) / ms) * 1000))
}
