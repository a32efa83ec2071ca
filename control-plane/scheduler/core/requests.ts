import { podPeak, type Reckoning } from '../../../shared/model/pod-peak.ts'
import { cpuMillis, quantityValue } from '../../../shared/model/quantity.ts'
import type { Container, Node, Pod } from '../../../shared/model/gen/api.ts'

/** What a pod asks for, or a node has: cpu in millicores, memory and ephemeral storage in bytes, everything else counted. */
export interface Resources {
  readonly cpuMillis: number
  readonly memoryBytes: number
  readonly ephemeralBytes: number
  /** Extended resources and huge pages, by name. */
  readonly scalars: ReadonlyMap<string, number>
}

export const NO_SCALARS: ReadonlyMap<string, number> = new Map()
export const NO_RESOURCES: Resources = { cpuMillis: 0, memoryBytes: 0, ephemeralBytes: 0, scalars: NO_SCALARS }

/** What a container that asks for nothing is reckoned with when nodes are compared (kube-scheduler's non-zero requests). */
const DEFAULT_CPU_MILLIS = 100
const DEFAULT_MEMORY_BYTES = 200 * 1024 * 1024

type ResourceTexts = Readonly<Record<string, string | number>> | undefined

const text = (value: string | number | undefined): string | undefined => (value === undefined ? undefined : String(value))

function fromTexts(texts: ResourceTexts): Resources {
  if (!texts) return NO_RESOURCES
  let scalars: Map<string, number> | undefined
  for (const name of Object.keys(texts)) {
    if (name === 'cpu' || name === 'memory' || name === 'ephemeral-storage' || name === 'pods') continue
    scalars ??= new Map()
    scalars.set(name, quantityValue(text(texts[name])))
  }
  return { cpuMillis: cpuMillis(text(texts['cpu'])), memoryBytes: quantityValue(text(texts['memory'])), ephemeralBytes: quantityValue(text(texts['ephemeral-storage'])), scalars: scalars ?? NO_SCALARS }
}

function combine(a: Resources, b: Resources, how: (x: number, y: number) => number): Resources {
  let { scalars } = a
  if (b.scalars.size > 0) {
    const merged = new Map(a.scalars)
    for (const [name, value] of b.scalars) merged.set(name, how(merged.get(name) ?? 0, value))
    scalars = merged
  }
  return { cpuMillis: how(a.cpuMillis, b.cpuMillis), memoryBytes: how(a.memoryBytes, b.memoryBytes), ephemeralBytes: how(a.ephemeralBytes, b.ephemeralBytes), scalars }
}

const plus = (x: number, y: number): number => x + y
const minus = (x: number, y: number): number => x - y
export const add = (a: Resources, b: Resources): Resources => combine(a, b, plus)
export const subtract = (a: Resources, b: Resources): Resources => combine(a, b, minus)
const max = (a: Resources, b: Resources): Resources => combine(a, b, Math.max)

const RESOURCES: Reckoning<Resources> = { zero: NO_RESOURCES, add, max }

function podSum({ spec = { containers: [] } }: Pod, reckon: (container: Container) => Resources): Resources {
  const total = podPeak(spec, reckon, RESOURCES)
  const wholePod = spec.resources?.requests
  const withPodLevel = wholePod ? overlay(total, wholePod) : total
  return spec.overhead ? add(withPodLevel, fromTexts(spec.overhead)) : withPodLevel
}

/** Requests of the pod as a whole stand for cpu, memory and huge pages (KEP-2837). */
function overlay(total: Resources, texts: NonNullable<ResourceTexts>): Resources {
  const { scalars } = fromTexts(texts)
  return { ...total, ...(texts['cpu'] !== undefined && { cpuMillis: cpuMillis(text(texts['cpu'])) }), ...(texts['memory'] !== undefined && { memoryBytes: quantityValue(text(texts['memory'])) }), ...(scalars.size > 0 && { scalars: new Map([...total.scalars, ...scalars]) }) }
}

/**
 * Of a pod that is being resized the largest counts of what it wishes, what its node has agreed to give and what it has now; where the node can never
 * give what it wishes, that counts for nothing (KEP-1287).
 */
function reckoned(pod: Pod, container: Container): Resources {
  const wished = fromTexts(container.resources?.requests)
  if (!pod.spec?.nodeName || !pod.status) return wished
  const { containerStatuses = [], initContainerStatuses = [], conditions = [] } = pod.status
  const told = containerStatuses.find(({ name }) => name === container.name) ?? initContainerStatuses.find(({ name }) => name === container.name)
  if (told?.resources === undefined) return wished
  const has = max(fromTexts(told.resources.requests), fromTexts(told.allocatedResources))
  return conditions.some(({ type, status, reason }) => type === 'PodResizePending' && status === 'True' && reason === 'Infeasible') ? has : max(wished, has)
}

export const podRequests = (pod: Pod): Resources => podSum(pod, (container) => reckoned(pod, container))

/** With defaults for containers that ask for no cpu or memory, so that they count when nodes are compared. */
export const podNonZeroRequests = (pod: Pod): Resources =>
  podSum(pod, (container) => {
    const requests = container.resources?.requests
    const given = reckoned(pod, container)
    return { ...given, cpuMillis: requests?.['cpu'] === undefined ? DEFAULT_CPU_MILLIS : given.cpuMillis, memoryBytes: requests?.['memory'] === undefined ? DEFAULT_MEMORY_BYTES : given.memoryBytes }
  })

export interface Allocatable extends Resources {
  readonly pods: number
}

export function nodeAllocatable(node: Node): Allocatable {
  const texts = node.status?.allocatable ?? node.status?.capacity
  return { ...fromTexts(texts), pods: quantityValue(text(texts?.['pods'])) }
}
