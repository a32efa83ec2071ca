import type { Pod } from '../../shared/model/gen/api.ts'
import type { Eviction } from '../pods/worker.ts'
import type { PodRecord } from '../pods/record.ts'
import type { Observations } from './decide.ts'
import type { LocalStorage } from './local-storage.ts'
import type { PodUse } from './rank.ts'

/** A pod of this node, with what is known of it. */
export interface SeenPod {
  readonly pod: Pod
  readonly record: PodRecord
}

/** What is measured: through this door tests say what there is. */
export interface EvictionMeasures {
  /** What is left on the node. Cheap: asked every few seconds. */
  observe(): Promise<Observations>
  /** What a pod uses, its files counted one by one: asked only under pressure. Nothing where none of it runs. */
  use(pod: SeenPod): Promise<PodUse | undefined>
  /** What a pod has written. Costs a walk through its folders: asked only for pods with bounds. */
  storage(pod: SeenPod): Promise<LocalStorage>
}

/** The pods, as far as eviction goes. */
export interface EvictablePods {
  pods(): readonly SeenPod[]
  /** False where it is not here, or ends already. */
  evict(uid: string, eviction: Eviction): boolean
}
