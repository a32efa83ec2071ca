/** The door of this room: what the node keeps for itself, and what happens when it runs short. */
import { Fault } from '../../shared/kit/faults.ts'
import { quantityProblem } from '../../shared/model/quantity.ts'
import { allocatableOf, type Amounts } from './allocatable.ts'
import { goDurationMs } from './go-duration.ts'
import { EvictionLoop, type EvictionOptions } from './loop.ts'
import { DEFAULT_EVICTION, parseThresholds, type EvictionSettings, type Threshold } from './thresholds.ts'

export type { EvictionLoop } from './loop.ts'
export { podsCpuMillis, podsMemoryBytes, type Amounts } from './allocatable.ts'
export type { Pressure } from './thresholds.ts'

/** As kubelet's configuration has them, and what tells a lab's machine from one of its own. */
export interface ResourceSettings extends EvictionSettings {
  readonly kubeReserved: Amounts
  readonly systemReserved: Amounts
  /** What the machine has, where that is less than its host: `memory`, `ephemeral-storage`. */
  readonly capacity: Amounts
  /** One of several machines on this host: what others use of it is no want of this one. */
  readonly sharesHost: boolean
}

export const DEFAULT_RESOURCES: ResourceSettings = { ...DEFAULT_EVICTION, kubeReserved: {}, systemReserved: {}, capacity: {}, sharesHost: false }

const RESERVABLE = ['cpu', 'memory', 'ephemeral-storage', 'pid']
const SIZED = ['memory', 'ephemeral-storage']

/** @throws Fault('invalid') naming the setting and the mend. */
export function checkResources(settings: ResourceSettings): void {
  parseThresholds(settings)
  if (goDurationMs(settings.evictionPressureTransitionPeriod) === undefined) throw new Fault('invalid', `evictionPressureTransitionPeriod: "${settings.evictionPressureTransitionPeriod}" is no time such as "5m0s"`)
  for (const [where, known] of [['kubeReserved', RESERVABLE], ['systemReserved', RESERVABLE], ['capacity', SIZED]] as const) {
    for (const [resource, amount] of Object.entries(settings[where])) {
      if (!known.includes(resource)) throw new Fault('invalid', `${where}: unknown resource "${resource}": there are ${known.join(', ')}`)
      const problem = quantityProblem(String(amount))
      if (problem !== undefined) throw new Fault('invalid', `${where}: "${resource}": ${problem}`)
    }
  }
}

const reservedOf = ({ kubeReserved, systemReserved }: ResourceSettings): readonly Amounts[] => [kubeReserved, systemReserved]

export interface NodeResources {
  readonly thresholds: readonly Threshold[]
  readonly reserved: readonly Amounts[]
  allocatable(capacity: Amounts): Amounts
}

export function nodeResources(settings: ResourceSettings): NodeResources {
  const thresholds = parseThresholds(settings)
  const reserved = reservedOf(settings)
  return { thresholds, reserved, allocatable: (capacity) => allocatableOf(capacity, { reserved, thresholds }) }
}

/** The loop, to be run beside the pods' workers. */
export function createEviction(settings: ResourceSettings, options: Omit<EvictionOptions, 'thresholds' | 'transitionMs' | 'longestGraceMs'>): EvictionLoop {
  return new EvictionLoop({ ...options, thresholds: parseThresholds(settings), transitionMs: goDurationMs(settings.evictionPressureTransitionPeriod) ?? 0, longestGraceMs: settings.evictionMaxPodGracePeriod * 1000 })
}
