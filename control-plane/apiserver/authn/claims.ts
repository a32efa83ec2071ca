/** What a service account token says, in the words of Kubernetes (`serviceaccount.privateClaims`). PURE. */

/** An object a token is bound to: the token ends with it. */
export interface BoundObject {
  readonly name: string
  readonly uid: string
}

export interface TokenSubject {
  readonly namespace: string
  readonly serviceAccount: BoundObject
  readonly pod?: BoundObject | undefined
  readonly secret?: BoundObject | undefined
  readonly node?: BoundObject | undefined
}

/** The payload; times in seconds since the epoch. */
export interface TokenClaims {
  readonly aud: readonly string[]
  readonly exp: number
  readonly iat: number
  readonly iss: string
  readonly jti: string
  readonly 'kubernetes.io': {
    readonly namespace: string
    readonly node?: BoundObject
    readonly pod?: BoundObject
    readonly secret?: BoundObject
    readonly serviceaccount: BoundObject
    readonly warnafter?: number
  }
  readonly nbf: number
  readonly sub: string
}

export const DEFAULT_ISSUER = 'https://kubernetes.default.svc'

/** What a pod's projected token asks for; such tokens live on for a year and warn after this, for clients that never read the file again. */
const WARN_ONLY_SECONDS = 3607
const EXTENDED_SECONDS = 365 * 24 * 3600

export interface TokenTerms {
  readonly subject: TokenSubject
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
  /** Whether the token is for the API server itself: only such a one is extended. */
  readonly forApiServer: boolean
}

export const serviceAccountUserName = (namespace: string, name: string): string => `system:serviceaccount:${namespace}:${name}`

/** @param made what differs from token to token. */
export function claimsOf(terms: TokenTerms, made: { readonly nowSeconds: number; readonly id: string; readonly issuer: string }): TokenClaims {
  const { subject } = terms
  const extended = terms.forApiServer && subject.pod !== undefined && terms.expirationSeconds === WARN_ONLY_SECONDS
  return {
    aud: terms.audiences,
    exp: made.nowSeconds + (extended ? EXTENDED_SECONDS : terms.expirationSeconds),
    iat: made.nowSeconds,
    iss: made.issuer,
    jti: made.id,
    'kubernetes.io': {
      namespace: subject.namespace,
      ...(subject.node && { node: subject.node }),
      ...(subject.pod && { pod: subject.pod }),
      ...(subject.secret && { secret: subject.secret }),
      serviceaccount: subject.serviceAccount,
      ...(extended && { warnafter: made.nowSeconds + WARN_ONLY_SECONDS }),
    },
    nbf: made.nowSeconds,
    sub: serviceAccountUserName(subject.namespace, subject.serviceAccount.name),
  }
}

const isBound = (value: unknown): value is BoundObject => typeof value === 'object' && value !== null && typeof (value as BoundObject).name === 'string' && typeof (value as BoundObject).uid === 'string'

/** Reads the private claims of a verified payload; `undefined` if they are not those of a service account or contradict the subject. */
export function subjectOf(payload: Readonly<Record<string, unknown>>): TokenSubject | undefined {
  const claims = payload['kubernetes.io'] as Readonly<Record<string, unknown>> | undefined
  const namespace = claims?.['namespace']
  const serviceAccount = claims?.['serviceaccount']
  if (!claims || typeof namespace !== 'string' || !isBound(serviceAccount)) return undefined
  if (payload['sub'] !== serviceAccountUserName(namespace, serviceAccount.name)) return undefined
  const bound = (key: string): BoundObject | undefined => (isBound(claims[key]) ? claims[key] : undefined)
  return { namespace, serviceAccount, pod: bound('pod'), secret: bound('secret'), node: bound('node') }
}
