import type { Pod } from '../../shared/model/gen/api.ts'
import { tolerates } from '../../shared/model/toleration.ts'
import { isCritical } from './rank.ts'
import type { Pressure } from './thresholds.ts'

const MEMORY_TAINT = { key: 'node.kubernetes.io/memory-pressure', effect: 'NoSchedule' } as const

/** Why a node under pressure takes no such pod, with kubelet's word and message; `undefined` where it does. Pure. */
export function refusedUnderPressure(pod: Pod, pressures: readonly Pressure[]): { readonly reason: string; readonly message: string } | undefined {
  if (pressures.length === 0 || isCritical(pod)) return undefined
  const isMemoryAlone = pressures.every((one) => one === 'MemoryPressure')
  if (isMemoryAlone && ((pod.status?.qosClass ?? 'BestEffort') !== 'BestEffort' || (pod.spec?.tolerations ?? []).some((one) => tolerates(one, MEMORY_TAINT)))) return undefined
  return { reason: 'Evicted', message: `The node had condition: [${pressures.join(' ')}]. ` }
}
