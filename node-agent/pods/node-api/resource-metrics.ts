import type { UsageSamples } from './samples.ts'

type Line = readonly [labels: string, value: number | string]

/** `/metrics/resource`, the text that metrics servers read; what changes from one moment to the next with the moment (ms) it was measured at. Pure. */
export function resourceMetrics({ now }: UsageSamples): string {
  const containers = now.pods.flatMap((pod) => pod.containers.map((container) => ({ labels: `{container="${container.name}",namespace="${pod.namespace}",pod="${pod.name}"}`, container })))
  const pods = now.pods.map((pod) => ({ labels: `{namespace="${pod.namespace}",pod="${pod.name}"}`, pod }))
  const measured = (value: number): string => `${value} ${now.atMs}`
  const seconds = (nanos: number): string => measured(nanos / 1e9)
  return [
    family('container_cpu_usage_seconds_total', 'counter', containers.map(({ labels, container }): Line => [labels, seconds(container.cpuNanos)])),
    family('container_memory_working_set_bytes', 'gauge', containers.map(({ labels, container }): Line => [labels, measured(container.memoryBytes)])),
    family('container_start_time_seconds', 'gauge', containers.flatMap(({ labels, container }): readonly Line[] => (container.startedMs === undefined ? [] : [[labels, container.startedMs / 1000]]))),
    family('node_cpu_usage_seconds_total', 'counter', [['', seconds(now.node.cpuNanos)]]),
    family('node_memory_working_set_bytes', 'gauge', [['', measured(now.node.memoryBytes)]]),
    family('pod_cpu_usage_seconds_total', 'counter', pods.map(({ labels, pod }): Line => [labels, seconds(pod.cpuNanos)])),
    family('pod_memory_working_set_bytes', 'gauge', pods.map(({ labels, pod }): Line => [labels, measured(pod.memoryBytes)])),
    family('resource_scrape_error', 'gauge', [['', 0]]),
  ].join('')
}

const family = (name: string, type: 'counter' | 'gauge', lines: readonly Line[]): string => (lines.length === 0 ? '' : `# TYPE ${name} ${type}\n${lines.map(([labels, value]) => `${name}${labels} ${value}\n`).join('')}`)
