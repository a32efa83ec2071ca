import type { Pod } from '../../shared/model/gen/api.ts'
import { podLimits } from '../cgroups/pod-limits.ts'
import { containerLimits } from '../runtime/oci-resources.ts'
import type { PodParts } from './parts.ts'
import { containerRecord, containersOf, type PodContainer, type PodRecord } from './record.ts'
import { allocatedPod } from './allocation.ts'

/** People are told which container had too little memory, by whose limit, and how much it used. */

export interface OomFacts {
  readonly ownLimitBytes?: number | undefined
  readonly podLimitBytes?: number | undefined
  /** The most the container ever used. */
  readonly peakBytes?: number | undefined
}

/** The kernel counts in pages, and some are given back in the last moment. */
const CLOSE = 0.95

/** Why the kernel killed. Pure. */
export function oomWords({ ownLimitBytes, podLimitBytes, peakBytes }: OomFacts): string {
  const used = peakBytes === undefined ? '' : ` (it used ${mebibytes(peakBytes)})`
  const isOwn = ownLimitBytes !== undefined && (podLimitBytes === undefined || ownLimitBytes < podLimitBytes || peakBytes === undefined || peakBytes >= ownLimitBytes * CLOSE)
  if (isOwn) return `out of memory: the container's limit is ${mebibytes(ownLimitBytes)}${used}`
  if (podLimitBytes !== undefined) return `out of memory: the limit of the pod as a whole is ${mebibytes(podLimitBytes)}${used}`
  return `out of memory: the node had none left${used}`
}

const mebibytes = (bytes: number): string => `${Math.round((bytes / 2 ** 20) * 10) / 10}Mi`

/** The words for a container of which the kernel has killed a process. */
export async function whyOutOfMemory({ cgroups }: PodParts, pod: Pod, { container, id }: { readonly container: PodContainer; readonly id: string }): Promise<string> {
  const peakBytes = await cgroups.memoryPeak(`${cgroups.podPath(pod.metadata.uid ?? '')}/${id}`)
  return oomWords({ ownLimitBytes: containerLimits(container.spec.resources).memoryBytes, podLimitBytes: podLimits(pod).memoryBytes, peakBytes })
}

/** A container whose first process lives on may have lost others. */
export interface Loss {
  readonly container: string
  readonly words: string
}

/** Looks, from time to time, for processes killed in containers that run on. */
export class OomWatch {
  readonly #parts: PodParts
  /** By container id, as counted last. */
  readonly #kills = new Map<string, number>()

  constructor(parts: PodParts) {
    this.#parts = parts
  }

  /** What is new since the last look at this pod. */
  async look(wished: Pod, record: PodRecord): Promise<readonly Loss[]> {
    const { cgroups } = this.#parts
    const pod = allocatedPod(wished, record.allocated)
    const found: Loss[] = []
    for (const container of containersOf(pod)) {
      const { now } = containerRecord(record, container.spec.name)
      if (now.kind !== 'running') continue
      const kills = await cgroups.oomKills(`${cgroups.podPath(pod.metadata.uid ?? '')}/${now.id}`)
      if (kills > (this.#kills.get(now.id) ?? 0)) found.push({ container: container.spec.name, words: await whyOutOfMemory(this.#parts, pod, { container, id: now.id }) })
      if (kills > 0) this.#kills.set(now.id, kills)
    }
    return found
  }

  /** Only those are remembered that run. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#kills.keys()) if (!ids.has(id)) this.#kills.delete(id)
  }
}
