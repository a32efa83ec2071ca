import { unlimitedRight } from '../fencing/port.ts'
import type { PodParts } from './parts.ts'
import type { PodWorkers } from './port.ts'
import { socatForwarder } from './streams/forwarder.ts'
import { NodePodWorkers } from './workers.ts'

export type { PodParts, PodSources, PodsConfig } from './parts.ts'
export type { Eviction } from './worker.ts'
export { hostPodFiles } from './host-files.ts'

type Given = 'forwarder' | 'right' | 'deadlines'
type GivenParts = Omit<PodParts, Given> & Partial<Pick<PodParts, Given>>

/** The pod workers of one node, made from their parts, real or fake. They begin with `run`. Ports are forwarded through socat, and pods may always run, unless told otherwise. */
export const createPodWorkers = (parts: GivenParts): PodWorkers & Pick<NodePodWorkers, 'pods' | 'evict'> => new NodePodWorkers({ forwarder: socatForwarder, right: unlimitedRight, deadlines: { setExempt: () => {} }, ...parts })
