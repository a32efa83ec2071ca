import type { DaemonSet, Deployment, PodTemplate, PodTemplateSpec, ReplicaSet, ReplicationController, StatefulSet } from '../../../shared/model/gen/api.ts'
import { dns1123LabelProblems } from '../../../shared/model/validation/names.ts'
import type { StrategyContext } from '../kind.ts'
import type { KubeObject } from '../../../shared/model/meta.ts'
import { claimSpecWarnings, podSpecWarnings } from './pod-spec.ts'

const NAME = 'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended'

/** The name of a workload begins the names of its pods. */
export function nameWarnings(name: string | undefined): readonly string[] {
  const problems = name ? dns1123LabelProblems(name) : []
  return problems.length > 0 ? [`${NAME}: [${problems.join(' ')}]`] : []
}

export const templateWarnings = (template: PodTemplateSpec | undefined, prefix = 'spec.template.'): readonly string[] => (template?.spec ? podSpecWarnings(template.spec, { prefix, meta: template.metadata }) : [])

export const podTemplateWarnings = (podTemplate: PodTemplate): readonly string[] => templateWarnings(podTemplate.template, 'template.')

/** What was warned of once is not warned of at every write. */
export const isUnchanged = (object: KubeObject, old: KubeObject | undefined): boolean => old !== undefined && object.metadata.generation === old.metadata.generation

interface WithTemplate extends KubeObject {
  readonly spec?: { readonly template?: PodTemplateSpec | undefined } | undefined
}

const workloadWarnings = (workload: WithTemplate, old: WithTemplate | undefined): readonly string[] =>
  isUnchanged(workload, old) ? [] : [...(old ? [] : nameWarnings(workload.metadata.name)), ...templateWarnings(workload.spec?.template)]

export const deploymentWarnings = (deployment: Deployment, old: Deployment | undefined): readonly string[] => workloadWarnings(deployment, old)
export const replicaSetWarnings = (replicaSet: ReplicaSet, old: ReplicaSet | undefined): readonly string[] => workloadWarnings(replicaSet, old)
export const replicationControllerWarnings = (controller: ReplicationController, old: ReplicationController | undefined): readonly string[] => workloadWarnings(controller, old)

export const daemonSetWarnings = (set: DaemonSet, old: DaemonSet | undefined): readonly string[] => (isUnchanged(set, old) ? [] : templateWarnings(set.spec?.template))

export function statefulSetWarnings(set: StatefulSet, old: StatefulSet | undefined, { subresource }: StrategyContext): readonly string[] {
  if (subresource === 'status') return []
  const { template, volumeClaimTemplates = [], revisionHistoryLimit = 0 } = set.spec ?? {}
  return [
    ...(isUnchanged(set, old) ? [] : templateWarnings(template)),
    ...volumeClaimTemplates.flatMap((claim, index) => claimSpecWarnings(claim.spec, `spec.volumeClaimTemplates[${index}].Spec`)),
    ...(revisionHistoryLimit < 0 ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended'] : []),
  ]
}
