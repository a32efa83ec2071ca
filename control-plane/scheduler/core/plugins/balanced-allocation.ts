import { MAX_SCORE, type ScorePlugin } from '../framework.ts'
import type { Allocatable } from '../requests.ts'

const fraction = (requested: number, capacity: number): number => (capacity === 0 ? 0 : Math.min(1, requested / capacity))

/** Standard deviation of the fractions of cpu and memory in use. */
const imbalance = (cpuMillis: number, memoryBytes: number, allocatable: Allocatable): number => Math.abs(fraction(cpuMillis, allocatable.cpuMillis) - fraction(memoryBytes, allocatable.memoryBytes)) / 2

/** The more evenly cpu and memory are used with the pod than without it, the better: 50 for no change (kube-scheduler since 1.35). */
export const balancedAllocation: ScorePlugin = {
  name: 'NodeResourcesBalancedAllocation',
  weight: 1,
  local: true,
  scorer({ requests }) {
    if (requests.cpuMillis === 0 && requests.memoryBytes === 0) return undefined
    return {
      score({ allocatable, requested }) {
        const before = imbalance(requested.cpuMillis, requested.memoryBytes, allocatable)
        const after = imbalance(requested.cpuMillis + requests.cpuMillis, requested.memoryBytes + requests.memoryBytes, allocatable)
        return Math.floor(((1 + before - after) / 2) * MAX_SCORE)
      },
    }
  },
}
