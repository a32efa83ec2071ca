/** Tokens that stand in Secrets, as Kubernetes made them before it bound tokens to time and audience: they live as long as their Secret. PURE. */
import { serviceAccountUserName, type TokenSubject } from './claims.ts'

export const LEGACY_ISSUER = 'kubernetes/serviceaccount'

const PREFIX = 'kubernetes.io/serviceaccount/'

export interface SecretTokenSubject {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly secretName: string
}

export const legacyClaims = ({ namespace, serviceAccount, secretName }: SecretTokenSubject): Readonly<Record<string, string>> => ({
  iss: LEGACY_ISSUER,
  [`${PREFIX}namespace`]: namespace,
  [`${PREFIX}secret.name`]: secretName,
  [`${PREFIX}service-account.name`]: serviceAccount.name,
  [`${PREFIX}service-account.uid`]: serviceAccount.uid,
  sub: serviceAccountUserName(namespace, serviceAccount.name),
})

/** `undefined` if the claims are not those of such a token, or contradict its subject. The Secret's uid is not told. */
export function legacySubjectOf(payload: Readonly<Record<string, unknown>>): TokenSubject | undefined {
  const of = (claim: string): string => {
    const value = payload[`${PREFIX}${claim}`]
    return typeof value === 'string' ? value : ''
  }
  const [namespace, secret, name, uid] = [of('namespace'), of('secret.name'), of('service-account.name'), of('service-account.uid')]
  if (namespace === '' || secret === '' || name === '' || uid === '' || payload['sub'] !== serviceAccountUserName(namespace, name)) return undefined
  return { namespace, serviceAccount: { name, uid }, secret: { name: secret, uid: '' } }
}
