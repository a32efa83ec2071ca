/** What may change through a pod's `resize`: CPU and memory, of its containers and of the pod as a whole. */
import { type FieldError, forbidden, invalid } from '../../../shared/model/field-error.ts'
import type { Container, Pod, PodSpec, ResourceRequirements } from '../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../shared/model/json.ts'
import { amountsOf, type QuantityList } from '../resource-list.ts'
import { qosClass } from '../updates/qos.ts'

const resizable = ['cpu', 'memory'] as const
const sides = ['requests', 'limits'] as const
const lists = ['containers', 'initContainers'] as const
const NO_SPEC: PodSpec = { containers: [] }

/** The pod's class may not change with what it asks, nor may anything it asked for be taken back. */
export function validateResize(pod: Pod, old: Pod): readonly FieldError[] {
  const spec = pod.spec ?? NO_SPEC
  const before = old.spec ?? NO_SPEC
  const errors: FieldError[] = []
  if (qosClass(pod) !== qosClass(old)) errors.push(invalid('spec', pod.status?.qosClass ?? '', 'Pod QOS Class may not change as a result of resizing'))
  const running = old.status?.containerStatuses?.find((one) => one.state?.running)
  if (running && running.resources === undefined) errors.push(forbidden('spec', 'Pod running on node without support for resize'))
  errors.push(...validateWhole(spec.resources, before.resources))
  const moved = lists.flatMap((list) => movedContainers(spec, before, list))
  if (moved.length > 0) return [...errors, ...moved]
  return [...errors, ...removedFromContainers(spec, before, 'initContainers'), ...removedFromContainers(spec, before, 'containers'), ...otherChanges(spec, before), ...otherInitChanges(spec, before)]
}

/** Whether a list (of what is asked) names less than before. */
const isRemoved = (list: QuantityList | undefined, before: QuantityList | undefined): boolean => Object.keys(amountsOf(before)).some((name) => amountsOf(list)[name] === undefined)

/** What the pod asks as a whole. */
function validateWhole(resources: ResourceRequirements | undefined, before: ResourceRequirements | undefined): readonly FieldError[] {
  const asksFor = (one: ResourceRequirements | undefined): boolean => sides.some((side) => Object.keys(one?.[side] ?? {}).length > 0)
  if (!asksFor(resources) && !asksFor(before)) return []
  if (before && !resources) return [forbidden('spec.resources', 'pod-level resources cannot be removed')]
  const removed = sides.filter((side) => isRemoved(resources?.[side], before?.[side])).map((side) => forbidden(`spec.resources.${side}`, `pod-level resource ${side} cannot be removed`))
  return deepEqual(withoutResize(resources, before), withoutResize(before, before)) ? removed : [...removed, forbidden('spec', 'only cpu and memory resources are mutable at pod-level')]
}

function movedContainers(spec: PodSpec, before: PodSpec, list: (typeof lists)[number]): readonly FieldError[] {
  const now = spec[list] ?? []
  const then = before[list] ?? []
  if (now.length !== then.length) return [forbidden(`spec.${list}`, `${list} may not be added or removed on resize`)]
  return then.flatMap(({ name }, index) => (now[index]?.name === name ? [] : [forbidden(`spec.${list}[${index}].name`, `${list} may not be renamed or reordered on resize`)]))
}

const removedFromContainers = (spec: PodSpec, before: PodSpec, list: (typeof lists)[number]): readonly FieldError[] =>
  (before[list] ?? []).flatMap(({ resources }, index) =>
    sides.filter((side) => isRemoved(spec[list]?.[index]?.resources?.[side], resources?.[side])).map((side) => forbidden(`spec.${list}[${index}].resources.${side}`, `resource ${side} cannot be removed`)),
  )

/** Resources with CPU and memory as they were; what says nothing is as good as absent. */
function withoutResize(resources: ResourceRequirements | undefined, before: ResourceRequirements | undefined): ResourceRequirements {
  const side = (name: (typeof sides)[number]): QuantityList => {
    const rest = Object.fromEntries(Object.entries(resources?.[name] ?? {}).filter(([key]) => key !== 'cpu' && key !== 'memory'))
    for (const key of resizable) {
      const amount = before?.[name]?.[key]
      if (amount !== undefined) rest[key] = amount
    }
    return rest
  }
  return { ...resources, requests: side('requests'), limits: side('limits') }
}

/** Whether a container differs by more than CPU and memory. */
function changesMore(container: Container, before: Container): boolean {
  const resized = { ...container, resources: withoutResize(container.resources, before.resources) }
  return !deepEqual(resized, { ...before, resources: withoutResize(before.resources, before.resources) })
}

const otherChanges = (spec: PodSpec, before: PodSpec): readonly FieldError[] =>
  spec.containers.flatMap((container, index) => (changesMore(container, before.containers[index] ?? container) ? [forbidden('spec', 'only cpu and memory resources are mutable')] : []))

/** One that only begins is not begun anew for its resources. */
const otherInitChanges = (spec: PodSpec, before: PodSpec): readonly FieldError[] =>
  (spec.initContainers ?? []).flatMap((container, index) => {
    const was = before.initContainers?.[index] ?? container
    const path = `spec.initContainers[${index}]`
    const more = changesMore(container, was) ? [forbidden(path, 'only cpu and memory resources for init or sidecar containers are mutable')] : []
    const restarts = container.restartPolicy !== 'Always' && container.resizePolicy?.some((policy) => policy.restartPolicy === 'RestartContainer')
    return restarts && !deepEqual(container, was) ? [...more, forbidden(path, 'non-sidecar init containers with a resize policy of RestartContainer cannot be resized')] : more
  })
