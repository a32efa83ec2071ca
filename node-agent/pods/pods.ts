import type { PodParts } from './parts.ts'
import type { PodWorkers } from './port.ts'
import { NodePodWorkers } from './workers.ts'

export type { PodParts, PodSources, PodsConfig } from './parts.ts'
export { hostPodFiles } from './host-files.ts'

/** The pod workers of one node, made from their parts, real or fake. They begin with `run`. */
export const createPodWorkers = (parts: PodParts): PodWorkers & Pick<NodePodWorkers, 'imagesChanged' | 'timeline'> => new NodePodWorkers(parts)
