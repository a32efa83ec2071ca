import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dockerArchive } from '../../deploy/images/make-busybox.ts'
import { ImageCollector } from '../../node-agent/collector/image-gc.ts'
import { KUBELET_IMAGE_GC } from '../../node-agent/collector/image-gc-plan.ts'
import { answerImages } from '../../node-agent/images/api.ts'
import type { DiskImages } from '../../node-agent/images/disk-images.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import { createRegistryClient, parseRegistrySettings } from '../../node-agent/images/registry/registry.ts'
import type { TransferLine } from '../../shared/model/image-api.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { hasRegistry, LOGIN, startRegistry, type TestRegistry } from './registry-server.ts'

/** `gantry image push` and `pull` as a node answers them, with a real registry that wants a login. */

interface Place extends AsyncDisposable {
  readonly folder: string
  readonly store: DiskImages
  lines(path: '/pull' | '/push', ref: string, config?: object): Promise<readonly TransferLine[]>
}

async function openPlace(host: string): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-transfer-'))
  const registry = createRegistryClient({ settings: async () => parseRegistrySettings(JSON.stringify({ [host]: { server: `http://${host}` } }), 'test', 'configured') })
  const store = await createImageStore({ root: join(folder, 'store'), log: silentLog, registry })
  return {
    folder,
    store,
    async lines(path, ref, config) {
      const { body } = await answerImages(store, { method: 'POST', path, query: new URLSearchParams({ ref }), body: bytesOf(config) })
      let text = ''
      for await (const part of typeof body === 'string' ? [] : body) text += Buffer.from(part).toString()
      return text.trimEnd().split('\n').map((line) => JSON.parse(line) as TransferLine)
    },
    async [Symbol.asyncDispose]() {
      registry[Symbol.dispose]()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function* bytesOf(value: unknown): AsyncGenerator<Uint8Array> {
  if (value !== undefined) yield Buffer.from(JSON.stringify(value))
}

describe.skipIf(!hasRegistry)('transfers', () => {
  let registry: TestRegistry
  beforeAll(async () => void (registry = await startRegistry({ auth: 'htpasswd' })))
  afterAll(() => registry?.[Symbol.asyncDispose]())
  const login = (): object => ({ auths: { [registry.host]: { username: LOGIN.username, password: LOGIN.password } } })

  it('an image that was imported is pushed, pulled elsewhere as the same image, and may then be collected', async () => {
    await using from = await openPlace(registry.host)
    await using to = await openPlace(registry.host)
    const name = `${registry.host}/team/app:1`
    // Of this try alone: what an earlier one has pushed is there.
    await writeFile(join(from.folder, 'a.tar'), dockerArchive(name, [{ name: 'f', content: `hello ${Date.now()}` }]))
    const [image] = await from.store.importArchive(join(from.folder, 'a.tar'))
    const pushed = await from.lines('/push', name, login())
    expect(pushed.at(-1)).toMatchObject({ kind: 'done', id: expect.stringMatching(/^sha256:/) as string })
    expect(pushed.filter((line) => line.kind === 'layer' && line.state === 'pushed')).toHaveLength(2)
    const pulled = await to.lines('/pull', name, login())
    expect(pulled.at(-1)).toEqual({ kind: 'done', name, id: image?.id, isNew: true })
    expect(pulled.some((line) => line.kind === 'layer' && line.state === 'pulled')).toBe(true)
    expect(await from.store.stored()).toMatchObject([{ origin: 'local', pinned: true }])
    expect(await to.store.stored()).toMatchObject([{ origin: 'pulled', pinned: false }])
    expect((await to.store.shelf.check([], { repair: false })).damage).toEqual([])
    expect(await to.store.discardAll([image?.id ?? ''])).toBeGreaterThan(0)
    expect(await to.store.list()).toEqual([])
    // And once more, now that nothing is left of it.
    expect((await to.lines('/pull', name, login())).at(-1)).toMatchObject({ kind: 'done', id: image?.id })
  })

  it('a disk that fills up is cleared of what was pulled and nobody uses', async () => {
    await using from = await openPlace(registry.host)
    await using to = await openPlace(registry.host)
    const names = ['used', 'unused'].map((name) => `${registry.host}/team/${name}:1`)
    for (const name of names) {
      await writeFile(join(from.folder, 'a.tar'), dockerArchive(name, [{ name: 'f', content: name.repeat(5000) }]))
      await from.store.importArchive(join(from.folder, 'a.tar'))
      await from.lines('/push', name, login())
      await to.lines('/pull', name, login())
    }
    await writeFile(join(to.folder, 'brought.tar'), dockerArchive('docker.io/library/brought:1', [{ name: 'f', content: 'by hand' }]))
    await to.store.importArchive(join(to.folder, 'brought.tar'))
    const snapshot = join(to.folder, 'snapshot')
    await mkdir(snapshot)
    await to.store.hold(snapshot, (await to.store.find(names[0] ?? ''))?.layers ?? [])
    let nowMs = 0
    const told: string[] = []
    const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => {} }
    const collector = new ImageCollector({ policy: KUBELET_IMAGE_GC, images: to.store, disk: async () => ({ capacityBytes: 100_000, availableBytes: 14_999 }), tell: ({ reason }) => void told.push(reason), clock, log: silentLog })
    expect(await collector.collect()).toBe(0)
    nowMs = 2 * 60_000
    expect(await collector.collect()).toBeGreaterThan(5_000)
    expect(new Set((await to.store.list()).flatMap(({ tags }) => tags))).toEqual(new Set([names[0], 'docker.io/library/brought:1']))
    expect(told).toEqual(['FreeDiskSpaceFailed'])
    expect((await to.store.shelf.check([], { repair: false })).damage).toEqual([])
  })

  it('ends with what went wrong', async () => {
    await using place = await openPlace(registry.host)
    const name = `${registry.host}/team/private:1`
    expect((await place.lines('/pull', name)).at(-1)).toMatchObject({ kind: 'failed', message: expect.stringContaining(name) as string })
    expect((await place.lines('/push', name, login())).at(-1)).toEqual({ kind: 'failed', message: `there is no image "${name}": "gantry image ls" lists those there are` })
  })
})
