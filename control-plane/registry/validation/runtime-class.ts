import { duplicate, type FieldError, invalid } from '../../../shared/model/field-error.ts'
import type { RuntimeClass, Scheduling, Toleration } from '../../../shared/model/gen/api.ts'
import { validateLabels } from '../../../shared/model/validation/object-meta.ts'
import { dnsLabel, each } from './check.ts'
import { validateContainerResources } from './resources.ts'
import { validateTolerations } from './scheduling.ts'

export const validateNewRuntimeClass = ({ handler, overhead, scheduling }: RuntimeClass): readonly FieldError[] => [
  ...dnsLabel('handler', handler ?? ''),
  // Judged as a container's limits are, and named so.
  ...validateContainerResources(overhead?.podFixed && { limits: overhead.podFixed }, 'overhead', new Set()),
  ...(scheduling ? validateScheduling(scheduling) : []),
]

function validateScheduling({ nodeSelector, tolerations }: Scheduling): readonly FieldError[] {
  const path = 'scheduling.tolerations'
  const twice = each(tolerations, path, (toleration, at, index) => (tolerations?.findIndex((one) => keyOf(one) === keyOf(toleration)) === index ? [] : [duplicate(at, printed(toleration))]))
  return [...validateLabels(nodeSelector, 'scheduling.nodeSelector'), ...validateTolerations(tolerations, path), ...twice]
}

/** How long it is tolerated makes no other toleration. */
const keyOf = ({ key = '', operator = '', value = '', effect = '' }: Toleration): string => JSON.stringify([key, operator, value, effect])

/** As Kubernetes' internal type prints it. */
const printed = ({ key = '', operator = '', value = '', effect = '', tolerationSeconds }: Toleration): object => ({ Key: key, Operator: operator, Value: value, Effect: effect, TolerationSeconds: tolerationSeconds ?? null })

/** Pods run by it: what runs them stays. */
export function validateRuntimeClassChange(one: RuntimeClass, old: RuntimeClass): readonly FieldError[] {
  return [...validateNewRuntimeClass(one), ...(one.handler === old.handler ? [] : [invalid('handler', one.handler, 'field is immutable')])]
}
