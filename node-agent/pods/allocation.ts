import type { Container, Pod, ResourceRequirements } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { cpuMillis, quantityValue } from '../../shared/model/quantity.ts'

/**
 * What the node has agreed to give a pod, which is what its object wishes until somebody resizes it: then the wish may have to wait, or may be too much
 * (KEP-1287). Pure.
 */
export interface Allocation {
  /** Of the pod as a whole. */
  readonly pod?: ResourceRequirements | undefined
  /** By container; one without resources is not in it. */
  readonly containers: Readonly<Record<string, ResourceRequirements>>
}

const resizable = (pod: Pod): readonly Container[] => [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])]

/** What the object wishes. */
export const allocationOf = (pod: Pod): Allocation => ({
  ...(pod.spec?.resources === undefined ? {} : { pod: pod.spec.resources }),
  containers: Object.fromEntries(resizable(pod).flatMap(({ name, resources }) => (resources === undefined ? [] : [[name, resources]]))),
})

/** The pod with what it was given in place of what it wishes; the same object where that is the same. */
export function allocatedPod(pod: Pod, allocation: Allocation | undefined): Pod {
  if (allocation === undefined || pod.spec === undefined || deepEqual(allocationOf(pod), allocation)) return pod
  const { initContainers, resources: _, ...spec } = pod.spec
  const given = (container: Container): Container => {
    const { resources: _wished, ...rest } = container
    const resources = allocation.containers[container.name]
    return resources === undefined ? rest : { ...rest, resources }
  }
  return {
    ...pod,
    spec: {
      ...spec,
      containers: spec.containers.map(given),
      ...(initContainers === undefined ? {} : { initContainers: initContainers.map(given) }),
      ...(allocation.pod === undefined ? {} : { resources: allocation.pod }),
    },
  }
}

/** Whether the object wishes something else than it was given. */
export const wantsResize = (pod: Pod, allocation: Allocation | undefined): boolean => allocation !== undefined && !deepEqual(allocationOf(pod), allocation)

const text = (value: string | number | undefined): string | undefined => (value === undefined ? undefined : String(value))

/** Whether one resource of a container is not what it was. */
function differs(resource: 'cpu' | 'memory', before: ResourceRequirements | undefined, after: ResourceRequirements | undefined): boolean {
  const read = resource === 'cpu' ? cpuMillis : quantityValue
  const of = (one: ResourceRequirements | undefined, side: 'requests' | 'limits'): number => read(text(one?.[side]?.[resource]))
  return of(before, 'requests') !== of(after, 'requests') || of(before, 'limits') !== of(after, 'limits')
}

/** How a running container comes to what it was given now: not at all, as it runs, or by starting anew (its `resizePolicy`). */
export function changeFor(container: Container, applied: ResourceRequirements | undefined): 'none' | 'in-place' | 'restart' {
  const changed = (['cpu', 'memory'] as const).filter((resource) => differs(resource, applied, container.resources))
  if (changed.length === 0) return 'none'
  return (container.resizePolicy ?? []).some(({ resourceName, restartPolicy }) => restartPolicy === 'RestartContainer' && changed.some((one) => one === resourceName)) ? 'restart' : 'in-place'
}

/** What a pod was given by an agent of which nothing else is known: as its status tells, else what it wishes. */
export function allocationToldOf(pod: Pod): Allocation {
  const told = new Map([...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map((one) => [one.name, one]))
  const wished = allocationOf(pod)
  const given = Object.entries(wished.containers).map(([name, resources]): readonly [string, ResourceRequirements] => {
    const { allocatedResources, resources: applied } = told.get(name) ?? {}
    if (allocatedResources === undefined) return [name, resources]
    return [name, { ...resources, requests: allocatedResources, ...(applied?.limits === undefined ? {} : { limits: applied.limits }) }]
  })
  return { ...wished, containers: Object.fromEntries(given) }
}
