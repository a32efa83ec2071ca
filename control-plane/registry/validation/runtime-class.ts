import { duplicate, type FieldError, invalid } from '../../../shared/model/field-error.ts'
import type { RuntimeClass, Scheduling } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { validateLabels } from '../../../shared/model/validation/object-meta.ts'
import { dnsLabel, each } from './check.ts'
import { validateContainerResources } from './resources.ts'
import { validateTolerations } from './scheduling.ts'

export const validateNewRuntimeClass = ({ handler, overhead, scheduling }: RuntimeClass): readonly FieldError[] => [
  ...dnsLabel('handler', handler ?? ''),
  // Judged as a container's limits are, and named so.
  ...validateContainerResources(overhead?.podFixed && { limits: overhead.podFixed }, 'overhead.podFixed', new Set()),
  ...(scheduling ? validateScheduling(scheduling) : []),
]

function validateScheduling({ nodeSelector, tolerations }: Scheduling): readonly FieldError[] {
  const path = 'scheduling.tolerations'
  const twice = each(tolerations, path, (toleration, at, index) => (tolerations?.findIndex((one) => deepEqual(one, toleration)) === index ? [] : [duplicate(at, toleration)]))
  return [...validateLabels(nodeSelector, 'scheduling.nodeSelector'), ...validateTolerations(tolerations, path), ...twice]
}

/** Pods run by it: what runs them stays. */
export function validateRuntimeClassChange(one: RuntimeClass, old: RuntimeClass): readonly FieldError[] {
  return one.handler === old.handler ? [] : [invalid('handler', one.handler, 'field is immutable')]
}
