/** Whether a node gives signs of life, is silent, or is given up already. */
import type { Node, Pod, Taint } from '../../shared/model/gen/api.ts'
import { parseTime } from '../../shared/model/time.ts'
import type { Sight } from './sight.ts'
import { lengthText } from './length-text.ts'

export const OUT_OF_SERVICE = 'node.kubernetes.io/out-of-service'

export interface Refusal {
  readonly kind: 'alive'
  readonly words: string
}
export type Death = Refusal | { readonly kind: 'silent' | 'fenced'; readonly words: string }

const isFence = ({ key, effect }: Taint): boolean => key === OUT_OF_SERVICE && effect === 'NoExecute'
export const isFenced = ({ spec }: Node): boolean => spec?.taints?.some(isFence) ?? false

export function deathOf(node: Node, { sight, nowMs }: { readonly sight: Sight; readonly nowMs: number }): Death {
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
  const ago = sight.lastSeenMs === undefined ? undefined : `${lengthText(nowMs - sight.lastSeenMs)} ago`
  if (isFenced(node)) return { kind: 'fenced', words: ready?.message || `it carries the taint ${OUT_OF_SERVICE}` }
  if (sight.kind === 'seen') return { kind: 'alive', words: `it gave a sign of life ${ago ?? 'just now'} (Ready is ${ready?.status ?? 'not set'}).` }
  if (sight.kind === 'unknown' && ready !== undefined && ready.status !== 'Unknown') return { kind: 'alive', words: `it is ${ready.status === 'True' ? 'Ready' : `not Ready, but speaks (${ready.reason ?? ''}: ${ready.message ?? ''})`}, and was heard of ${ago ?? 'lately'}.` }
  const since = ago ?? (ready?.lastTransitionTime ? `${lengthText(nowMs - (parseTime(ready.lastTransitionTime) ?? nowMs))} ago or longer` : undefined)
  return { kind: 'silent', words: `${since === undefined ? 'it has never given a sign of life' : `the last sign of life came ${since}`}${ready?.message ? ` (${ready.message.replace(/\.$/, '')})` : ''}.` }
}

/** The taints with the one that gives the node up. */
export const withTaint = (taints: readonly Taint[], timeAdded: string): readonly Taint[] => [...taints.filter((taint) => !isFence(taint)), { key: OUT_OF_SERVICE, value: 'nodeshutdown', effect: 'NoExecute', timeAdded }]

/** Pods that tolerate the taint stay where they are. */
export const tolerates = ({ spec }: Pod): boolean =>
  spec?.tolerations?.some(({ key, operator, value, effect }) => (effect === undefined || effect === '' || effect === 'NoExecute') && (key === OUT_OF_SERVICE ? operator === 'Exists' || (value ?? '') === 'nodeshutdown' : (key === undefined || key === '') && operator === 'Exists')) ?? false
