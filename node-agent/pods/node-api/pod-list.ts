import type { Pod } from '../../../shared/model/gen/api.ts'
import type { PodWorker } from '../worker.ts'

/** The pods of this node with the newest status that the node itself knows. */
export const podList = (workers: readonly PodWorker[]): { readonly kind: 'PodList'; readonly apiVersion: 'v1'; readonly metadata: object; readonly items: readonly Pod[] } => ({
  kind: 'PodList',
  apiVersion: 'v1',
  metadata: {},
  items: workers.map(({ pod, status }) => ({ ...pod, ...(status && { status }) })),
})
