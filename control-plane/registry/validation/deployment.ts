import { type FieldError, forbidden, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment } from '../../../shared/model/gen/api.ts'
import type { StrategyContext } from '../kind.ts'
import { amountOf, countOrPercent, notMoreThanAll } from './amounts.ts'
import { nonNegative } from './check.ts'
import { type Counts, immutableSelector, replicaSetWords, validateCollisions, validateCounts, validateSelectorAndTemplate } from './workload.ts'

export const validateNewDeployment = ({ spec }: Deployment): readonly FieldError[] => validateSpec(spec, 'spec')

export function validateDeploymentChange(deployment: Deployment, old: Deployment, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return validateStatus(deployment, old)
  return [...validateSpec(deployment.spec, 'spec'), ...immutableSelector(deployment.spec?.selector, old.spec?.selector)]
}

function validateSpec(spec: Partial<DeploymentSpec> = {}, path: string): readonly FieldError[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec
  return [
    ...nonNegative(`${path}.replicas`, spec.replicas),
    ...validateSelectorAndTemplate(spec, path, replicaSetWords),
    ...validateStrategy(spec.strategy ?? {}, `${path}.strategy`),
    ...nonNegative(`${path}.minReadySeconds`, minReadySeconds),
    ...nonNegative(`${path}.revisionHistoryLimit`, spec.revisionHistoryLimit),
    ...nonNegative(`${path}.progressDeadlineSeconds`, deadline),
    ...(deadline !== undefined && deadline <= minReadySeconds ? [invalid(`${path}.progressDeadlineSeconds`, deadline, 'must be greater than minReadySeconds')] : []),
  ]
}

function validateStrategy({ type = '', rollingUpdate }: DeploymentStrategy, path: string): readonly FieldError[] {
  switch (type) {
    case 'Recreate':
      return rollingUpdate ? [forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")] : []
    case 'RollingUpdate':
      return rollingUpdate ? validateRollingUpdate(rollingUpdate, `${path}.rollingUpdate`) : [required(`${path}.rollingUpdate`, 'this should be defaulted and never be nil')]
    default:
      return [notSupported(path, { Type: type, RollingUpdate: rollingUpdate ? { MaxUnavailable: rollingUpdate.maxUnavailable ?? 0, MaxSurge: rollingUpdate.maxSurge ?? 0 } : null }, ['Recreate', 'RollingUpdate'])]
  }
}

function validateRollingUpdate({ maxUnavailable = 0, maxSurge = 0 }: RollingUpdateDeployment, path: string): readonly FieldError[] {
  const errors = [...countOrPercent(`${path}.maxUnavailable`, maxUnavailable), ...countOrPercent(`${path}.maxSurge`, maxSurge)]
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) errors.push(invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
  return [...errors, ...notMoreThanAll(`${path}.maxUnavailable`, maxUnavailable)]
}

const counts = ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount'] as const

function validateStatus(deployment: Deployment, old: Deployment): readonly FieldError[] {
  const status = (deployment.status ?? {}) as Counts
  return [...validateCounts(status, counts, ['updatedReplicas', 'readyReplicas', 'availableReplicas']), ...validateCollisions(deployment.status?.collisionCount, old.status?.collisionCount)]
}
