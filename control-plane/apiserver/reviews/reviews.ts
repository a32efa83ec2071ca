/** What answers the kinds that are only asked. The door of this room. */
import type { TokenVerifier } from '../authn/token-verifier.ts'
import type { Access } from '../authz/access.ts'
import type { SpecialHandlers } from '../dispatch.ts'
import { localSubjectAccessReviewHandler, selfSubjectAccessReviewHandler, subjectAccessReviewHandler } from './access-review.ts'
import { selfSubjectReviewHandler, tokenReviewHandler } from './authentication-review.ts'
import { podBindingHandler } from '../subresources/pod-binding.ts'
import { componentStatusHandler } from './component-status.ts'
import { selfSubjectRulesReviewHandler } from './rules-review.ts'

/** By group and plural. */
export const reviewHandlers = (access: Access, tokens: TokenVerifier | undefined): SpecialHandlers => ({
  '/bindings/': podBindingHandler,
  '/componentstatuses/': componentStatusHandler,
  'authentication.k8s.io/selfsubjectreviews/': selfSubjectReviewHandler,
  'authentication.k8s.io/tokenreviews/': tokenReviewHandler(tokens),
  'authorization.k8s.io/localsubjectaccessreviews/': localSubjectAccessReviewHandler(access),
  'authorization.k8s.io/selfsubjectaccessreviews/': selfSubjectAccessReviewHandler(access),
  'authorization.k8s.io/selfsubjectrulesreviews/': selfSubjectRulesReviewHandler(access),
  'authorization.k8s.io/subjectaccessreviews/': subjectAccessReviewHandler(access),
})
