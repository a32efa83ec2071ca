import { MAX_SCORE, type FilterPlugin, type Refusal, type ScorePlugin } from '../framework.ts'
import type { Resources } from '../requests.ts'
import type { NodeInfo } from '../state.ts'

interface Missing {
  readonly name: string
  readonly wanted: number
  readonly free: number
  readonly total: number
}

/** Requests must fit into what is allocatable and not yet requested. */
export const nodeResourcesFit: FilterPlugin = {
  name: 'NodeResourcesFit',
  filter: ({ requests }) => (node) => (fits(requests, node) ? undefined : refusal(requests, node)),
  local: true,
}

/** The common case, without making anything. */
function fits(wanted: Resources, { allocatable, requested, pods }: NodeInfo): boolean {
  if (pods.length + 1 > allocatable.pods) return false
  if (wanted.cpuMillis > 0 && wanted.cpuMillis > allocatable.cpuMillis - requested.cpuMillis) return false
  if (wanted.memoryBytes > 0 && wanted.memoryBytes > allocatable.memoryBytes - requested.memoryBytes) return false
  if (wanted.ephemeralBytes > 0 && wanted.ephemeralBytes > allocatable.ephemeralBytes - requested.ephemeralBytes) return false
  for (const [name, value] of wanted.scalars) if (value > 0 && value > (allocatable.scalars.get(name) ?? 0) - (requested.scalars.get(name) ?? 0)) return false
  return true
}

function refusal(wanted: Resources, { allocatable, requested, pods }: NodeInfo): Refusal {
  const missing: Missing[] = []
  const look = (name: string, [want, total, used]: readonly [number, number, number]): void => {
    if (want > 0 && want > total - used) missing.push({ name, wanted: want, free: total - used, total })
  }
  look('cpu', [wanted.cpuMillis, allocatable.cpuMillis, requested.cpuMillis])
  look('memory', [wanted.memoryBytes, allocatable.memoryBytes, requested.memoryBytes])
  look('ephemeral-storage', [wanted.ephemeralBytes, allocatable.ephemeralBytes, requested.ephemeralBytes])
  for (const [name, value] of wanted.scalars) look(name, [value, allocatable.scalars.get(name) ?? 0, requested.scalars.get(name) ?? 0])
  const tooMany = pods.length + 1 > allocatable.pods
  return {
    reasons: [...(tooMany ? ['Too many pods'] : []), ...missing.map(({ name }) => `Insufficient ${name}`)],
    resolvable: missing.every((one) => one.wanted <= one.total),
    detail: [...(tooMany ? [`${pods.length} of ${allocatable.pods} pods`] : []), ...missing.map((one) => `${one.name}: needs ${amount(one.name, one.wanted)}, ${amount(one.name, Math.max(0, one.free))} of ${amount(one.name, one.total)} free`)].join('; '),
  }
}

function amount(name: string, value: number): string {
  if (name === 'cpu') return `${value}m`
  if (name === 'memory' || name === 'ephemeral-storage') return `${Math.floor(value / (1024 * 1024))}Mi`
  return String(value)
}

const leastAllocated = (requested: number, capacity: number): number => (capacity === 0 || requested > capacity ? 0 : Math.floor(((capacity - requested) * MAX_SCORE) / capacity))

/** The more is free after the pod, the better (LeastAllocated over cpu and memory). */
export const leastAllocatedScore: ScorePlugin = {
  name: 'NodeResourcesFit',
  weight: 1,
  local: true,
  scorer({ nonZero }) {
    return {
      score({ allocatable, nonZero: used }) {
        const cpu = allocatable.cpuMillis === 0 ? undefined : leastAllocated(used.cpuMillis + nonZero.cpuMillis, allocatable.cpuMillis)
        const memory = allocatable.memoryBytes === 0 ? undefined : leastAllocated(used.memoryBytes + nonZero.memoryBytes, allocatable.memoryBytes)
        const known = (cpu === undefined ? 0 : 1) + (memory === undefined ? 0 : 1)
        return known === 0 ? 0 : Math.floor(((cpu ?? 0) + (memory ?? 0)) / known)
      },
    }
  },
}
