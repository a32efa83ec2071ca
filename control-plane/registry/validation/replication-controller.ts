import { type FieldError, required } from '../../../shared/model/field-error.ts'
import type { ReplicationController, ReplicationControllerSpec } from '../../../shared/model/gen/api.ts'
import type { StrategyContext } from '../kind.ts'
import { nonNegative } from './check.ts'
import { validateRunningTemplate } from './pod-template.ts'
import { type Counts, validateCounts } from './workload.ts'

const words = { owner: 'ReplicationController' }

export const validateNewReplicationController = ({ spec }: ReplicationController): readonly FieldError[] => validateSpec(spec, 'spec')

const counts = ['replicas', 'fullyLabeledReplicas', 'readyReplicas', 'availableReplicas', 'observedGeneration'] as const

/** Kubernetes looks at the spec twice. */
export function validateReplicationControllerChange(controller: ReplicationController, _old: ReplicationController, { subresource }: StrategyContext): readonly FieldError[] {
  if (subresource === 'status') return validateCounts((controller.status ?? {}) as unknown as Counts, counts, ['fullyLabeledReplicas', 'readyReplicas', 'availableReplicas'])
  const spec = validateSpec(controller.spec, 'spec')
  return [...spec, ...spec]
}

function validateSpec(spec: ReplicationControllerSpec = {}, path: string): readonly FieldError[] {
  const { selector = {}, template } = spec
  const field = `${path}.template`
  return [
    ...nonNegative(`${path}.minReadySeconds`, spec.minReadySeconds),
    ...(Object.keys(selector).length === 0 ? [required(`${path}.selector`)] : []),
    ...nonNegative(`${path}.replicas`, spec.replicas),
    ...(template ? validateRunningTemplate(template, field, { selector: { matchLabels: selector }, words }) : [required(field)]),
  ]
}
