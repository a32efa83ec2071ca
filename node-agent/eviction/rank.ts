import type { Pod } from '../../shared/model/gen/api.ts'
import { isStatic } from '../static-pods/is-static.ts'
import { podTotal } from './amounts.ts'
import type { Starved } from './thresholds.ts'

/** What one container uses now. */
export interface ContainerUse {
  readonly name: string
  readonly memoryBytes?: number | undefined
  /** Its own layer and its logs. */
  readonly storageBytes?: number | undefined
}

/** What one pod uses now, as far as it was measured. */
export interface PodUse {
  readonly memoryBytes?: number | undefined
  readonly processes?: number | undefined
  /** Layers, logs and disk-backed emptyDirs together. */
  readonly storageBytes?: number | undefined
  readonly inodes?: number | undefined
  readonly containers: readonly ContainerUse[]
}

export interface Candidate {
  readonly pod: Pod
  /** Nothing where its use is not known. */
  readonly use: PodUse | undefined
}

const used = (use: PodUse | undefined, starved: Starved): number | undefined => {
  switch (starved) {
    case 'memory':
      return use?.memoryBytes
    case 'ephemeral-storage':
      return use?.storageBytes
    case 'inodes':
      return use?.inodes
    case 'pids':
      return use?.processes
  }
}

/** Kubernetes' order, the first to go first: whose use is not known; who uses more than it asked for; the lower priority; who uses most beyond its request. Pure. */
export function rankForEviction(candidates: readonly Candidate[], starved: Starved): readonly Candidate[] {
  const facts = candidates.map((candidate) => {
    const use = used(candidate.use, starved)
    const request = starved === 'memory' || starved === 'ephemeral-storage' ? (podTotal(candidate.pod, 'requests', starved) ?? 0) : 0
    return { candidate, isUnknown: use === undefined, beyond: (use ?? 0) - request, priority: candidate.pod.spec?.priority ?? 0 }
  })
  const exceeds = (beyond: number): number => (starved !== 'pids' && beyond > 0 ? 0 : 1)
  return facts
    .toSorted((a, b) => Number(b.isUnknown) - Number(a.isUnknown) || exceeds(a.beyond) - exceeds(b.beyond) || a.priority - b.priority || b.beyond - a.beyond)
    .map(({ candidate }) => candidate)
}

/** From this priority on nothing is evicted: `system-cluster-critical` and above. */
const CRITICAL_PRIORITY = 2_000_000_000

/** Pods that kubelet never evicts: those of files, and those that the system needs. */
export const isCritical = (pod: Pod): boolean => isStatic(pod) || (pod.spec?.priority ?? 0) >= CRITICAL_PRIORITY
