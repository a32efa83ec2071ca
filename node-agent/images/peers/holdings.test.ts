import { expect, test } from 'vitest'
import type { Clock } from '../../../shared/kit/clock.ts'
import type { Blobs } from '../blobs.ts'
import { digestOf } from '../digest.ts'
import type { PullRecord } from '../pull-access.ts'
import type { PullRecords } from '../pull-records.ts'
import type { ImageRecord, ImageRecords, NameRecord } from '../records.ts'
import { StoreHoldings } from './holdings.ts'

const [id, manifest, index, layer] = [digestOf('id'), digestOf('manifest'), digestOf('index'), digestOf('layer')]
const config: ImageRecord['config'] = { env: [], entrypoint: [], cmd: [], workingDir: '', user: '', stopSignal: '', labels: {}, volumes: [] }
const recordOf = (origin: ImageRecord['origin']): ImageRecord => ({ id, sizeBytes: 1, config, layers: [], ...(origin === undefined ? {} : { origin }), content: { manifest, indexes: [index], layers: [{ blob: layer, diffId: layer, sizeBytes: 1, mediaType: 'x' }] } })

function storeOf(state: { image?: ImageRecord; pulled?: PullRecord; blobs?: readonly string[]; names?: readonly NameRecord[] }): StoreHoldings {
  const records: Pick<ImageRecords, 'listImages' | 'findName' | 'findImage' | 'listNames'> = {
    listImages: async () => (state.image === undefined ? [] : [state.image]),
    findName: async (name) => state.names?.find((one) => one.name === name),
    findImage: async () => state.image,
    listNames: async () => state.names ?? [],
  }
  const clock: Pick<Clock, 'monotonicMs'> = { monotonicMs: () => 0 }
  return new StoreHoldings({ records: records as ImageRecords, pulled: { find: async () => state.pulled } as unknown as PullRecords, blobs: { sizeBytes: async (digest: string) => (state.blobs?.includes(digest) === true ? 1 : undefined) } as unknown as Blobs, clock: clock as Clock })
}

const pulledBy = (isOpen: boolean, ...hashes: readonly string[]): PullRecord => ({ id, repositories: { 'r.io/app': { isOpen, secrets: hashes.map((hash) => ({ namespace: 'n', name: 's', uid: 'u', hash })) } } })

test.each([
  ['brought by hand', recordOf('local'), undefined, [{ kind: 'open' }]],
  ['brought to another node', recordOf('peer'), undefined, [{ kind: 'open' }]],
  ['pulled openly', recordOf('pulled'), { id, repositories: { 'r.io/app': { isOpen: true, isAnonymous: true, secrets: [] } } }, [{ kind: 'open' }]],
  ['pulled openly, as older agents said', recordOf('pulled'), pulledBy(true, 'h'), [{ kind: 'secret', hash: 'h' }]],
  ["pulled by the node's own login", recordOf('pulled'), { id, repositories: { 'r.io/app': { isOpen: true, isAnonymous: false, secrets: [], logins: ['own'] } } }, [{ kind: 'secret', hash: 'own' }]],
  ["pulled by a person's login", recordOf('pulled'), { id, repositories: { 'r.io/app': { isOpen: false, isAnonymous: false, secrets: [], logins: ['own'] } } }, [{ kind: 'secret', hash: 'own' }]],
  ['pulled by secrets', recordOf('pulled'), pulledBy(false, 'h', 'k'), [{ kind: 'secret', hash: 'h' }, { kind: 'secret', hash: 'k' }]],
  ['pulled, and nobody knows by what', recordOf('pulled'), undefined, []],
] as const)('%s: who may have its bytes, the index among them', async (_, image, pulled, expected) => {
  const store = storeOf({ image, ...(pulled === undefined ? {} : { pulled }) })
  for (const digest of [id, manifest, index, layer]) expect(await store.rightsTo(digest)).toEqual(expected)
  expect(await store.rightsTo(digestOf('other'))).toEqual([])
})

test('what came a moment ago is known to who asks for now', async () => {
  const state: { image?: ImageRecord } = {}
  const store = storeOf(state)
  expect(await store.rightsTo(layer)).toEqual([])
  state.image = recordOf('local')
  expect(await store.rightsTo(layer)).toEqual([])
  expect(await store.rightsTo(layer, 'now')).toEqual([{ kind: 'open' }])
  expect(await store.rightsTo(layer)).toEqual([{ kind: 'open' }])
})

test('a name stands for what others know it by, where that is here; with the right for its own repository', async () => {
  const names = [{ name: 'r.io/app:v1', id }, { name: `r.io/app@${index}`, id }, { name: 'q.io/app:v1', id }]
  const state = { image: recordOf('pulled'), pulled: pulledBy(false, 'h'), names, blobs: [index, manifest] as readonly string[] }
  expect(await storeOf(state).named('r.io/app:v1')).toEqual({ digest: index, isLocal: false, rights: [{ kind: 'secret', hash: 'h' }] })
  expect(await storeOf({ ...state, blobs: [manifest] }).named('r.io/app:v1')).toMatchObject({ digest: manifest })
  expect(await storeOf(state).named('q.io/app:v1')).toEqual({ digest: manifest, isLocal: false, rights: [] })
  expect(await storeOf(state).named(`r.io/app@${index}`)).toMatchObject({ digest: index })
  expect(await storeOf({ ...state, image: recordOf('local') }).named('q.io/app:v1')).toMatchObject({ isLocal: true, rights: [{ kind: 'open' }] })
  expect(await storeOf(state).named('r.io/none:v1')).toBeUndefined()
})
