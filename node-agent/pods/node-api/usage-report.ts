import type { MeasuredPod, MeasuredUsage, NodeUsageReport } from '../../../shared/model/node-usage.ts'
import type { ContainerUsage, PodUsage } from '../../stats/stats.ts'
import type { UsageSamples } from './samples.ts'

/** What the control plane's metrics API tells of this node and its pods. A container that began between the two moments is measured since it began. Pure. */
export function usageReport({ before, now }: UsageSamples): NodeUsageReport {
  const windowMs = now.atMs - before.atMs
  const pods = now.pods.flatMap((pod) => measuredPod(pod, { earlier: before.pods.find(({ uid }) => uid === pod.uid), windowMs, atMs: now.atMs }))
  return { atMs: now.atMs, windowMs, node: measured({ from: before.node.cpuNanos, to: now.node.cpuNanos, windowMs }, now.node.memoryBytes), pods }
}

interface Moments {
  readonly earlier: PodUsage | undefined
  readonly windowMs: number
  readonly atMs: number
}

function measuredPod({ uid, containers }: PodUsage, { earlier, windowMs, atMs }: Moments): readonly MeasuredPod[] {
  const spans = containers.map((container) => ({ container, span: spanOf(container, earlier?.containers.find(({ name, startedMs }) => name === container.name && startedMs === container.startedMs), { windowMs, atMs }) }))
  // Of a container that has only just begun no rate can be told, nor of its pod.
  if (spans.length === 0 || spans.some(({ span }) => span.windowMs <= 0)) return []
  return [{ uid, windowMs: Math.min(...spans.map(({ span }) => span.windowMs)), containers: spans.map(({ container, span }) => ({ name: container.name, ...measured(span, container.memoryBytes) })) }]
}

/** Processor time (ns) that was used within a time. */
interface Span {
  readonly from: number
  readonly to: number
  readonly windowMs: number
}

const spanOf = ({ cpuNanos, startedMs }: ContainerUsage, earlier: ContainerUsage | undefined, { windowMs, atMs }: Omit<Moments, 'earlier'>): Span =>
  earlier ? { from: earlier.cpuNanos, to: cpuNanos, windowMs } : { from: 0, to: cpuNanos, windowMs: startedMs === undefined ? 0 : Math.floor(atMs - startedMs) }

const measured = ({ from, to, windowMs }: Span, memoryBytes: number): MeasuredUsage => ({ cpuNanoCores: windowMs <= 0 ? 0 : Math.max(0, Math.round(((to - from) / windowMs) * 1000)), memoryBytes })
