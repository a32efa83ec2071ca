/** Taints of nodes and the tolerations of pods. */
import type { Taint, Toleration } from './gen/api.ts'

/** An empty key with `Exists` tolerates everything, an empty effect every effect. */
export function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true
    case '':
    case 'Equal':
      return Boolean(toleration.key) && (toleration.value ?? '') === (taint.value ?? '')
    default:
      return false
  }
}

export const isSameTaint = (a: Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect
