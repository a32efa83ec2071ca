import type { Deployment, PodTemplate, PodTemplateSpec, ReplicaSet } from '../../../shared/model/gen/api.ts'
import { dns1123LabelProblems } from '../../../shared/model/validation/names.ts'
import { podSpecWarnings } from './pod-spec.ts'

const NAME = 'metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended'

/** The name of a workload begins the names of its pods. */
function nameWarnings(name: string | undefined): readonly string[] {
  const problems = name ? dns1123LabelProblems(name) : []
  return problems.length > 0 ? [`${NAME}: [${problems.join(' ')}]`] : []
}

const templateWarnings = (template: PodTemplateSpec | undefined, prefix = 'spec.template.'): readonly string[] => (template?.spec ? podSpecWarnings(template.spec, { prefix, meta: template.metadata }) : [])

export const podTemplateWarnings = (podTemplate: PodTemplate): readonly string[] => templateWarnings(podTemplate.template, 'template.')

const isUnchanged = (object: Deployment | ReplicaSet, old: Deployment | ReplicaSet | undefined): boolean => old !== undefined && object.metadata.generation === old.metadata.generation

export const deploymentWarnings = (deployment: Deployment, old: Deployment | undefined): readonly string[] =>
  isUnchanged(deployment, old) ? [] : [...(old ? [] : nameWarnings(deployment.metadata.name)), ...templateWarnings(deployment.spec?.template)]

export const replicaSetWarnings = (replicaSet: ReplicaSet, old: ReplicaSet | undefined): readonly string[] =>
  isUnchanged(replicaSet, old) ? [] : [...(old ? [] : nameWarnings(replicaSet.metadata.name)), ...templateWarnings(replicaSet.spec?.template)]
