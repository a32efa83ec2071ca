/** Kinds that are asked and answered at once, by a create, and never stored. What they answer is code in `apiserver/reviews`. */
import type { KindDefinition } from './kind.ts'
import { defineKind, neverStored } from './typed-kind.ts'

function review(group: string, kind: string, namespaced = false): KindDefinition {
  const singular = kind.toLowerCase()
  return defineKind({
    ...neverStored,
    group,
    version: 'v1',
    kind,
    plural: `${singular}s`,
    singular,
    shortNames: [],
    categories: [],
    namespaced,
    schema: `io.k8s.api.${group.slice(0, group.indexOf('.'))}.v1.${kind}`,
    verbs: ['create'],
    columns: [],
    row: () => [],
  })
}

const AUTHENTICATION = 'authentication.k8s.io'
const AUTHORIZATION = 'authorization.k8s.io'

export const selfSubjectReview = review(AUTHENTICATION, 'SelfSubjectReview')
export const tokenReview = review(AUTHENTICATION, 'TokenReview')
export const localSubjectAccessReview = review(AUTHORIZATION, 'LocalSubjectAccessReview', true)
export const selfSubjectAccessReview = review(AUTHORIZATION, 'SelfSubjectAccessReview')
export const selfSubjectRulesReview = review(AUTHORIZATION, 'SelfSubjectRulesReview')
export const subjectAccessReview = review(AUTHORIZATION, 'SubjectAccessReview')
