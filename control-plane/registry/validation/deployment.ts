import { type FieldError, forbidden, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { Deployment, DeploymentSpec, DeploymentStrategy, RollingUpdateDeployment } from '../../../shared/model/gen/api.ts'
import { type IntOrString, percentOf } from '../../../shared/model/int-or-string.ts'
import { percentProblems } from '../../../shared/model/validation/names.ts'
import type { StrategyContext } from '../kind.ts'
import { nonNegative, objections } from './check.ts'
import { type Counts, immutableSelector, validateCounts, validateSelectorAndTemplate } from './workload.ts'

export const validateNewDeployment = ({ spec }: Deployment): readonly FieldError[] => validateSpec(spec, 'spec')

export function validateDeploymentChange(deployment: Deployment, old: Deployment, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return validateStatus(deployment, old)
  return [...validateSpec(deployment.spec, 'spec'), ...immutableSelector(deployment.spec?.selector, old.spec?.selector)]
}

function validateSpec(spec: Partial<DeploymentSpec> = {}, path: string): readonly FieldError[] {
  const { progressDeadlineSeconds: deadline, minReadySeconds = 0 } = spec
  return [
    ...nonNegative(`${path}.replicas`, spec.replicas),
    ...validateSelectorAndTemplate({ selector: spec.selector, template: spec.template }, path),
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

const countOrPercent = (field: string, value: IntOrString): readonly FieldError[] => (typeof value === 'string' ? objections(field, value, percentProblems(value)) : nonNegative(field, value))

/** A text that is no percentage is read as the number it begins with, or 0. */
const amountOf = (value: IntOrString): number => (typeof value === 'number' ? value : (percentOf(value) ?? (/^[+-]?[0-9]+$/.test(value) ? Number(value) : 0)))

function validateRollingUpdate({ maxUnavailable = 0, maxSurge = 0 }: RollingUpdateDeployment, path: string): readonly FieldError[] {
  const errors = [...countOrPercent(`${path}.maxUnavailable`, maxUnavailable), ...countOrPercent(`${path}.maxSurge`, maxSurge)]
  if (amountOf(maxUnavailable) === 0 && amountOf(maxSurge) === 0) errors.push(invalid(`${path}.maxUnavailable`, maxUnavailable, 'may not be 0 when `maxSurge` is 0'))
  if ((percentOf(maxUnavailable) ?? 0) > 100) errors.push(invalid(`${path}.maxUnavailable`, maxUnavailable, 'must not be greater than 100%'))
  return errors
}

const counts = ['observedGeneration', 'replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas', 'unavailableReplicas', 'terminatingReplicas', 'collisionCount'] as const

function validateStatus(deployment: Deployment, old: Deployment): readonly FieldError[] {
  const status = (deployment.status ?? {}) as Counts
  const collisions = deployment.status?.collisionCount
  const fewer = (old.status?.collisionCount ?? 0) > (collisions ?? 0) ? [invalid('status.collisionCount', collisions ?? 0, 'cannot be decremented')] : []
  return [...validateCounts(status, counts, ['updatedReplicas', 'readyReplicas', 'availableReplicas']), ...fewer]
}
