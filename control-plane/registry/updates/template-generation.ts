/** How often a DaemonSet's template changed: once a field of its own, now an annotation that the server keeps. */
import type { DaemonSet } from '../../../shared/model/gen/api.ts'

const ANNOTATION = 'deprecated.daemonset.template.generation'

/** Of 64 bits; 0 for a set that has none yet. */
export function templateGeneration({ metadata }: DaemonSet): bigint {
  const text = metadata.annotations?.[ANNOTATION] ?? ''
  return /^[+-]?\d{1,19}$/.test(text) ? BigInt.asIntN(64, BigInt(text.replace('+', ''))) : 0n
}

export const withTemplateGeneration = (set: DaemonSet, generation: bigint): DaemonSet => ({
  ...set,
  metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, [ANNOTATION]: String(BigInt.asIntN(64, generation)) } },
})
