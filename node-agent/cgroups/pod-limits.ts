import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { podPeak } from '../../shared/model/pod-peak.ts'
import { cpuMillis, quantityValue } from '../../shared/model/quantity.ts'
import { containerLimits, cpuQuotaMicros, cpuShares } from '../runtime/oci-resources.ts'
import { podProtection, type MemoryQos } from './memory-qos.ts'
import type { PodLimits } from './port.ts'

/** What the node's settings and its kernel have to say of each pod. */
export interface NodeBounds {
  readonly podPidsLimit?: number | undefined
  /** In bytes: the huge pages that groups of this host count; missing where they count none. */
  readonly hugePageSizes?: readonly number[] | undefined
  readonly memoryQos?: MemoryQos | undefined
  /** Containers are kept from swap, which would make their limits of memory none. */
  readonly boundsSwap?: boolean | undefined
}

const text = (value: string | number | undefined): string | undefined => (value === undefined ? undefined : String(value))

/**
 * The bounds of a pod as a whole, as kubelet counts them: what its containers ask for together; a limit only where every container has one,
 * or where the pod itself (`spec.resources`) says so. Pure.
 */
export function podLimits(pod: Pod, { podPidsLimit: pids, hugePageSizes, memoryQos }: NodeBounds = {}): PodLimits {
  const whole = pod.spec?.resources
  const running = [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter((one) => one.restartPolicy === 'Always')]
  const once = (pod.spec?.initContainers ?? []).filter((one) => one.restartPolicy !== 'Always')
  const cpuLimit = limitOf({ running, once, read: (one) => cpuMillis(text(one.resources?.limits?.['cpu'])) })
  const memoryLimit = limitOf({ running, once, read: (one) => quantityValue(text(one.resources?.limits?.['memory'])) })
  const request = Math.max(sum(running, requestMillis), ...once.map(requestMillis), 0)
  const own = whole === undefined ? undefined : containerLimits(whole)
  const memoryBytes = own?.memoryBytes ?? memoryLimit
  return {
    cpuShares: whole?.requests?.['cpu'] === undefined ? cpuShares(request) : (own?.cpuShares ?? cpuShares(request)),
    cpuQuotaMicros: own?.cpuQuotaMicros ?? cpuQuotaMicros(cpuLimit ?? 0),
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(pids === undefined ? {} : { pids }),
    ...(hugePageSizes === undefined ? {} : { hugePageBytes: hugePageBytes(pod, hugePageSizes) }),
    ...(memoryQos === undefined ? {} : podProtection(pod, memoryQos)),
  }
}

/** Of each size that this host has: none where nothing is said, as kubelet bounds them. */
function hugePageBytes({ spec }: Pod, sizes: readonly number[]): Readonly<Record<number, number>> {
  const of = (resources: Container['resources'], size: number): number | undefined => containerLimits(resources).hugePageBytes?.[size]
  return Object.fromEntries(sizes.map((size) => [size, of(spec?.resources, size) ?? podPeak(spec ?? { containers: [] }, (one) => of(one.resources, size) ?? 0, { zero: 0, add: (a, b) => a + b, max: Math.max })]))
}

const requestMillis = (one: Container): number => cpuMillis(text(one.resources?.requests?.['cpu'] ?? one.resources?.limits?.['cpu']))
const sum = (containers: readonly Container[], read: (one: Container) => number): number => containers.reduce((total, one) => total + read(one), 0)

interface LimitOptions {
  readonly running: readonly Container[]
  readonly once: readonly Container[]
  readonly read: (one: Container) => number
}

/** The sum, or undefined as soon as one of them is unlimited. */
function limitOf({ running, once, read }: LimitOptions): number | undefined {
  const all = [...running, ...once]
  if (all.length === 0 || all.some((one) => read(one) === 0)) return undefined
  return Math.max(sum(running, read), ...once.map(read))
}
