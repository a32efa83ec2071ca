/** Images on their way from a real registry into the store. */
import { randomBytes } from 'node:crypto'
import { lstat, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createImageStore, type Image, type ImageStore } from '../../node-agent/images/images.ts'
import type { EnsureOptions, EnsureResult } from '../../node-agent/images/port.ts'
import { createRegistryClient, parseRegistrySettings, pushImage, type RegistryLogin } from '../../node-agent/images/registry/registry.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { digestOf } from '../../node-agent/images/digest.ts'
import { folderName } from '../../node-agent/images/layers.ts'
import { descriptorOf, imageOf, indexOf, layerOf, passwordLogin, reference, type Listed, type TestImage } from './registry-images.ts'
import { hasRegistry, spoiltWay, startRegistry, type SpoiltWay, type TestRegistry } from './registry-server.ts'

const never = new AbortController().signal

interface Place extends AsyncDisposable {
  readonly root: string
  readonly store: ImageStore
  ensure(name: string, options?: Partial<EnsureOptions>, policy?: Parameters<ImageStore['ensure']>[1]): Promise<EnsureResult>
}

async function openPlace(settings: object = {}, root?: string): Promise<Place> {
  return await openStore(settings, root ?? (await mkdtemp(join(tmpdir(), 'gantry-pulls-'))))
}

async function openStore(settings: object, root: string): Promise<Place> {
  const registry = createRegistryClient({ settings: async () => parseRegistrySettings(JSON.stringify(settings), 'test', 'configured'), random: { next: () => 0 } })
  const store = await createImageStore({ root, log: silentLog, registry })
  return {
    root,
    store,
    ensure: (name, options = {}, policy = 'IfNotPresent') => store.ensure(name, policy, { signal: never, ...options }),
    async [Symbol.asyncDispose]() {
      registry[Symbol.dispose]()
      await rm(root, { recursive: true, force: true })
    },
  }
}

function imageIn(result: EnsureResult): Image {
  if (result.kind === 'refused') throw new Error(`${result.reason}: ${result.message}`)
  return result.image
}

const push = async (host: string, name: string, image: TestImage, logins: readonly RegistryLogin[] = []): Promise<void> => {
  using client = createRegistryClient({ settings: async () => parseRegistrySettings(JSON.stringify({ [host]: { server: `http://${host}` } }), 'test') })
  await pushImage(client, { reference: reference(`${host}/${name}`), manifest: image.manifest, blobs: image.blobs, logins }, never)
}

const platform = { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' }
const listed = ({ manifest }: TestImage, more: Partial<Listed> = {}): Listed => ({ ...descriptorOf(manifest.bytes, manifest.mediaType), platform, ...more })

const leftIn = async (root: string): Promise<readonly string[]> => (await Promise.all(['layers', 'images', 'names', 'staging', 'blobs', 'leases', 'pulls', 'making'].map((name) => readdir(join(root, name))))).flat()

/** Random, so that no layer of a test is known from another. */
const noise = (bytes = 200_000): { readonly name: string; readonly content: Buffer } => ({ name: 'noise', content: randomBytes(bytes) })

describe.skipIf(!hasRegistry)('pulls', () => {
  let registry: TestRegistry
  let way: SpoiltWay
  beforeAll(async () => {
    registry = await startRegistry()
    way = await spoiltWay(registry.host)
  })
  afterAll(async () => {
    await way[Symbol.asyncDispose]()
    await registry[Symbol.asyncDispose]()
  })
  const settings = (): object => ({ [way.host]: { server: `http://${way.host}` } })
  const named = (name: string): string => `${way.host}/${name}`
  const asked = (from: number, part: string): readonly string[] => way.seen.slice(from).filter(({ method, path }) => method === 'GET' && path.includes(part)).map(({ path }) => path)

  test.each(['oci', 'docker'] as const)('%s: layers in every form, stacked as they should be', async (kind) => {
    way.trouble = () => undefined
    await using place = await openPlace(settings())
    const image = imageOf(
      [
        layerOf([{ name: 'd/', kind: 'folder', mode: 0o1777, uid: 7 }, { name: 'd/one', content: '1' }, noise()], 'gzip', kind),
        layerOf([{ name: 'd/two', content: '2' }, noise()], kind === 'oci' ? 'zstd' : 'gzip', kind),
        layerOf([{ name: 'd/three', content: '3' }, { name: 'd/.wh.one', content: '' }, noise()], 'plain', kind),
        layerOf([{ name: 'four', content: '4' }, noise()], 'gzip', kind),
      ],
      { kind, cmd: ['serve'] },
    )
    await push(registry.host, `forms/${kind}:v1`, image)
    const result = await place.ensure(named(`forms/${kind}:v1`))
    expect(result).toMatchObject({ kind: 'present', pulled: { pullMs: expect.any(Number) as number, totalMs: expect.any(Number) as number } })
    const pulled = imageIn(result)
    expect(pulled).toMatchObject({ id: digestOf(image.config), tags: [named(`forms/${kind}:v1`)], digests: [`${named(`forms/${kind}`)}@${image.digest}`], config: { cmd: ['serve'] } })
    const [one = '', two = '', three = '', four = ''] = pulled.layers
    expect(await readFile(join(two, 'd/two'), 'utf8')).toBe('2')
    expect(await readFile(join(four, 'four'), 'utf8')).toBe('4')
    // A folder that a layer leaves out is as the layers below have it, however early they were unpacked.
    for (const layer of [one, two, three]) expect(await lstat(join(layer, 'd'))).toMatchObject({ mode: 0o041777, uid: 7 })
    expect((await lstat(join(three, 'd/one'))).isCharacterDevice()).toBe(true)
    expect(await place.ensure(named(`forms/${kind}:v1`))).toMatchObject({ pulled: false })
  })

  test('an index: the manifest for this processor; by digest; none for it; nested ones; too deeply nested ones', async () => {
    way.trouble = () => undefined
    await using place = await openPlace(settings())
    const image = imageOf([layerOf([noise()])])
    await push(registry.host, 'index:plain', image)
    using client = createRegistryClient({ settings: async () => parseRegistrySettings('{}', 'test') })
    const session = client.open(`${registry.host}/index`, { logins: [], actions: 'pull,push', signal: never })
    const other = { platform: { os: 'linux', architecture: 's390x' } }
    const putIndex = async (tag: string, manifests: readonly Listed[], kind: 'oci' | 'docker' = 'oci'): Promise<Listed> => {
      const index = indexOf(manifests, kind)
      await session.pushManifest(tag, index)
      return { ...descriptorOf(index.bytes, index.mediaType), platform }
    }
    let inner = await putIndex('v1', [listed(image, other), listed(image)])
    expect(imageIn(await place.ensure(named('index:v1')))).toMatchObject({ id: digestOf(image.config), digests: [`${named('index')}@${inner.digest}`] })
    expect(imageIn(await place.ensure(named(`index@${inner.digest}`))).id).toBe(digestOf(image.config))
    expect(imageIn(await place.ensure(named(`index@${image.digest}`))).id).toBe(digestOf(image.config))
    await putIndex('none', [listed(image, other)])
    expect(await place.ensure(named('index:none'))).toMatchObject({ kind: 'refused', reason: 'ErrImagePull', message: expect.stringContaining(`no match for platform linux/${platform.architecture} in manifest: not found`) as string })
    for (let depth = 0; depth < 3; depth++) inner = await putIndex(`deep${depth}`, [inner])
    expect(imageIn(await place.ensure(named('index:deep2'))).id).toBe(digestOf(image.config))
    for (let depth = 3; depth < 6; depth++) inner = await putIndex(`deep${depth}`, [inner])
    expect(await place.ensure(named('index:deep5'))).toMatchObject({ message: expect.stringContaining('nested too deeply') as string })
  })

  test('however many ask, each byte comes once; images that share layers, too; a tag that did not move costs no layer', async () => {
    way.trouble = (_, path) => (path.includes('/blobs/') ? { kind: 'slow', pieces: 20 } : undefined)
    await using place = await openPlace(settings())
    const base = layerOf([noise()])
    const images = [imageOf([base, layerOf([noise()])]), imageOf([base, layerOf([noise()]), layerOf([noise()])])]
    await Promise.all(images.map((image, at) => push(registry.host, `many${at}:v1`, image)))
    const from = way.seen.length
    const results = await Promise.all([0, 1].flatMap((at) => Array.from({ length: 10 }, () => place.ensure(named(`many${at}:v1`)))))
    expect(new Set(results.map((result) => imageIn(result).id)).size).toBe(2)
    const blobs = asked(from, '/blobs/').map((path) => path.split('/').at(-1))
    expect(blobs.length).toBe(6)
    expect(new Set(blobs).size).toBe(6)
    expect(asked(from, '/manifests/').length).toBe(2)
    const again = way.seen.length
    expect(await place.ensure(named('many0:v1'), {}, 'Always')).toMatchObject({ kind: 'present', pulled: { pullMs: expect.any(Number) as number } })
    expect(way.seen.slice(again).map(({ method }) => method)).toEqual(['HEAD'])
    await push(registry.host, 'many0:v1', images[1] ?? imageOf([]))
    expect(imageIn(await place.ensure(named('many0:v1'), {}, 'IfNotPresent')).id).toBe(digestOf(images[0]?.config ?? ''))
    expect(imageIn(await place.ensure(named('many0:v1'), {}, 'Always')).id).toBe(digestOf(images[1]?.config ?? ''))
  })

  test('agents that share a store share a download', async () => {
    way.trouble = (_, path) => (path.includes('/blobs/') ? { kind: 'slow', pieces: 50 } : undefined)
    await using place = await openPlace(settings())
    await using other = await openPlace(settings(), place.root)
    const image = imageOf([layerOf([noise()]), layerOf([noise()])])
    await push(registry.host, 'shared:v1', image)
    const from = way.seen.length
    const results = await Promise.all([place, other, place, other].map((one) => one.ensure(named('shared:v1'))))
    expect(new Set(results.map((result) => imageIn(result).id)).size).toBe(1)
    for (const { bytes } of image.layers) expect(asked(from, digestOf(bytes))).toHaveLength(1)
    expect(await readdir(join(place.root, 'making'))).toEqual([])
  })

  test('an agent that died while it pulled is not waited for', async () => {
    way.trouble = () => undefined
    await using place = await openPlace(settings())
    const image = imageOf([layerOf([noise()])])
    await push(registry.host, 'died:v1', image)
    // The first layer of an image is its own chain.
    await writeFile(join(place.root, 'making', folderName(digestOf(image.layers[0]?.tar ?? ''))), '999999999-1')
    imageIn(await place.ensure(named('died:v1')))
    expect(await readdir(join(place.root, 'making'))).toEqual([])
  })

  test('cut in the middle, it is whole all the same', async () => {
    await using place = await openPlace(settings())
    const image = imageOf([layerOf([noise(1_000_000)]), layerOf([noise(1_000_000)])])
    await push(registry.host, 'cut:v1', image)
    way.trouble = (_, path) => (path.includes('/blobs/') ? { kind: 'cut', afterBytes: 400_000 } : undefined)
    const progress: string[] = []
    const pulled = imageIn(await place.ensure(named('cut:v1'), { onProgress: ({ digest, doneBytes, totalBytes, state }) => void (state === 'pulled' && progress.push(`${digest} ${doneBytes === totalBytes}`)) }))
    expect((await lstat(join(pulled.layers[1] ?? '', 'noise'))).size).toBe(1_000_000)
    expect(progress.sort()).toEqual(image.layers.map(({ bytes }) => `${digestOf(bytes)} true`).sort())
  })

  test.each(['wrong-bytes', 'cut'] as const)('%s: refused, and nothing of it is there', async (kind) => {
    await using place = await openPlace(settings())
    const image = imageOf([layerOf([noise()]), layerOf([noise()], 'plain')])
    await push(registry.host, `spoilt-${kind}:v1`, image)
    const last = digestOf(image.layers[1]?.bytes ?? '')
    way.trouble = (_, path) => (path.endsWith(last) ? { kind, afterBytes: 0 } : undefined)
    expect(await place.ensure(named(`spoilt-${kind}:v1`))).toMatchObject({ kind: 'refused', reason: 'ErrImagePull', message: expect.stringContaining(kind === 'cut' ? '' : 'does not match its digest') as string })
    expect(await place.store.list()).toEqual([])
    expect(await leftIn(place.root)).toEqual([])
    way.trouble = () => undefined
    imageIn(await place.ensure(named(`spoilt-${kind}:v1`)))
  })

  test('who stops waiting is let go; the last one ends the pull', async () => {
    await using place = await openPlace(settings())
    await push(registry.host, 'left:v1', imageOf([layerOf([noise(2_000_000)])]))
    const [one, two] = [new AbortController(), new AbortController()]
    way.trouble = (_, path) => (path.includes('/blobs/') ? { kind: 'slow', pieces: 1_000 } : undefined)
    let begun = (): void => {}
    const begins = new Promise<void>((resolve) => (begun = resolve))
    const first = place.ensure(named('left:v1'), { signal: one.signal, onProgress: () => begun() })
    // Either may be the one that pulls for both.
    const second = place.ensure(named('left:v1'), { signal: two.signal, onProgress: () => begun() })
    await begins
    one.abort(new Error('left'))
    await expect(first).rejects.toThrow('left')
    two.abort(new Error('left too'))
    await expect(second).rejects.toThrow('left too')
    way.trouble = () => undefined
    imageIn(await place.ensure(named('left:v1')))
  })

  test('the words for what is not there, what nobody answers, and what nobody configured', async () => {
    way.trouble = () => undefined
    await using place = await openPlace(settings())
    const message = async (name: string): Promise<string> => {
      const result = await place.ensure(name)
      return result.kind === 'refused' ? result.message : 'present'
    }
    const words = (full: string, why: string): string => `failed to pull and unpack image "${full}": failed to resolve reference "${full}": ${why}`
    expect(await message(named('none:v1'))).toBe(words(named('none:v1'), `${named('none:v1')}: not found`))
    expect(await message('127.0.0.1:1/none:v1')).toBe(words('127.0.0.1:1/none:v1', 'failed to do request: Head "https://127.0.0.1:1/v2/none/manifests/v1": dial tcp 127.0.0.1:1: connect: connection refused'))
    expect(await message('nosuch.example/none:1')).toMatch(/not found \(no registry nosuch\.example is configured here, .*gantry image import FILE/)
  })
})

describe.skipIf(!hasRegistry)('private images', () => {
  let registry: TestRegistry
  beforeAll(async () => void (registry = await startRegistry({ auth: 'htpasswd' })))
  afterAll(() => registry[Symbol.asyncDispose]())

  test('are for those who have shown the registry that they may', async () => {
    await using place = await openPlace({ [registry.host]: { server: `http://${registry.host}` } })
    const mine = passwordLogin(registry.host, { secret: 'mine' })
    const name = `${registry.host}/private/app:v1`
    await push(registry.host, 'private/app:v1', imageOf([layerOf([noise()])]), [mine])
    const denied = { kind: 'refused', reason: 'ErrImagePull', message: `failed to pull and unpack image "${name}": failed to resolve reference "${name}": pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials` }
    expect(await place.ensure(name)).toEqual(denied)
    expect(await place.ensure(name, { logins: [mine] })).toMatchObject({ pulled: {} })
    expect(await place.ensure(name, { logins: [mine] })).toMatchObject({ pulled: false })
    // Here by now, and no more theirs than before.
    let pulling = 0
    expect(await place.ensure(name, { onPulling: () => void pulling++ })).toEqual(denied)
    expect(pulling).toBe(1)
    expect(await place.ensure(name, { logins: [passwordLogin(registry.host, { secret: 'wrong', password: 'wrong' })] })).toMatchObject({ kind: 'refused' })
    expect(await place.ensure(name, {}, 'Never')).toEqual({ kind: 'refused', reason: 'ErrImageNeverPull', message: `Container image "${name}" is present with pull policy of Never but does not have the proper credentials to access the image` })
    expect(await place.ensure(name, { logins: [mine] }, 'Never')).toMatchObject({ pulled: false })
    expect(await place.ensure(name, { logins: [passwordLogin(registry.host, { secret: 'same' })] })).toMatchObject({ pulled: false })
    // The node's own logins are everybody's.
    expect(await place.ensure(name, { logins: [passwordLogin(registry.host)] }, 'Always')).toMatchObject({ pulled: {} })
    expect(await place.ensure(name)).toMatchObject({ pulled: false })
    // Removed and pulled anew, the old right is gone.
    expect(await place.store.remove(name)).toBe(true)
    expect(await place.ensure(name, { logins: [mine] })).toMatchObject({ pulled: {} })
    expect(await place.ensure(name)).toEqual(denied)
  })
})
