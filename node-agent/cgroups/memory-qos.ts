import { Fault } from '../../shared/kit/faults.ts'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { podPeak } from '../../shared/model/pod-peak.ts'
import { quantityValue } from '../../shared/model/quantity.ts'
import { limitsWithin } from '../runtime/oci-resources.ts'

/** As kubelet's configuration has them (KEP-2570). Both act on control groups of version 2 alone. */
export interface MemoryQosSettings {
  /** Above 0, at most 1; null: no container is slowed. */
  readonly memoryThrottlingFactor: number | null
  readonly memoryReservationPolicy: 'None' | 'TieredReservation'
}

/** Nothing is written: so in 1.36, where the feature's gate is off, and in 1.37, where it is on and these are the defaults. */
export const DEFAULT_MEMORY_QOS: MemoryQosSettings = { memoryThrottlingFactor: null, memoryReservationPolicy: 'None' }

const POLICIES = ['None', 'TieredReservation']

/** @throws Fault('invalid') naming the setting and the mend. */
export function checkMemoryQos({ memoryThrottlingFactor: factor, memoryReservationPolicy: policy }: MemoryQosSettings): void {
  if (factor !== null && !(typeof factor === 'number' && factor > 0 && factor <= 1)) throw new Fault('invalid', `memoryThrottlingFactor: ${JSON.stringify(factor)} must be above 0 and at most 1, or null`)
  if (!POLICIES.includes(policy)) throw new Fault('invalid', `memoryReservationPolicy: ${JSON.stringify(policy)}: there are ${POLICIES.join(', ')}`)
}

/** The settings, on a node where pods may ask for so much memory. */
export interface MemoryQos extends MemoryQosSettings {
  readonly allocatableBytes: number
}

/** What the kernel is told of the memory of a group beside its limit; what is missing is not told. */
export interface MemoryProtection {
  /** `memory.min`: taken from it under no circumstances. */
  readonly memoryMinBytes?: number | undefined
  /** `memory.low`: taken from it only where there is no other. */
  readonly memoryLowBytes?: number | undefined
  /** `memory.high`: beyond it the group is slowed, and what it has is taken back. */
  readonly memoryHighBytes?: number | undefined
}

const PAGE_BYTES = 4096

const bytesOf = (value: string | number | undefined): number => quantityValue(value === undefined ? undefined : String(value))

/** By the class of the pod: what a Guaranteed one asked for stays its own, what a Burstable one asked for is taken last. Pure. */
function reserved(pod: Pod, requestBytes: number, { memoryReservationPolicy }: MemoryQos): MemoryProtection {
  if (memoryReservationPolicy === 'None' || requestBytes === 0) return {}
  switch (pod.status?.qosClass) {
    case 'Guaranteed':
      return { memoryMinBytes: requestBytes }
    case 'Burstable':
      return { memoryLowBytes: requestBytes }
    default:
      return {}
  }
}

/** Of one container: it is slowed where it has used so much of the way from what it asked for to its limit (to all that the node gives, without one). Pure. */
export function containerProtection(pod: Pod, container: Pick<Container, 'resources'>, qos: MemoryQos): MemoryProtection {
  const request = bytesOf(container.resources?.requests?.['memory'])
  const limit = limitsWithin(pod, container).memoryBytes ?? 0
  return { ...reserved(pod, request, qos), ...throttled(request, limit, qos) }
}

function throttled(request: number, limit: number, { memoryThrottlingFactor: factor, allocatableBytes }: MemoryQos): MemoryProtection {
  // What may use all that it asked for is not slowed on the way there.
  if (factor === null || (limit !== 0 && limit === request)) return {}
  const high = Math.floor((request + ((limit === 0 ? allocatableBytes : limit) - request) * factor) / PAGE_BYTES) * PAGE_BYTES
  return high > request ? { memoryHighBytes: high } : {}
}

/** Of a pod as a whole: it is never slowed, for one of its containers would slow the others. Pure. */
export function podProtection(pod: Pod, qos: MemoryQos): MemoryProtection {
  const own = pod.spec?.resources?.requests?.['memory']
  const request = own === undefined ? podPeak(pod.spec ?? { containers: [] }, (one) => bytesOf(one.resources?.requests?.['memory']), { zero: 0, add: (a, b) => a + b, max: Math.max }) : bytesOf(own)
  return reserved(pod, request, qos)
}
