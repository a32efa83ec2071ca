import { Fault } from '../../shared/kit/faults.ts'
import { canonicalQuantity, parseQuantity, quantityValue } from '../../shared/model/quantity.ts'
import { goDurationMs } from './go-duration.ts'

/** What is watched, in Kubernetes' words. */
export const SIGNALS = ['memory.available', 'nodefs.available', 'nodefs.inodesFree', 'imagefs.available', 'imagefs.inodesFree', 'pid.available'] as const
export type Signal = (typeof SIGNALS)[number]

/** What a pod gives back by going. */
export type Starved = 'memory' | 'ephemeral-storage' | 'inodes' | 'pids'
export const RECLAIMS: Readonly<Record<Signal, Starved>> = { 'memory.available': 'memory', 'nodefs.available': 'ephemeral-storage', 'nodefs.inodesFree': 'inodes', 'imagefs.available': 'ephemeral-storage', 'imagefs.inodesFree': 'inodes', 'pid.available': 'pids' }

export type Pressure = 'MemoryPressure' | 'DiskPressure' | 'PIDPressure'
export const CONDITIONS: Readonly<Record<Signal, Pressure>> = { 'memory.available': 'MemoryPressure', 'nodefs.available': 'DiskPressure', 'nodefs.inodesFree': 'DiskPressure', 'imagefs.available': 'DiskPressure', 'imagefs.inodesFree': 'DiskPressure', 'pid.available': 'PIDPressure' }

/** An amount, or a part of what there is. */
export type Share = { readonly kind: 'amount'; readonly value: number; /** As Kubernetes writes it. */ readonly written?: string | undefined } | { readonly kind: 'part'; readonly value: number }

export interface Threshold {
  readonly signal: Signal
  readonly below: Share
  /** A soft one: it must be crossed for so long. */
  readonly graceMs?: number | undefined
  /** More than the threshold by so much is to be free before there is peace. */
  readonly minReclaim?: Share | undefined
}

export const shareOf = (share: Share, capacity: number): number => (share.kind === 'amount' ? share.value : Math.floor(capacity * share.value))

/** As kubelet's configuration has them. */
export interface EvictionSettings {
  readonly evictionHard: Readonly<Record<string, string>>
  readonly evictionSoft: Readonly<Record<string, string>>
  readonly evictionSoftGracePeriod: Readonly<Record<string, string>>
  readonly evictionMinimumReclaim: Readonly<Record<string, string>>
  /** `5m0s`: so long a condition stays after it was last seen. */
  readonly evictionPressureTransitionPeriod: string
  /** Seconds that pods have at most when a soft threshold evicts them. */
  readonly evictionMaxPodGracePeriod: number
}

export const DEFAULT_EVICTION: EvictionSettings = {
  evictionHard: { 'memory.available': '100Mi', 'nodefs.available': '10%', 'nodefs.inodesFree': '5%', 'imagefs.available': '15%', 'imagefs.inodesFree': '5%' },
  evictionSoft: {},
  evictionSoftGracePeriod: {},
  evictionMinimumReclaim: {},
  evictionPressureTransitionPeriod: '5m0s',
  evictionMaxPodGracePeriod: 0,
}

const isSignal = (name: string): name is Signal => (SIGNALS as readonly string[]).includes(name)

/** @throws Fault('invalid') naming the setting */
export function parseThresholds({ evictionHard, evictionSoft, evictionSoftGracePeriod, evictionMinimumReclaim }: EvictionSettings): readonly Threshold[] {
  const minReclaim = (signal: Signal): Share | undefined => (evictionMinimumReclaim[signal] === undefined ? undefined : parseShare('evictionMinimumReclaim', signal, evictionMinimumReclaim[signal]))
  const read = (where: string, given: Readonly<Record<string, string>>, graceOf: (signal: Signal) => number | undefined): readonly Threshold[] =>
    Object.entries(given).flatMap(([signal, text]): readonly Threshold[] => {
      if (!isSignal(signal)) throw new Fault('invalid', `${where}: unknown signal "${signal}": the signals are ${SIGNALS.join(', ')}`)
      const below = parseShare(where, signal, text)
      // 0% and 100% switch a threshold off.
      if (below.kind === 'part' && (below.value === 0 || below.value === 1)) return []
      return [{ signal, below, graceMs: graceOf(signal), minReclaim: minReclaim(signal) }]
    })
  return [
    ...read('evictionHard', evictionHard, () => undefined),
    ...read('evictionSoft', evictionSoft, (signal) => {
      const graceMs = goDurationMs(evictionSoftGracePeriod[signal] ?? '')
      if (graceMs === undefined) throw new Fault('invalid', `evictionSoftGracePeriod: "${signal}" needs a time such as "1m30s", because evictionSoft has it`)
      return graceMs
    }),
  ]
}

function parseShare(where: string, signal: string, text: string): Share {
  const percent = /^(\d+(?:\.\d+)?)%$/.exec(text)?.[1]
  if (percent !== undefined && Number(percent) <= 100) return { kind: 'part', value: Number(percent) / 100 }
  if (percent === undefined && parseQuantity(text) !== undefined && quantityValue(text) >= 0) return { kind: 'amount', value: quantityValue(text), written: canonicalQuantity(text) }
  throw new Fault('invalid', `${where}: "${signal}" is "${text}": it must be an amount ("100Mi") or a part ("10%")`)
}
