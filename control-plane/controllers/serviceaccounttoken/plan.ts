/** What a Secret that asks for a service account's token must hold. PURE. */
import { encodeBase64 } from '../../../shared/model/base64.ts'
import type { Secret, ServiceAccount } from '../../../shared/model/gen/api.ts'

export const TOKEN_TYPE = 'kubernetes.io/service-account-token'
export const ACCOUNT_NAME = 'kubernetes.io/service-account.name'
const ACCOUNT_UID = 'kubernetes.io/service-account.uid'

export type TokenSecretStep =
  | { readonly kind: 'none' }
  /** Its account is gone, or is another than it was made for. */
  | { readonly kind: 'delete' }
  /** To be stored, with a token if it lacks one. */
  | { readonly kind: 'fill'; readonly secret: Secret; readonly needsToken: boolean }

/** The account a Secret of this type is for; `undefined` for all other Secrets. */
export const accountNameOf = ({ type, metadata }: Secret): string | undefined => (type === TOKEN_TYPE ? metadata.annotations?.[ACCOUNT_NAME] || undefined : undefined)

export function planTokenSecret(secret: Secret, account: ServiceAccount | undefined, caPem: string): TokenSecretStep {
  const name = accountNameOf(secret)
  if (name === undefined || secret.metadata.deletionTimestamp !== undefined) return { kind: 'none' }
  const uid = secret.metadata.annotations?.[ACCOUNT_UID] ?? ''
  if (!account || (uid !== '' && uid !== account.metadata.uid)) return { kind: 'delete' }
  const wanted = { 'ca.crt': encodeBase64(caPem), namespace: encodeBase64(secret.metadata.namespace ?? '') }
  const { data = {} } = secret
  const needsToken = !data['token']
  const isWhole = data['ca.crt'] === wanted['ca.crt'] && Boolean(data['namespace']) && uid !== ''
  if (!needsToken && isWhole) return { kind: 'none' }
  const annotations = { ...secret.metadata.annotations, [ACCOUNT_UID]: account.metadata.uid ?? '' }
  return { kind: 'fill', needsToken, secret: { ...secret, metadata: { ...secret.metadata, annotations }, data: { ...data, 'ca.crt': wanted['ca.crt'], namespace: data['namespace'] || wanted.namespace } } }
}
