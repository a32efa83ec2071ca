import type { NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec } from './gen/api.ts'

/** Matching of nodes by their labels and names. Pure. */

type Labels = Readonly<Record<string, string>>

interface NamedNode {
  readonly name: string
  readonly labels: Labels
}

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
export function termMatches(term: NodeSelectorTerm, node: NamedNode): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  return expressions.every((one) => meets(one, node.labels)) && fields.every((one) => one.key === 'metadata.name' && meets(one, { 'metadata.name': node.name }))
}

export const nodeSelectorMatches = (selector: NodeSelector, node: NamedNode): boolean => selector.nodeSelectorTerms.some((term) => termMatches(term, node))

/** Whether a node has what a pod asks of one: `spec.nodeSelector` and required node affinity must both hold. */
export function isWanted({ nodeSelector = {}, affinity }: Pick<PodSpec, 'nodeSelector' | 'affinity'>, node: NamedNode): boolean {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  return Object.entries(nodeSelector).every(([key, value]) => node.labels[key] === value) && (required === undefined || nodeSelectorMatches(required, node))
}
