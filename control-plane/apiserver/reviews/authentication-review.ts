/** SelfSubjectReview and TokenReview: who is somebody? */
import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { formatTime } from '../../../shared/model/time.ts'
import type { TokenVerifier } from '../authn/token-verifier.ts'
import type { Handler } from '../handlers/context.ts'
import type { User } from '../request.ts'
import { badRequest } from '../status.ts'
import { reviewHandler, specOf } from './create-review.ts'

export const selfSubjectReviewHandler: Handler = reviewHandler((_review, { request, parts }) => ({
  metadata: { creationTimestamp: formatTime(parts.clock.nowMs()) },
  status: { userInfo: userInfo(request.user) },
}))

/** @param tokens absent: no token is anybody's. */
export const tokenReviewHandler = (tokens: TokenVerifier | undefined): Handler =>
  reviewHandler(async (review) => {
    const { token, audiences } = specOf(review)
    if (typeof token !== 'string' || token === '') throw badRequest('token is required for TokenReview in authentication')
    return { ...review, status: await tokenStatus(tokens, token, textsOf(audiences)) }
  })

async function tokenStatus(tokens: TokenVerifier | undefined, token: string, audiences: readonly string[]): Promise<JsonObject> {
  const verified = await tokens?.verify(token, audiences.length > 0 ? audiences : undefined)
  if (verified?.kind === 'user') return { authenticated: true, user: userInfo(verified.user), audiences: verified.audiences }
  return { user: {}, error: verified?.reason === undefined || verified.reason === INVALID ? INVALID : `[${INVALID}, ${verified.reason}]` }
}

const INVALID = 'invalid bearer token'

const textsOf = (value: Json | undefined): readonly string[] => (Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : [])

function userInfo({ name, uid, groups, extra }: User): JsonObject {
  const info = { ...(name !== '' && { username: name }), ...(uid !== '' && { uid }), ...(groups.length > 0 && { groups }), ...(Object.keys(extra).length > 0 && { extra }) }
  return isJsonObject(info) ? info : {}
}
