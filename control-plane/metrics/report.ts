/** What a node says of its use, which is not believed to be what it should be. PURE. */
import type { MeasuredPod, MeasuredUsage, NodeUsageReport } from '../../shared/model/node-usage.ts'

/** No more of an answer is read (bytes): several times what the largest node says. */
export const MOST_REPORT_BYTES = 4 * 1024 * 1024

/** The last moment that the API can write: the end of the year 9999. */
const LAST_MS = 253_402_300_799_999

type Unknown = Readonly<Record<string, unknown>>

/** @throws Error where it is something else than a report: one node that says nonsense takes nothing from what is told of the others. */
export function readReport(text: string): NodeUsageReport {
  const { atMs, windowMs, node, pods } = objectOf(JSON.parse(text), 'the report')
  return { atMs: amountOf(atMs, 'atMs', LAST_MS), windowMs: amountOf(windowMs, 'windowMs'), node: usageOf(objectOf(node, 'node')), pods: listOf(pods, 'pods').map(podOf) }
}

function podOf(value: unknown): MeasuredPod {
  const { uid, windowMs, containers } = objectOf(value, 'a pod')
  return { uid: textOf(uid, 'uid'), windowMs: amountOf(windowMs, 'windowMs'), containers: listOf(containers, 'containers').map(containerOf) }
}

function containerOf(value: unknown): MeasuredPod['containers'][number] {
  const container = objectOf(value, 'a container')
  return { name: textOf(container['name'], 'name'), ...usageOf(container) }
}

const usageOf = ({ cpuNanoCores, memoryBytes }: Unknown): MeasuredUsage => ({ cpuNanoCores: amountOf(cpuNanoCores, 'cpuNanoCores'), memoryBytes: amountOf(memoryBytes, 'memoryBytes') })

function objectOf(value: unknown, what: string): Unknown {
  if (typeof value !== 'object' || value === null) throw new Error(`${what} is no object`)
  return value as Unknown
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`${what} is no list`)
  return value as readonly unknown[]
}

function textOf(value: unknown, what: string): string {
  if (typeof value !== 'string') throw new Error(`${what} is no text`)
  return value
}

function amountOf(value: unknown, what: string, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value !== 'number' || !(value >= 0 && value <= most)) throw new Error(`${what} is no amount`)
  return value
}
