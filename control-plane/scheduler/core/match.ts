/** Matching of tolerations and label selectors as the plugins need it. */
import { meetsRequirements, requirementsOf } from '../../../shared/model/selectors.ts'
import { tolerates } from '../../../shared/model/toleration.ts'
import type { LabelSelector, Taint, Toleration } from '../../../shared/model/gen/api.ts'

type Labels = Readonly<Record<string, string>>

export const isTolerated = (taint: Taint, tolerations: readonly Toleration[]): boolean => tolerations.some((toleration) => tolerates(toleration, taint))

/** `undefined` selects nothing, an empty selector everything. */
export function labelMatcher(selector: LabelSelector | undefined): (labels: Labels | undefined) => boolean {
  if (!selector) return () => false
  const requirements = requirementsOf(selector)
  return (labels) => meetsRequirements(requirements, labels)
}
