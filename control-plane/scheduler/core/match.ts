/** Matching of node selectors, tolerations and label selectors as the plugins need it. */
import { meetsRequirements, requirementsOf } from '../../../shared/model/selectors.ts'
import type { LabelSelector, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, Taint, Toleration } from '../../../shared/model/gen/api.ts'

type Labels = Readonly<Record<string, string>>

const integer = (text: string | undefined): number | undefined => (text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined)

function meets(requirement: NodeSelectorRequirement, labels: Labels): boolean {
  const value = labels[requirement.key]
  const values = requirement.values ?? []
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value)
    case 'NotIn':
      return value === undefined || !values.includes(value)
    case 'Exists':
      return value !== undefined
    case 'DoesNotExist':
      return value === undefined
    case 'Gt':
    case 'Lt': {
      const [has, wanted] = [integer(value), integer(values[0])]
      if (has === undefined || wanted === undefined) return false
      return requirement.operator === 'Gt' ? has > wanted : has < wanted
    }
    default:
      return false
  }
}

/** An empty term matches nothing. */
export function termMatches(term: NodeSelectorTerm, node: { readonly name: string; readonly labels: Labels }): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  return expressions.every((one) => meets(one, node.labels)) && fields.every((one) => one.key === 'metadata.name' && meets(one, { 'metadata.name': node.name }))
}

export const nodeSelectorMatches = (selector: NodeSelector, node: { readonly name: string; readonly labels: Labels }): boolean => selector.nodeSelectorTerms.some((term) => termMatches(term, node))

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
