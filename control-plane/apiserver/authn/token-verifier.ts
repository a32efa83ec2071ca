import { createPublicKey, type KeyObject } from 'node:crypto'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { User } from '../request.ts'
import { AUTHENTICATED, SERVICE_ACCOUNTS } from '../authz/groups.ts'
import { DEFAULT_ISSUER, serviceAccountUserName, subjectOf, type BoundObject, type TokenSubject } from './claims.ts'
import { LEGACY_ISSUER, legacySubjectOf } from './legacy-claims.ts'
import { algorithmOf, keyId } from './token-signer.ts'

/** What became of the objects a token is bound to; read from a cache, a moment old at most. */
export interface BoundObjects {
  /** `undefined` if there is none of that name. `deletionMs`: its deletion timestamp. */
  find(resource: 'serviceaccounts' | 'pods' | 'secrets' | 'nodes', namespace: string, name: string): Promise<FoundObject | undefined>
}

export interface FoundObject {
  readonly uid: string
  readonly deletionMs?: number | undefined
  /** Of a Secret with a service account's token: that token, in base64. */
  readonly token?: string | undefined
}

export type Verified = { readonly kind: 'user'; readonly user: User; readonly audiences: readonly string[] } | { readonly kind: 'refused'; readonly reason: string }

/** Reads bearer tokens. Also what a TokenReview asks. */
export interface TokenVerifier {
  /** @param audiences the token must be for one of these; the API server's own unless told otherwise. */
  verify(token: string, audiences?: readonly string[]): Promise<Verified>
}

export interface TokenVerifierOptions {
  /** PEM of public keys; several while the signing key is being replaced. */
  readonly keys: readonly string[]
  readonly issuer?: string
  readonly apiAudiences?: readonly string[]
  readonly objects: BoundObjects
  readonly clock: Clock
}

/** A deleted object keeps its tokens for this long, so that what it started may finish. */
const DELETION_LEEWAY_MS = 60_000

/** Signatures already checked; a client shows the same token with every request. */
const REMEMBERED_TOKENS = 2048

interface Checked {
  readonly payload: Readonly<Record<string, unknown>>
  readonly subject: TokenSubject
  /** A token that lives as long as the Secret it stands in, for the API server alone. */
  readonly ofSecret: boolean
}

export function createTokenVerifier(options: TokenVerifierOptions): TokenVerifier {
  const keys = new Map(options.keys.map((pem) => createPublicKey(pem)).map((key) => [keyId(key), key] as const))
  const issuer = options.issuer ?? DEFAULT_ISSUER
  const apiAudiences = options.apiAudiences ?? [issuer]
  const remembered = new Map<string, Checked>()
  return {
    async verify(token, audiences = apiAudiences) {
      const checked = remembered.get(token) ?? (await checkSignature(token, { keys, issuer, nowMs: options.clock.nowMs() }))
      if (typeof checked === 'string') return refused(checked)
      remember(remembered, token, checked)
      const nowMs = options.clock.nowMs()
      const problem = checked.ofSecret ? undefined : outOfTime(checked.payload, nowMs)
      if (problem) return refused(problem)
      const meantFor = checked.ofSecret ? apiAudiences : audiencesOf(checked.payload)
      const shared = meantFor.filter((audience) => audiences.includes(audience))
      if (shared.length === 0) return refused(`token audiences ${quotedList(meantFor)} is invalid for the target audiences ${quotedList(audiences)}`)
      const gone = checked.ofSecret ? await whyNotInSecret(checked.subject, token, { objects: options.objects, nowMs }) : await firstGone(checked.subject, options.objects, nowMs)
      if (gone) return refused(gone)
      return { kind: 'user', user: userOf(checked), audiences: shared }
    },
  }
}

const quotedList = (values: readonly string[]): string => `[${values.map((value) => JSON.stringify(value)).join(' ')}]`

const refused = (reason: string): Verified => ({ kind: 'refused', reason })

function remember(remembered: Map<string, Checked>, token: string, checked: Checked): void {
  if (remembered.has(token)) return
  const [oldest] = remembered.keys()
  if (remembered.size >= REMEMBERED_TOKENS && oldest !== undefined) remembered.delete(oldest)
  remembered.set(token, checked)
}

interface SignatureCheck {
  readonly keys: ReadonlyMap<string, KeyObject>
  readonly issuer: string
  readonly nowMs: number
}

/** The answer is a string that says why not. */
async function checkSignature(token: string, { keys, issuer, nowMs }: SignatureCheck): Promise<Checked | string> {
  const { jwtVerify } = await import('jose')
  try {
    const { payload } = await jwtVerify(
      token,
      ({ kid, alg }) => {
        const key = keys.get(kid ?? '')
        if (!key || alg !== algorithmOf(key)) throw new Error('the token is signed by an unknown key')
        return key
      },
      { issuer: [issuer, LEGACY_ISSUER], currentDate: new Date(nowMs) },
    )
    const ofSecret = payload.iss === LEGACY_ISSUER
    const subject = ofSecret ? legacySubjectOf(payload) : subjectOf(payload)
    return subject ? { payload, subject, ofSecret } : UNREADABLE
  } catch (error) {
    return isOf(error, 'ERR_JWT_EXPIRED') ? EXPIRED : isOf(error, 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED') ? FORGED : UNREADABLE
  }
}

/** Kubernetes' words, which a TokenReview tells. */
const UNREADABLE = 'invalid bearer token'
const EXPIRED = 'service account token has expired'
const FORGED = 'go-jose/go-jose: error in cryptographic primitive'

const isOf = (error: unknown, code: string): boolean => error instanceof Error && 'code' in error && error.code === code

/** Times are checked at each use, for a remembered token grows old. */
function outOfTime(payload: Readonly<Record<string, unknown>>, nowMs: number): string | undefined {
  const { exp, nbf } = payload
  if (typeof exp !== 'number' || exp * 1000 <= nowMs) return EXPIRED
  return typeof nbf === 'number' && nbf * 1000 > nowMs + 1000 ? 'service account token is not valid yet' : undefined
}

function audiencesOf(payload: Readonly<Record<string, unknown>>): readonly string[] {
  const { aud } = payload
  return typeof aud === 'string' ? [aud] : Array.isArray(aud) ? aud.filter((one) => typeof one === 'string') : []
}

async function firstGone(subject: TokenSubject, objects: BoundObjects, nowMs: number): Promise<string | undefined> {
  const bound: ReadonlyArray<readonly ['serviceaccounts' | 'pods' | 'secrets' | 'nodes', BoundObject | undefined]> = [
    ['serviceaccounts', subject.serviceAccount],
    ['secrets', subject.secret],
    ['pods', subject.pod],
    // A pod's node is only told, not bound.
    ['nodes', subject.pod ? undefined : subject.node],
  ]
  for (const [resource, object] of bound) {
    if (!object) continue
    const found = await objects.find(resource, resource === 'nodes' ? '' : subject.namespace, object.name)
    const problem = whyNotBound(resource, { found, bound: object, namespace: subject.namespace, nowMs })
    if (problem !== undefined) return problem
  }
  return undefined
}

/** The Secret must still hold the token, and its account be the one it was made for. */
async function whyNotInSecret({ namespace, secret, serviceAccount }: TokenSubject, token: string, { objects, nowMs }: { readonly objects: BoundObjects; readonly nowMs: number }): Promise<string | undefined> {
  const found = await objects.find('secrets', namespace, secret?.name ?? '')
  if (!found || found.deletionMs !== undefined) return 'service account token has been invalidated'
  if (found.token !== Buffer.from(token).toString('base64')) return "service account token does not match server's copy"
  return firstGone({ namespace, serviceAccount }, objects, nowMs)
}

interface Binding {
  readonly found: FoundObject | undefined
  readonly bound: BoundObject
  readonly namespace: string
  readonly nowMs: number
}

function whyNotBound(resource: Parameters<BoundObjects['find']>[0], { found, bound, namespace, nowMs }: Binding): string | undefined {
  const kind = resource.slice(0, -1)
  const isGoing = found?.deletionMs !== undefined && found.deletionMs + DELETION_LEEWAY_MS < nowMs
  if (resource === 'serviceaccounts') {
    if (!found) return `serviceaccounts ${JSON.stringify(bound.name)} not found`
    if (isGoing) return `service account ${namespace}/${bound.name} has been deleted`
    return found.uid === bound.uid ? undefined : `service account UID (${found.uid}) does not match claim (${bound.uid})`
  }
  if (!found || isGoing) return 'service account token has been invalidated'
  return found.uid === bound.uid ? undefined : `${kind} UID (${found.uid}) does not match service account ${kind} ref claim (${bound.uid})`
}

function userOf({ subject, payload }: Checked): User {
  const { namespace, serviceAccount, pod, node } = subject
  const extra = (key: string, value: string | undefined): Record<string, readonly string[]> => (value === undefined ? {} : { [`authentication.kubernetes.io/${key}`]: [value] })
  return {
    name: serviceAccountUserName(namespace, serviceAccount.name),
    uid: serviceAccount.uid,
    groups: [SERVICE_ACCOUNTS, `${SERVICE_ACCOUNTS}:${namespace}`, AUTHENTICATED],
    extra: {
      ...extra('credential-id', typeof payload['jti'] === 'string' ? `JTI=${payload['jti']}` : undefined),
      ...extra('node-name', node?.name),
      ...extra('node-uid', node?.uid),
      ...extra('pod-name', pod?.name),
      ...extra('pod-uid', pod?.uid),
    },
  }
}
