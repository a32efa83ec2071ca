/** ReplicationControllers keep what they promise: ReplicaSets with an older kind of selector. */
import type { ReplicationController } from '../../../shared/model/gen/api.ts'
import { replicationControllers } from '../../../shared/model/resources.ts'
import type { Controller, ControllerParts } from '../controller.ts'
import { createReplicasController, type ReplicaFamily } from '../replicas/worker.ts'
import { toReplicaSet, toStatus } from './plan.ts'

const family: ReplicaFamily<ReplicationController> = {
  name: 'replicationcontroller',
  component: 'replication-controller',
  resource: replicationControllers,
  toReplicaSet,
  statusOf: toStatus,
  statusBefore: ({ status }) => status,
}

export const createReplicationControllerController = (parts: ControllerParts): Controller => createReplicasController(parts, family)
