import type { DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, Deployment, DeploymentSpec, DeploymentStrategy, PersistentVolumeClaim, ReplicaSet, ReplicaSetSpec, ReplicationController, StatefulSet, StatefulSetSpec, StatefulSetUpdateStrategy } from '../../../shared/model/gen/api.ts'
import { fillAbsent, fillZero, mapItems, mapMember } from './fill.ts'
import { defaultPodTemplate } from './pod-spec.ts'
import { defaultRequirements } from './resources.ts'

const REVISIONS_KEPT = 10
const PROGRESS_SECONDS = 600
const QUARTER = '25%'

function defaultStrategy(strategy: DeploymentStrategy): DeploymentStrategy {
  const typed = fillZero(strategy, { type: 'RollingUpdate' })
  if (typed.type !== 'RollingUpdate') return typed
  return { ...typed, rollingUpdate: fillAbsent(typed.rollingUpdate ?? {}, { maxUnavailable: QUARTER, maxSurge: QUARTER }) }
}

export const defaultDeployment = (deployment: Deployment): Deployment =>
  mapMember(deployment, 'spec', (spec) => {
    const filled: DeploymentSpec = fillAbsent(spec, { replicas: 1, strategy: {}, template: {}, revisionHistoryLimit: REVISIONS_KEPT, progressDeadlineSeconds: PROGRESS_SECONDS })
    return mapMember(mapMember(filled, 'strategy', defaultStrategy), 'template', defaultPodTemplate)
  })

export const defaultReplicaSet = (replicaSet: ReplicaSet): ReplicaSet =>
  mapMember(replicaSet, 'spec', (spec) => {
    const filled: ReplicaSetSpec = fillAbsent(spec, { replicas: 1, template: {} })
    return mapMember(filled, 'template', defaultPodTemplate)
  })

/** A controller without a selector, or without labels, has those of its template. */
export function defaultReplicationController(controller: ReplicationController): ReplicationController {
  const spec = mapMember(fillAbsent(controller.spec ?? {}, { replicas: 1 }), 'template', defaultPodTemplate)
  const labels = spec.template?.metadata?.labels
  if (!labels) return { ...controller, spec }
  const isEmpty = (map: Readonly<Record<string, string>> | undefined): boolean => Object.keys(map ?? {}).length === 0
  return {
    ...controller,
    ...(isEmpty(controller.metadata.labels) && { metadata: { ...controller.metadata, labels } }),
    spec: isEmpty(spec.selector) ? { ...spec, selector: labels } : spec,
  }
}

function defaultDaemonStrategy(strategy: DaemonSetUpdateStrategy): DaemonSetUpdateStrategy {
  const typed = fillZero(strategy, { type: 'RollingUpdate' })
  return typed.type === 'RollingUpdate' ? { ...typed, rollingUpdate: fillAbsent(typed.rollingUpdate ?? {}, { maxUnavailable: 1, maxSurge: 0 }) } : typed
}

export const defaultDaemonSet = (set: DaemonSet): DaemonSet => {
  const filled: DaemonSetSpec = fillAbsent(set.spec ?? ({} as DaemonSetSpec), { updateStrategy: {}, template: {}, revisionHistoryLimit: REVISIONS_KEPT })
  return { ...set, spec: mapMember(mapMember(filled, 'updateStrategy', defaultDaemonStrategy), 'template', defaultPodTemplate) }
}

function defaultStatefulStrategy(strategy: StatefulSetUpdateStrategy): StatefulSetUpdateStrategy {
  const typed = strategy.type ? strategy : fillAbsent({ ...strategy, type: 'RollingUpdate' }, { rollingUpdate: {} })
  return typed.type === 'RollingUpdate' ? mapMember(typed, 'rollingUpdate', (update) => fillAbsent(update, { partition: 0 })) : typed
}

/** What its pods' claims are made from is shown as the claims that they will be. */
const defaultClaim = (claim: PersistentVolumeClaim): PersistentVolumeClaim => {
  const spec = mapMember(fillAbsent(claim.spec ?? {}, { volumeMode: 'Filesystem', resources: {} }), 'resources', defaultRequirements)
  return { ...claim, kind: 'PersistentVolumeClaim', apiVersion: 'v1', spec, status: fillZero(claim.status ?? {}, { phase: 'Pending' }) }
}

export const defaultStatefulSet = (set: StatefulSet): StatefulSet => {
  const filled: StatefulSetSpec = fillAbsent(set.spec ?? ({} as StatefulSetSpec), { replicas: 1, updateStrategy: {}, template: {}, revisionHistoryLimit: REVISIONS_KEPT, persistentVolumeClaimRetentionPolicy: {} })
  const named = fillZero(filled, { podManagementPolicy: 'OrderedReady' })
  const updated = mapMember(mapMember(named, 'updateStrategy', defaultStatefulStrategy), 'template', defaultPodTemplate)
  const kept = mapMember(updated, 'persistentVolumeClaimRetentionPolicy', (policy) => fillZero(policy, { whenDeleted: 'Retain', whenScaled: 'Retain' }))
  return { ...set, spec: mapItems<StatefulSetSpec, PersistentVolumeClaim>(kept, 'volumeClaimTemplates', defaultClaim) }
}
