import type { FieldError } from '../../../shared/model/field-error.ts'
import type { ReplicaSet, ReplicaSetSpec } from '../../../shared/model/gen/api.ts'
import type { StrategyContext } from '../kind.ts'
import { nonNegative } from './check.ts'
import { type Counts, immutableSelector, replicaSetWords, validateCounts, validateSelectorAndTemplate } from './workload.ts'

export const validateNewReplicaSet = ({ spec }: ReplicaSet): readonly FieldError[] => validateSpec(spec, 'spec')

const counts = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'terminatingReplicas', 'observedGeneration'] as const

/** Kubernetes looks at the spec twice. */
export function validateReplicaSetChange(replicaSet: ReplicaSet, old: ReplicaSet, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return validateCounts((replicaSet.status ?? {}) as unknown as Counts, counts, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'])
  const spec = validateSpec(replicaSet.spec, 'spec')
  return [...spec, ...spec, ...immutableSelector(replicaSet.spec?.selector, old.spec?.selector)]
}

const validateSpec = (spec: Partial<ReplicaSetSpec> = {}, path: string): readonly FieldError[] => [
  ...nonNegative(`${path}.replicas`, spec.replicas),
  ...nonNegative(`${path}.minReadySeconds`, spec.minReadySeconds),
  ...validateSelectorAndTemplate(spec, path, replicaSetWords),
]
