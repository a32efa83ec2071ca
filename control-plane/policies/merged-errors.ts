/** Errors of expressions among those of everything else, in the order in which Kubernetes looks. PURE. */
import type { FieldError } from '../../shared/model/field-error.ts'

/** What has expressions, in order; everything else of a policy or a webhook comes before, these come among and after. */
const SECTIONS: readonly string[] = ['matchConditions', 'variables', 'validations', 'mutations', 'auditAnnotations', 'reinvocationPolicy', 'admissionReviewVersions']

/** The members of items whose errors are not found in one go, in order. */
const MEMBERS: Readonly<Record<string, readonly string[]>> = { matchConditions: ['expression', 'name'], variables: ['name', 'expression'], validations: ['expression', 'messageExpression', 'message', 'reason'] }

/** The webhook, its section, the item of that, its member. */
function placeOf(field: string): readonly number[] {
  const [, webhook = '0', rest = ''] = /^(?:spec|webhooks\[(\d+)\])\.(.*)$/.exec(field) ?? []
  const [, section = '', index = '0', member = ''] = /^(\w+)(?:\[(\d+)\])?(?:\.(.*))?$/.exec(rest) ?? []
  // What a reinvocation policy of a webhook may be is looked at with the rest of it.
  const rank = field.startsWith('webhooks') && section === 'reinvocationPolicy' ? -1 : SECTIONS.indexOf(section)
  return [Number(webhook), rank, rank < 0 ? 0 : Number(index), rank < 0 ? 0 : (MEMBERS[section] ?? []).indexOf(member)]
}

const compare = (a: readonly number[], b: readonly number[]): number => a.map((part, index) => part - (b[index] ?? 0)).find((difference) => difference !== 0) ?? 0

/** Those of one place stay as they came. */
export function mergedErrors(found: readonly FieldError[], later: readonly FieldError[]): readonly FieldError[] {
  if (found.length === 0 || later.length === 0) return [...found, ...later]
  const placed = [...found, ...later].map((error) => ({ error, place: placeOf(error.field) }))
  return placed.toSorted((a, b) => compare(a.place, b.place)).map(({ error }) => error)
}
