/** SelfSubjectRulesReview: all that somebody may do in a namespace, as far as it can be listed. */
import type { PolicyRule } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import type { Access } from '../authz/access.ts'
import { nodeNameOf } from '../authz/node.ts'
import { aggregated } from '../authz/rbac/rbac.ts'
import type { Handler } from '../handlers/context.ts'
import { badRequest } from '../status.ts'
import { reviewHandler, specOf } from './create-review.ts'

export const selfSubjectRulesReviewHandler = ({ rbac }: Access): Handler =>
  reviewHandler((review, { request }) => {
    const namespace = specOf(review)['namespace']
    if (typeof namespace !== 'string' || namespace === '') throw badRequest('no namespace on request')
    const { rules, errors } = rbac.rulesFor(request.user, namespace)
    const isNode = nodeNameOf(request.user) !== undefined
    const problems = [...(isNode ? ['node authorizer does not support user rule resolution'] : []), ...errors]
    const status: JsonObject = {
      resourceRules: rules.flatMap(resourceRule),
      nonResourceRules: rules.flatMap(pathRule),
      incomplete: isNode,
      ...(problems.length > 0 && { evaluationError: aggregated(problems) }),
    }
    return { metadata: {}, spec: {}, status }
  })

const filled = (members: Readonly<Record<string, readonly string[] | undefined>>): JsonObject => Object.fromEntries(Object.entries(members).flatMap(([name, values]) => (values && values.length > 0 ? [[name, values]] : [])))

const resourceRule = ({ verbs, apiGroups, resources, resourceNames }: PolicyRule): readonly JsonObject[] => (resources && resources.length > 0 ? [filled({ verbs, apiGroups, resources, resourceNames })] : [])
const pathRule = ({ verbs, nonResourceURLs }: PolicyRule): readonly JsonObject[] => (nonResourceURLs && nonResourceURLs.length > 0 ? [filled({ verbs, nonResourceURLs })] : [])
