import { cpuMillis, formatQuantity, quantityValue } from '../../shared/model/quantity.ts'
import { shareOf, type Signal, type Threshold } from './thresholds.ts'

/** Amounts by resource, as in a Node's status. */
export type Amounts = Readonly<Record<string, string>>

export interface Reserve {
  /** What the node's own programs have for themselves: kubelet's `kubeReserved` and `systemReserved`. */
  readonly reserved: readonly Amounts[]
  readonly thresholds: readonly Threshold[]
}

/** What a hard threshold keeps free is nobody's to ask for. */
const KEPT_FREE: Readonly<Record<string, Signal>> = { memory: 'memory.available', 'ephemeral-storage': 'nodefs.available' }

const nanosOf = (resource: string, text: string | undefined): bigint => (resource === 'cpu' ? BigInt(cpuMillis(text)) * 1_000_000n : BigInt(quantityValue(text)) * 1_000_000_000n)

/** What pods may ask for: what there is, less what is reserved and what is to stay free; of memory also less what was set aside as huge pages. Never less than nothing. Pure. */
export function allocatableOf(capacity: Amounts, { reserved, thresholds }: Reserve): Amounts {
  const hugePages = Object.entries(capacity).reduce((sum, [resource, text]) => sum + (resource.startsWith('hugepages-') ? BigInt(quantityValue(text)) : 0n), 0n)
  return Object.fromEntries(Object.entries(capacity).map(([resource, text]) => {
    const taken = reserved.reduce((sum, one) => sum + nanosOf(resource, one[resource]), resource === 'memory' ? hugePages * 1_000_000_000n : 0n)
    const free = BigInt(keptFree(resource, quantityValue(text), thresholds)) * 1_000_000_000n
    if (taken + free === 0n) return [resource, text]
    const left = nanosOf(resource, text) - taken - free
    return [resource, formatQuantity({ nanos: left > 0n ? left : 0n, format: resource === 'cpu' ? 'DecimalSI' : 'BinarySI' })]
  }))
}

function keptFree(resource: string, capacity: number, thresholds: readonly Threshold[]): number {
  const signal = KEPT_FREE[resource]
  return Math.max(0, ...thresholds.filter((one) => one.signal === signal && one.graceMs === undefined).map((one) => shareOf(one.below, capacity)))
}

/** What of the processors is for pods, in thousandths of one, where anything is reserved of them. Pure. */
export function podsCpuMillis(capacity: Amounts, reserved: readonly Amounts[]): number | undefined {
  const taken = reserved.reduce((sum, one) => sum + cpuMillis(one['cpu']), 0)
  return taken === 0 ? undefined : Math.max(0, cpuMillis(capacity['cpu']) - taken)
}

/** What all pods together may take of memory: what there is, less what is reserved. The thresholds act below that. Pure. */
export const podsMemoryBytes = (capacity: Amounts, reserved: readonly Amounts[]): number => Math.max(0, quantityValue(capacity['memory']) - reserved.reduce((sum, one) => sum + quantityValue(one['memory']), 0))
