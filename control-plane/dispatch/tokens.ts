import type { TokenRequest, TokenResponse } from '../../proto/gen/node/v1/session.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { objectKey, uidOf } from '../../shared/model/meta.ts'
import { nodes, pods, serviceAccounts } from '../../shared/model/resources.ts'
import { asksForAudience } from '../../shared/model/token-audiences.ts'
import type { Informers } from '../informers/port.ts'

/** Makes a bound service account token: `control-plane/apiserver/authn`'s signer. */
export type IssueToken = (request: {
  readonly namespace: string
  readonly serviceAccount: { readonly name: string; readonly uid: string }
  readonly pod: { readonly name: string; readonly uid: string }
  readonly node?: { readonly name: string; readonly uid: string }
  readonly audiences: readonly string[]
  readonly expirationSeconds: number
}) => Promise<{ readonly token: string; readonly expiresMs: number }>

/** Answers nodes that need a token for a pod of theirs. Writes nothing: every control plane may do it. */
export type RequestToken = (nodeName: string, request: TokenRequest) => Promise<TokenResponse>

export function createRequestToken({ informers, issueToken }: { readonly informers: Informers; readonly issueToken: IssueToken }): RequestToken {
  const [allPods, accounts, allNodes] = [informers.for(pods), informers.for(serviceAccounts), informers.for(nodes)]
  return async (nodeName, { pod: asked, audiences, expirationSeconds }) => {
    const key = objectKey(asked?.namespace ?? '', asked?.name ?? '')
    const pod = allPods.get(key)
    if (!pod || !asked || uidOf(pod) !== asked.uid || pod.spec?.nodeName !== nodeName) throw new Fault('permission', `pod ${key} is not bound to node ${nodeName}`)
    const name = pod.spec.serviceAccountName
    // The mirror of a static pod has none: its node alone says that it is there.
    if (name === undefined || name === '') throw new Fault('permission', `pod ${key} has no service account`)
    const [audience = '', ...others] = audiences
    if (others.length > 0 || !asksForAudience(pod, audience)) throw new Fault('permission', `pod ${key} asks for no token for ${audiences.map((one) => JSON.stringify(one)).join(', ') || 'this server'}`)
    const account = accounts.get(objectKey(asked.namespace, name))
    if (!account) throw new Fault('not-found', `service account ${asked.namespace}/${name} does not exist`)
    const node = allNodes.get(nodeName)
    return issueToken({
      namespace: asked.namespace,
      serviceAccount: { name, uid: uidOf(account) },
      pod: { name: asked.name, uid: asked.uid },
      ...(node && { node: { name: nodeName, uid: uidOf(node) } }),
      audiences,
      expirationSeconds,
    })
  }
}
