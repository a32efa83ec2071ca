import { expect, test } from 'vitest'
import { silentLog } from '../../shared/kit/log.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { nodes, pods } from '../../shared/model/resources.ts'
import { world, type World } from '../controllers/testing.ts'
import { mirrorStaticPods } from './mirror-pods.ts'

const said = (name: string, hash: string, spec: object = {}): Pod => ({ metadata: { name, namespace: 'default', uid: hash, annotations: { 'kubernetes.io/config.hash': hash, 'kubernetes.io/config.source': 'file' } }, spec: { nodeName: 'elsewhere', containers: [{ name: 'c', image: 'i' }], ...spec } })
const podsOf = async (at: World): Promise<readonly Pod[]> => (await at.client.list(pods)).items
const hashes = async (at: World): Promise<readonly string[]> => (await podsOf(at)).map(({ metadata }) => `${metadata.name ?? ''} ${metadata.annotations?.['kubernetes.io/config.mirror'] ?? 'its own'}`).toSorted()

test('each pod of a file has a mirror bound to the node that said so; what changed is made anew; what is named no more goes', async () => {
  await using at = world()
  const node = await at.client.create(nodes, { metadata: { name: 'n1' } })
  await at.client.create(pods, { metadata: { name: 'mine-n1', namespace: 'default' }, spec: { nodeName: 'n1', containers: [{ name: 'c', image: 'i' }] } })
  const say = (...all: readonly Pod[]): Promise<void> => mirrorStaticPods({ client: at.client, log: silentLog }, 'n1', all)
  await say(said('a-n1', 'h1'), said('b-n1', 'h2'), said('mine-n1', 'h3'))
  expect(await hashes(at)).toEqual(['a-n1 h1', 'b-n1 h2', 'mine-n1 its own'])
  expect((await at.client.get(pods, { namespace: 'default', name: 'a-n1' })).metadata.ownerReferences).toEqual([{ apiVersion: 'v1', kind: 'Node', name: 'n1', uid: node.metadata.uid, controller: true }])
  expect((await podsOf(at)).map(({ spec }) => spec?.nodeName)).toEqual(['n1', 'n1', 'n1'])
  const before = (await at.client.get(pods, { namespace: 'default', name: 'a-n1' })).metadata.uid
  await say(said('a-n1', 'h1'), said('b-n1', 'h4'))
  expect(await hashes(at)).toEqual(['a-n1 h1', 'b-n1 h4', 'mine-n1 its own'])
  expect((await at.client.get(pods, { namespace: 'default', name: 'a-n1' })).metadata.uid).toBe(before)
  await say()
  expect(await hashes(at)).toEqual(['mine-n1 its own'])
})

test('none that names a secret, a config map, a claim or an account, nor one without a hash', async () => {
  await using at = world()
  await at.client.create(nodes, { metadata: { name: 'n1' } })
  const { annotations: _annotations, ...metadata } = said('d-n1', 'h').metadata
  await mirrorStaticPods({ client: at.client, log: silentLog }, 'n1', [
    said('a-n1', 'h', { volumes: [{ name: 'v', secret: { secretName: 's' } }] }),
    said('b-n1', 'h', { containers: [{ name: 'c', image: 'i', envFrom: [{ configMapRef: { name: 'm' } }] }] }),
    said('c-n1', 'h', { serviceAccountName: 'admin' }),
    said('e-n1', 'h', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }] }),
    said('f-n1', 'h', { volumes: [{ name: 'v', ephemeral: { volumeClaimTemplate: { spec: {} } } }] }),
    said('g-n1', 'h', { resourceClaims: [{ name: 'r', resourceClaimName: 'gpu' }] }),
    { ...said('d-n1', 'h'), metadata },
  ])
  expect(await podsOf(at)).toEqual([])
})

test('the mirror of another node stays whatever a node says', async () => {
  await using at = world()
  for (const name of ['n1', 'n2']) await at.client.create(nodes, { metadata: { name } })
  await mirrorStaticPods({ client: at.client, log: silentLog }, 'n2', [said('a-n2', 'h1')])
  const before = await podsOf(at)
  await mirrorStaticPods({ client: at.client, log: silentLog }, 'n1', [said('a-n2', 'other')])
  expect(await podsOf(at)).toEqual(before)
})
