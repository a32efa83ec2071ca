/** What nodes report, as objects of the metrics API. PURE. */
import type { Node } from '../../shared/model/gen/api.ts'
import type { MeasuredUsage, NodeUsageReport } from '../../shared/model/node-usage.ts'
import { formatQuantity } from '../../shared/model/quantity.ts'
import { formatTime } from '../../shared/model/time.ts'
import { METRICS, type NodeMetrics, type PodMetrics, type Usage } from './kinds.ts'
import type { PodMeasure } from './pod-measures.ts'

const apiVersion = `${METRICS.group}/${METRICS.version}`

export function nodeMetrics({ metadata: { name, labels } }: Node, { atMs, windowMs, node }: NodeUsageReport): NodeMetrics {
  return { kind: 'NodeMetrics', apiVersion, metadata: { name, creationTimestamp: formatTime(atMs), ...(labels && { labels }) }, timestamp: formatTime(atMs), window: windowText(windowMs), usage: usageOf(node) }
}

export function podMetrics({ pod: { metadata: { name, namespace, labels } }, containers, windowMs, atMs }: PodMeasure): PodMetrics {
  const metadata = { name, namespace, creationTimestamp: formatTime(atMs), ...(labels && { labels }) }
  return { kind: 'PodMetrics', apiVersion, metadata, timestamp: formatTime(atMs), window: windowText(windowMs), containers: containers.map((one) => ({ name: one.name, usage: usageOf(one) })) }
}

const usageOf = ({ cpuNanoCores, memoryBytes }: MeasuredUsage): Usage => ({
  cpu: formatQuantity({ nanos: BigInt(Math.round(cpuNanoCores)), format: 'DecimalSI' }),
  memory: formatQuantity({ nanos: BigInt(Math.round(memoryBytes)) * 1_000_000_000n, format: 'BinarySI' }),
})

/** As Go writes a duration. */
export function windowText(ms: number): string {
  if (ms < 1000) return ms <= 0 ? '0s' : `${ms}ms`
  const minutes = Math.floor(ms / 60_000)
  const hours = Math.floor(minutes / 60)
  return `${hours > 0 ? `${hours}h` : ''}${minutes > 0 ? `${minutes % 60}m` : ''}${(ms % 60_000) / 1000}s`
}
