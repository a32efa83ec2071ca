/** A server whose cache lags behind the storage, because another server writes too, or because the watch of etcd is slow. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Fault } from '../../../shared/kit/faults.ts'
import { isApiError } from '../../../shared/kit/api-error.ts'
import type { ConfigMap } from '../../../shared/model/gen/api.ts'
import { silentLog } from '../../../shared/kit/log.ts'
import { configMaps, namespaces } from '../../../shared/model/resources.ts'
import { NotWritten, type Storage } from '../../storage/port.ts'
import { createMemoryStorage } from '../../storage/storage.ts'
import { createDispatch } from '../dispatch.ts'
import { createHandle } from '../handle.ts'
import { admin, startTestServer, type TestServer } from './testing.ts'

/** Watches of one view of a storage stand still while it is held. */
class Held {
  #gate = Promise.withResolvers<void>()

  constructor() {
    this.#gate.resolve()
  }

  hold(): void {
    this.#gate = Promise.withResolvers()
  }

  release(): void {
    this.#gate.resolve()
  }

  view(real: Storage): Storage {
    const wait = (): Promise<void> => this.#gate.promise
    return {
      get: real.get.bind(real),
      list: real.list.bind(real),
      write: real.write.bind(real),
      currentRevision: real.currentRevision.bind(real),
      compact: real.compact.bind(real),
      async *watch(prefix, options) {
        for await (const batch of real.watch(prefix, options)) {
          await wait()
          yield batch
        }
      },
      [Symbol.asyncDispose]: async () => {},
    }
  }
}

const held = new Held()
let storage: Storage
let lagging: TestServer
let other: TestServer
beforeEach(async () => {
  storage = createMemoryStorage()
  other = await startTestServer(storage)
  lagging = await startTestServer(held.view(storage))
})
afterEach(() => {
  held.release()
  lagging.stop()
  other.stop()
})

const map = (value: string): ConfigMap => ({ metadata: { name: 'm', namespace: 'x' }, data: { v: value } })
const path = '/api/v1/namespaces/x/configmaps/m'

/** Has `one` in the lagging cache and `two` in the storage. */
async function overtaken(): Promise<ConfigMap> {
  const made = await other.client.create(configMaps, map('one'))
  await lagging.client.list(configMaps)
  held.hold()
  await other.client.update(configMaps, map('two'))
  return made
}

test('an update to what the cache still holds, and the storage does not, is written', async () => {
  await overtaken()
  const answer = await lagging.ask(`PUT ${path}`, { apiVersion: 'v1', kind: 'ConfigMap', ...map('one') })
  expect(answer.status).toBe(200)
  expect((await other.client.get(configMaps, { namespace: 'x', name: 'm' })).data).toEqual({ v: 'one' })
})

test('a compare-and-set of nothing on a state that was overtaken is a conflict', async () => {
  const made = await overtaken()
  await expect(lagging.client.update(configMaps, made)).rejects.toSatisfy((error) => isApiError(error, 'Conflict'))
})

test('a get is as new as what another server acknowledged, though the cache is not', async () => {
  await overtaken()
  expect((await lagging.ask(`GET ${path}`)).body).toMatchObject({ data: { v: 'two' } })
  expect((await lagging.ask(`GET ${path}?resourceVersion=0`)).body).toMatchObject({ data: { v: 'one' } })
})

test('a list waits until the cache has come so far; if it does not come, it says so and does not answer what is old', async () => {
  await overtaken()
  const list = lagging.ask('GET /api/v1/namespaces/x/configmaps')
  held.release()
  expect((await list).body).toMatchObject({ items: [{ data: { v: 'two' } }] })
})

test('a list at the revision of a write that the cache has not seen waits for it too', async () => {
  await overtaken()
  const { metadata } = await other.client.get(configMaps, { namespace: 'x', name: 'm' })
  const list = lagging.ask(`GET /api/v1/namespaces/x/configmaps?resourceVersion=${metadata.resourceVersion}&resourceVersionMatch=NotOlderThan`)
  held.release()
  expect((await list).body).toMatchObject({ items: [{ data: { v: 'two' } }] })
})

test('what is to go into a namespace that another server has just made is admitted', async () => {
  held.hold()
  await other.client.create(namespaces, { metadata: { name: 'new' } })
  await lagging.client.create(configMaps, { metadata: { name: 'm', namespace: 'new' } })
})

test.each([
  ['cannot be reached and may have been', new Fault('unavailable', 'etcd cannot be reached'), { status: 504, reason: 'Timeout', again: undefined }],
  ['did not answer', new Fault('timeout', 'etcd did not answer in time'), { status: 504, reason: 'Timeout', again: undefined }],
  ['was not sent', new NotWritten('unavailable', 'etcd cannot be reached'), { status: 503, reason: 'ServiceUnavailable', again: '1' }],
])('a write that %s: only what surely did not happen is to be tried again without looking', async (_what, error, { status, reason, again }) => {
  const parts = { ...other.api.core, storage: { ...held.view(storage), write: () => Promise.reject(error) } }
  const handle = createHandle({ parts, authorize: () => ({ kind: 'allow', reason: '' }), log: silentLog, dispatch: createDispatch({}) })
  const body = new TextEncoder().encode(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', ...map('x') }))
  const answer = await handle({ method: 'POST', path: '/api/v1/namespaces/x/configmaps', query: new URLSearchParams(), headers: {}, body, user: admin, remoteAddress: '', signal: new AbortController().signal })
  if (answer.kind !== 'body') throw new Error(`answered with a ${answer.kind}`)
  expect(answer).toMatchObject({ status, headers: again === undefined ? {} : { 'retry-after': again } })
  expect(answer.headers['retry-after']).toBe(again)
  expect(JSON.parse(String(answer.body))).toMatchObject({ kind: 'Status', reason })
  expect(String(answer.body).includes('may or may not have happened')).toBe(status === 504)
})
