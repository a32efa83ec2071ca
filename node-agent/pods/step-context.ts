import type { Pod } from '../../shared/model/gen/api.ts'
import type { PodParts } from './parts.ts'
import { containersOf, type PodContainer, type PodRecord } from './record.ts'
import type { PodEvent } from './words.ts'

/** How a record changes by a step: applied to the newest record, which may have changed while the step ran. */
export type Change = (record: PodRecord) => PodRecord

/** One pod, as a step finds it. */
export interface StepContext {
  readonly parts: PodParts
  readonly pod: Pod
  readonly record: PodRecord
  /** Aborts when the agent ends; what the step made stays. */
  readonly signal: AbortSignal
  readonly emit: (event: PodEvent) => void
}

export const unchanged: Change = (record) => record

/** The container a step names. A pod's containers never lose one, so it is there. */
export function containerNamed(pod: Pod, name: string): PodContainer {
  const found = containersOf(pod).find(({ spec }) => spec.name === name)
  if (found === undefined) throw new Error(`pod ${pod.metadata.name ?? ''} has no container ${name}`)
  return found
}

/** The pod's own address, as its containers and probes see it. */
export function podIPOf({ pod, record, parts }: Pick<StepContext, 'pod' | 'record' | 'parts'>): string {
  if (pod.spec?.hostNetwork === true) return parts.config.hostIP
  return record.sandbox.kind === 'ready' || record.sandbox.kind === 'gone' ? record.sandbox.ip : ''
}
