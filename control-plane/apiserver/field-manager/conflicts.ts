/** What server-side apply says when fields belong to others. */
import { goQuote } from '../../../shared/model/go-text.ts'
import type { StatusCause } from '../../../shared/model/gen/api.ts'
import type { Managed } from './entries.ts'
import { idOf } from './entries.ts'
import { type FieldNode, pathsOf } from './field-set.ts'
import { pathText } from './path-element.ts'

export interface Conflicting {
  readonly owner: Managed
  readonly set: FieldNode
}

const named = ({ manager, subresource, operation, apiVersion }: Managed): string => {
  const withSubresource = subresource === '' ? goQuote(manager) : `${goQuote(manager)} with subresource ${goQuote(subresource)}`
  return operation === 'Update' ? `${withSubresource} using ${apiVersion}` : withSubresource
}

export interface ConflictText {
  readonly message: string
  readonly causes: readonly StatusCause[]
}

export function conflictText(conflicts: readonly Conflicting[]): ConflictText {
  const sorted = conflicts.toSorted((a, b) => (idOf(a.owner) < idOf(b.owner) ? -1 : 1)).map(({ owner, set }) => ({ owner: named(owner), fields: [...pathsOf(set)].map(pathText) }))
  const causes = sorted.flatMap(({ owner, fields }) => fields.map((field): StatusCause => ({ reason: 'FieldManagerConflict', message: `conflict with ${owner}`, field })))
  const [only] = causes
  if (causes.length === 1 && only) return { message: `Apply failed with 1 conflict: ${only.message}: ${only.field}`, causes }
  const lists = sorted.map(({ owner, fields }) => [`conflicts with ${owner}:`, ...fields.map((field) => `- ${field}`)].join('\n'))
  return { message: `Apply failed with ${causes.length} conflicts: ${lists.join('\n')}`, causes }
}
