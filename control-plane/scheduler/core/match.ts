/** Matching of tolerations and label selectors as the plugins need it. */
import { meetsRequirements, requirementsOf } from '../../../shared/model/selectors.ts'
import type { LabelSelector, Taint, Toleration } from '../../../shared/model/gen/api.ts'

type Labels = Readonly<Record<string, string>>

const integer = (text: string | undefined): number | undefined => (text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined)

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect && toleration.effect !== taint.effect) return false
  if (toleration.key && toleration.key !== taint.key) return false
  switch (toleration.operator ?? 'Equal') {
    case 'Exists':
      return true
    case 'Equal':
    case '':
      return (toleration.key ?? '') === taint.key && (toleration.value ?? '') === (taint.value ?? '')
    case 'Gt':
    case 'Lt': {
      const [limit, value] = [integer(toleration.value), integer(taint.value)]
      if (limit === undefined || value === undefined) return false
      return toleration.operator === 'Gt' ? value > limit : value < limit
    }
    default:
      return false
  }
}

export const isTolerated = (taint: Taint, tolerations: readonly Toleration[]): boolean => tolerations.some((toleration) => tolerates(toleration, taint))

/** `undefined` selects nothing, an empty selector everything. */
export function labelMatcher(selector: LabelSelector | undefined): (labels: Labels | undefined) => boolean {
  if (!selector) return () => false
  const requirements = requirementsOf(selector)
  return (labels) => meetsRequirements(requirements, labels)
}
