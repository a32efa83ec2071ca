import { type FieldError, invalid, notSupported, required } from '../../../shared/model/field-error.ts'
import type { DaemonSet, DaemonSetSpec, DaemonSetUpdateStrategy, RollingUpdateDaemonSet } from '../../../shared/model/gen/api.ts'
import { matchesSelector } from '../../../shared/model/label-selector.ts'
import type { StrategyContext } from '../kind.ts'
import { printedLabels, printedSelector } from '../printed/maps.ts'
import { amountOf, countOrPercent, notMoreThanAll } from './amounts.ts'
import { nonNegative } from './check.ts'
import { validateLabelSelector } from './label-selector.ts'
import { validateEndlessness, validatePodTemplate } from './pod-template.ts'
import { type Counts, immutableSelector, selectsNothingInParticular, validateCollisions } from './workload.ts'

export const validateNewDaemonSet = ({ spec }: DaemonSet): readonly FieldError[] => validateSpec(spec, 'spec')

/** Kubernetes looks at the spec twice. */
export function validateDaemonSetChange(set: DaemonSet, old: DaemonSet, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return validateStatus(set, old)
  const spec = validateSpec(set.spec, 'spec')
  return [...spec, ...spec, ...immutableSelector(set.spec?.selector, old.spec?.selector)]
}

function validateSpec(spec: Partial<DaemonSetSpec> = {}, path: string): readonly FieldError[] {
  const { template } = spec
  return [
    ...validateSelector(spec, path),
    ...validatePodTemplate(template ?? {}, `${path}.template`),
    ...validateEndlessness(template, `${path}.template`, { owner: 'DaemonSet' }),
    ...nonNegative(`${path}.minReadySeconds`, spec.minReadySeconds),
    ...validateStrategy(spec.updateStrategy ?? {}, `${path}.updateStrategy`),
    ...nonNegative(`${path}.revisionHistoryLimit`, spec.revisionHistoryLimit),
  ]
}

function validateSelector({ selector, template }: Partial<DaemonSetSpec>, path: string): readonly FieldError[] {
  const errors = [...validateLabelSelector(selector, `${path}.selector`)]
  const labels = template?.metadata?.labels
  if (errors.length === 0 && !matchesSelector(selector, labels)) errors.push(invalid(`${path}.template.metadata.labels`, printedLabels(labels), '`selector` does not match template `labels`'))
  if (selector && selectsNothingInParticular(selector)) errors.push(invalid(`${path}.selector`, printedSelector(selector), 'empty selector is invalid for daemonset'))
  return errors
}

function validateStrategy({ type = '', rollingUpdate }: DaemonSetUpdateStrategy, path: string): readonly FieldError[] {
  switch (type) {
    case 'OnDelete':
      return []
    case 'RollingUpdate':
      return rollingUpdate ? validateRollingUpdate(rollingUpdate, `${path}.rollingUpdate`) : [required(`${path}.rollingUpdate`)]
    default: {
      const printed = rollingUpdate ? { MaxUnavailable: rollingUpdate.maxUnavailable ?? 0, MaxSurge: rollingUpdate.maxSurge ?? 0 } : null
      return [notSupported(path, { Type: type, RollingUpdate: printed }, ['RollingUpdate', 'OnDelete'])]
    }
  }
}

function validateRollingUpdate({ maxUnavailable = 0, maxSurge = 0 }: RollingUpdateDaemonSet, path: string): readonly FieldError[] {
  const [unavailable, surge] = [`${path}.maxUnavailable`, `${path}.maxSurge`]
  const errors = [...countOrPercent(unavailable, maxUnavailable), ...countOrPercent(surge, maxSurge), ...notMoreThanAll(unavailable, maxUnavailable), ...notMoreThanAll(surge, maxSurge)]
  const [goes, comes] = [amountOf(maxUnavailable) !== 0, amountOf(maxSurge) !== 0]
  if (goes && comes) errors.push(invalid(surge, maxSurge, 'may not be set when maxUnavailable is non-zero'))
  if (!goes && !comes) errors.push(required(unavailable, 'cannot be 0 when maxSurge is 0'))
  return errors
}

const counts = ['currentNumberScheduled', 'numberMisscheduled', 'desiredNumberScheduled', 'numberReady', 'observedGeneration', 'updatedNumberScheduled', 'numberAvailable', 'numberUnavailable', 'collisionCount'] as const

function validateStatus({ status }: DaemonSet, old: DaemonSet): readonly FieldError[] {
  const given = (status ?? {}) as unknown as Counts
  return [...counts.flatMap((name) => nonNegative(`status.${name}`, given[name])), ...validateCollisions(status?.collisionCount, old.status?.collisionCount)]
}
