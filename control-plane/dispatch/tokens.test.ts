import { expect, test } from 'vitest'
import { silentLog } from '../../shared/kit/log.ts'
import { uidOf } from '../../shared/model/meta.ts'
import { nodes, pods, serviceAccounts } from '../../shared/model/resources.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { world } from '../controllers/testing.ts'
import { nodeIndex } from '../node-index.ts'
import { mirrorStaticPods } from './mirror-pods.ts'
import { createRequestToken } from './tokens.ts'

const asked = (pod: Pod, ...audiences: readonly string[]) => ({ pod: { namespace: 'kube-system', name: pod.metadata.name ?? '', uid: uidOf(pod) }, serviceAccount: 'default', audiences, expirationSeconds: 600 })
const issueToken = async ({ serviceAccount, node }: Parameters<Parameters<typeof createRequestToken>[0]['issueToken']>[0]) => ({ token: `${serviceAccount.name} on ${node?.name ?? ''}`, expiresMs: 0 })

test('a token for a pod of the node, of the account that the pod has; none for the mirror of a pod that the node itself made up', async () => {
  await using at = world()
  const requestToken = createRequestToken({ informers: at.informers, issueToken })
  const index = nodeIndex(at.informers)
  await at.start()
  for (const name of ['n1', 'n2']) await at.client.create(nodes, { metadata: { name } })
  for (const name of ['default', 'web']) await at.client.create(serviceAccounts, { metadata: { name, namespace: 'kube-system' } })
  const own = await at.client.create(pods, { metadata: { name: 'own', namespace: 'kube-system' }, spec: { nodeName: 'n1', serviceAccountName: 'web', containers: [{ name: 'c', image: 'i' }], volumes: [{ name: 'v', projected: { sources: [{ serviceAccountToken: { path: 'a' } }, { serviceAccountToken: { path: 'b', audience: 'vault' } }] } }] } })
  const said: Pod = { metadata: { name: 'said-n1', namespace: 'kube-system', annotations: { 'kubernetes.io/config.hash': 'h' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  await mirrorStaticPods({ client: at.client, log: silentLog }, 'n1', [said])
  const mirror = await at.client.get(pods, { namespace: 'kube-system', name: 'said-n1' })
  await at.clock.advance(1_000)
  expect(await requestToken('n1', asked(own))).toEqual({ token: 'web on n1', expiresMs: 0 })
  expect(await requestToken('n1', asked(own, 'vault'))).toEqual({ token: 'web on n1', expiresMs: 0 })
  for (const audiences of [['bank'], ['vault', 'bank']]) await expect(requestToken('n1', asked(own, ...audiences))).rejects.toMatchObject({ code: 'permission' })
  await expect(requestToken('n2', asked(own))).rejects.toMatchObject({ code: 'permission' })
  await expect(requestToken('n1', asked(mirror))).rejects.toMatchObject({ code: 'permission', message: 'pod kube-system/said-n1 has no service account' })
  const sees = (name: string): boolean => index.isReferencedByNode('n1', { resource: 'serviceaccounts', namespace: 'kube-system', name })
  expect({ web: sees('web'), default: sees('default') }).toEqual({ web: true, default: false })
})
