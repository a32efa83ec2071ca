/** How often a DaemonSet's template changed: once a field of its own, now an annotation that the server keeps. */
import type { DaemonSet } from '../../../shared/model/gen/api.ts'

const ANNOTATION = 'deprecated.daemonset.template.generation'

/** 0 for a set that has none yet. */
export function templateGeneration({ metadata }: DaemonSet): number {
  const text = metadata.annotations?.[ANNOTATION] ?? ''
  return /^[+-]?\d+$/.test(text) ? Number(text) : 0
}

export const withTemplateGeneration = (set: DaemonSet, generation: number): DaemonSet => ({
  ...set,
  metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, [ANNOTATION]: String(generation) } },
})
