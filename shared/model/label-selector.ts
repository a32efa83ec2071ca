/** `metav1.LabelSelector`: which label sets it matches. The text form of selectors (`a=b,c in (d)`) is parsed elsewhere. */
import type { LabelSelector, LabelSelectorRequirement } from './gen/api.ts'
import { ownMember } from './json.ts'

export type Labels = Readonly<Record<string, string>>

/** No selector (`undefined`) matches nothing, an empty one everything. An operator nobody knows matches nothing. */
export function matchesSelector(selector: LabelSelector | undefined, labels: Labels | undefined): boolean {
  if (!selector) return false
  return matchesLabels(selector.matchLabels, labels) && (selector.matchExpressions ?? []).every((requirement) => meets(requirement, labels ?? {}))
}

/** Whether every wanted label is there with its value. */
export function matchesLabels(wanted: Labels | undefined, labels: Labels | undefined): boolean {
  if (!wanted) return true
  for (const [key, value] of Object.entries(wanted)) if (ownMember(labels, key) !== value) return false
  return true
}

function meets(requirement: LabelSelectorRequirement, labels: Labels): boolean {
  const value = ownMember(labels, requirement.key)
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && (requirement.values ?? []).includes(value)
    case 'NotIn':
      return value === undefined || !(requirement.values ?? []).includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    default:
      return false
  }
}

export const isEmptySelector = (selector: LabelSelector | undefined): boolean =>
  selector !== undefined && Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0
