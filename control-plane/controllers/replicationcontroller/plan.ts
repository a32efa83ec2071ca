/** A ReplicationController in the words of a ReplicaSet, whose plan it shares. PURE. */
import type { PodTemplateSpec, ReplicaSet, ReplicaSetStatus, ReplicationController, ReplicationControllerStatus } from '../../../shared/model/gen/api.ts'

/** Without a selector it selects nothing. */
export function toReplicaSet({ metadata, spec = {}, status }: ReplicationController): ReplicaSet {
  const { selector, template, ...rest } = spec
  return {
    metadata,
    spec: { ...rest, template: template ?? ({} as PodTemplateSpec), selector: selector && Object.keys(selector).length > 0 ? { matchLabels: selector } : { matchExpressions: [NOTHING] } },
    ...(status && { status }),
  }
}

/** A requirement that no labels meet. */
const NOTHING = { key: 'kubernetes.io/nothing', operator: 'In', values: [] }

/** Pods on their way out are not told of here. */
export function toStatus(status: ReplicaSetStatus): ReplicationControllerStatus {
  const { terminatingReplicas: _, ...rest } = status
  return rest
}
