import type { Attributes } from './attributes.ts'

/** `no-opinion` lets the next authorizer speak; if none allows, the request is refused. Reasons are for the refused client. */
export type Decision = { readonly kind: 'allow'; readonly reason: string } | { readonly kind: 'deny'; readonly reason: string } | { readonly kind: 'no-opinion'; readonly reason: string }

/** Pure: the same attributes (and the same index behind it) give the same decision. */
export type Authorizer = (attributes: Attributes) => Decision

export const allow = (reason = ''): Decision => ({ kind: 'allow', reason })
export const noOpinion = (reason = ''): Decision => ({ kind: 'no-opinion', reason })

/** Asks one after the other; the first that allows or denies decides. RBAC joins as one more. */
export function union(authorizers: readonly Authorizer[]): Authorizer {
  return (attributes) => {
    const reasons: string[] = []
    for (const authorizer of authorizers) {
      const decision = authorizer(attributes)
      if (decision.kind !== 'no-opinion') return decision
      if (decision.reason !== '') reasons.push(decision.reason)
    }
    return noOpinion(reasons.join('\n'))
  }
}
