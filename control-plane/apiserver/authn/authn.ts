/** Authentication: who is asking. The door of this room. */
import type { Clock } from '../../../shared/kit/clock.ts'
import type { CertificateSubject } from '../../../shared/kit/pki.ts'
import type { User } from '../request.ts'
import { AUTHENTICATED, UNAUTHENTICATED } from '../authz/groups.ts'
import type { TokenVerifier } from './token-verifier.ts'

/** What a client has shown of itself. */
export interface Credentials {
  /** `undefined`: it sent no certificate. */
  readonly certificate: ClientCertificate | undefined
  /** The `Authorization` header. */
  readonly authorization: string | undefined
}

export interface ClientCertificate extends CertificateSubject {
  /** SHA-256, lower-case hex. */
  readonly fingerprint: string
  /** Why TLS did not find it to be of the cluster's authority, or valid when the connection was made. */
  readonly problem: string | undefined
  /** When it ends: a connection may live longer. */
  readonly validUntilMs?: number | undefined
}

export type Authenticated =
  | { readonly kind: 'user'; readonly user: User }
  /** 401. The reason is for the log; the client is told "Unauthorized". */
  | { readonly kind: 'refused'; readonly reason: string }

export type Authenticate = (credentials: Credentials) => Promise<Authenticated>

export const anonymousUser: User = { name: 'system:anonymous', uid: '', groups: [UNAUTHENTICATED], extra: {} }

/**
 * Certificates first, then bearer tokens, then anonymous. Credentials that are shown but wrong are refused, never taken for anonymous.
 * @param options.tokens absent: no token is accepted.
 * @param options.clock certificates that end while their connection lives are refused by it.
 */
export function createAuthenticator(options: { readonly tokens?: TokenVerifier | undefined; readonly clock?: Clock | undefined }): Authenticate {
  const problemOf = ({ problem, validUntilMs }: ClientCertificate): string | undefined => problem ?? (validUntilMs !== undefined && options.clock && options.clock.nowMs() > validUntilMs ? 'certificate has expired' : undefined)
  return async ({ certificate, authorization }) => {
    const problem = certificate && problemOf(certificate)
    if (certificate && problem === undefined && certificate.commonName !== '') return { kind: 'user', user: userOfCertificate(certificate) }
    const token = bearerToken(authorization)
    if (token !== undefined) return options.tokens ? options.tokens.verify(token) : { kind: 'refused', reason: 'tokens are not accepted' }
    if (certificate) return { kind: 'refused', reason: problem ?? 'the certificate names nobody' }
    return { kind: 'user', user: anonymousUser }
  }
}

/** The user of each certificate that a connection has shown: as long as the connection lives it is the same. */
const users = new WeakMap<ClientCertificate, User>()

function userOfCertificate(certificate: ClientCertificate): User {
  const known = users.get(certificate)
  if (known) return known
  const user = readUser(certificate)
  users.set(certificate, user)
  return user
}

function readUser(certificate: ClientCertificate): User {
  return {
    name: certificate.commonName,
    uid: '',
    groups: [...certificate.organizations, AUTHENTICATED],
    extra: { 'authentication.kubernetes.io/credential-id': [`X509SHA256=${certificate.fingerprint}`] },
  }
}

/** `undefined` when the header is absent or of another scheme (which Kubernetes overlooks). */
function bearerToken(authorization: string | undefined): string | undefined {
  const match = /^bearer +(\S+)\s*$/i.exec(authorization ?? '')
  return match?.[1]
}
