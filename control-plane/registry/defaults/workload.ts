import type { Deployment, DeploymentSpec, DeploymentStrategy, ReplicaSet, ReplicaSetSpec } from '../../../shared/model/gen/api.ts'
import { fillAbsent, fillZero, mapMember } from './fill.ts'
import { defaultPodTemplate } from './pod-spec.ts'

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
