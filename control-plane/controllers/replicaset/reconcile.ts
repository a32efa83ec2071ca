/** ReplicaSets keep what they promise. */
import type { ReplicaSet } from '../../../shared/model/gen/api.ts'
import { replicaSets } from '../../../shared/model/resources.ts'
import type { Controller, ControllerParts } from '../controller.ts'
import { createReplicasController, type ReplicaFamily } from '../replicas/worker.ts'

const family: ReplicaFamily<ReplicaSet> = {
  name: 'replicaset',
  component: 'replicaset-controller',
  resource: replicaSets,
  toReplicaSet: (set) => set,
  statusOf: (status) => status,
  statusBefore: ({ status }) => status,
}

export const createReplicaSetController = (parts: ControllerParts): Controller => createReplicasController(parts, family)
