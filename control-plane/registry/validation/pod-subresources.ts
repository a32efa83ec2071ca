import { type FieldError, forbidden, invalid } from '../../../shared/model/field-error.ts'
import type { Container, Pod } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { amountsOf, type QuantityList } from '../resource-list.ts'
import { ephemeralContainerDiff } from '../printed/spec-diff.ts'
import { qosClass } from '../updates/qos.ts'

const MIRROR = 'kubernetes.io/config.mirror'
const resizable = ['cpu', 'memory'] as const

/** Ephemeral containers may be added, never changed or taken away. */
export function validateEphemeralChange(pod: Pod, old: Pod): readonly FieldError[] {
  if (old.metadata.annotations?.[MIRROR] !== undefined) return [forbidden('[]', 'static pods do not support ephemeral containers')]
  const path = 'spec.ephemeralContainers'
  return (old.spec?.ephemeralContainers ?? []).flatMap((before) => {
    const after = pod.spec?.ephemeralContainers?.findLast((one) => one.name === before.name)
    if (!after) return [forbidden(path, `existing ephemeral containers ${goQuote(before.name)} may not be removed\n`)]
    return deepEqual(before, after) ? [] : [forbidden(path, `existing ephemeral containers ${goQuote(before.name)} may not be changed\n${ephemeralContainerDiff(before, after)}`)]
  })
}

/** Only CPU and memory of containers that run on may be resized, and not so that the pod's class changes. */
export function validateResize(pod: Pod, old: Pod): readonly FieldError[] {
  if (old.metadata.annotations?.[MIRROR] !== undefined) return [forbidden('[]', 'static pods cannot be resized')]
  if (old.spec?.os?.name === 'windows') return [forbidden('[]', 'windows pods cannot be resized')]
  for (const list of ['containers', 'initContainers'] as const) {
    if ((pod.spec?.[list]?.length ?? 0) !== (old.spec?.[list]?.length ?? 0)) return [forbidden(`spec.${list}`, 'containers may not be added or removed')]
  }
  const errors: FieldError[] = []
  if (qosClass(pod) !== qosClass(old)) errors.push(invalid('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'))
  const running = old.status?.containerStatuses?.find((one) => one.state?.running)
  if (running && running.resources === undefined) errors.push(forbidden('spec', 'Pod running on node without support for resize'))
  errors.push(...removedResources(pod, old, 'initContainers'), ...removedResources(pod, old, 'containers'))
  return [...errors, ...otherChanges(pod, old)]
}

function removedResources(pod: Pod, old: Pod, list: 'containers' | 'initContainers'): readonly FieldError[] {
  return (old.spec?.[list] ?? []).flatMap((before, index) => {
    if (list === 'initContainers' && before.restartPolicy !== 'Always') return []
    const after = pod.spec?.[list]?.[index]
    const removes = (side: 'requests' | 'limits'): boolean => Object.keys(amountsOf(before.resources?.[side])).some((name) => amountsOf(after?.resources?.[side])[name] === undefined)
    return (['requests', 'limits'] as const).filter(removes).map((side) => forbidden(`spec.${list}[${index}].resources.${side}`, `resource ${side} cannot be removed`))
  })
}

/** A container with CPU and memory (and when to restart for them) as they were. */
function withoutResize(container: Container, before: Container | undefined): Container {
  const side = (list: QuantityList | undefined, old: QuantityList | undefined): QuantityList => {
    const rest = Object.fromEntries(Object.entries(list ?? {}).filter(([name]) => name !== 'cpu' && name !== 'memory'))
    for (const name of resizable) if (old?.[name] !== undefined) rest[name] = old[name]
    return rest
  }
  const resources = { ...container.resources, requests: side(container.resources?.requests, before?.resources?.requests), limits: side(container.resources?.limits, before?.resources?.limits) }
  return { ...container, resources, resizePolicy: before?.resizePolicy }
}

const normal = (container: Container): Container => withoutResize(container, container)

function otherChanges(pod: Pod, old: Pod): readonly FieldError[] {
  const differs = (list: 'containers' | 'initContainers', message: (container: Container) => string): readonly FieldError[] =>
    (pod.spec?.[list] ?? []).flatMap((container, index) => {
      const before = old.spec?.[list]?.[index]
      if (!before) return []
      const fixed = list === 'initContainers' && before.restartPolicy !== 'Always'
      const same = fixed ? deepEqual(normal(container), normal(before)) : deepEqual(withoutResize(container, before), normal(before))
      return same ? [] : [forbidden('spec', message(before))]
    })
  return [
    ...differs('containers', () => 'only cpu and memory resources are mutable'),
    ...differs('initContainers', (container) => (container.restartPolicy === 'Always' ? 'only cpu and memory resources for sidecar containers are mutable' : 'resources for non-sidecar init containers are immutable')),
  ]
}
