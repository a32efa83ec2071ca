import { chmod, mkdir, mkdtemp, readdir, readFile, rm, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { DiskImages } from '../../node-agent/images/disk-images.ts'
import { digestOf, hexOf } from '../../node-agent/images/digest.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import type { Image } from '../../node-agent/images/port.ts'
import { type TarInput, writeTar } from '../../node-agent/images/tar-writer.ts'
import { silentLog } from '../../shared/kit/log.ts'

/** What people do with the images of a real store: look, name, export, check, repair. */

interface Place extends AsyncDisposable {
  readonly folder: string
  readonly root: string
  readonly store: DiskImages
  /** Imports an OCI layout of gzipped layers. */
  bring(name: string, ...layers: ReadonlyArray<readonly TarInput[]>): Promise<Image>
}

async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-shelf-'))
  const root = join(folder, 'store')
  const store = await createImageStore({ root, log: silentLog })
  return {
    folder,
    root,
    store,
    async bring(name, ...layers) {
      const file = join(folder, 'brought.tar')
      await writeFile(file, ociTar(name, layers))
      const [image] = await store.importArchive(file)
      if (image === undefined) throw new Error('nothing was imported')
      return image
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

function ociTar(name: string, layers: ReadonlyArray<readonly TarInput[]>): Buffer {
  const tars = layers.map((entries) => writeTar(entries))
  const blobs = tars.map((bytes) => gzipSync(bytes))
  const history = [...layers.map((_, at) => ({ created: '2024-01-01T00:00:00Z', created_by: `COPY ${at}` })), { created_by: 'CMD ["sh"]', empty_layer: true }]
  const config = JSON.stringify({ architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', config: { Cmd: ['sh'] }, rootfs: { type: 'layers', diff_ids: tars.map(digestOf) }, history })
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.docker.distribution.manifest.v2+json', config: { digest: digestOf(config) }, layers: blobs.map((bytes) => ({ digest: digestOf(bytes), size: bytes.length, mediaType: 'application/vnd.docker.image.rootfs.diff.tar.gzip' })) })
  const index = JSON.stringify({ schemaVersion: 2, manifests: [{ digest: digestOf(manifest), annotations: { 'io.containerd.image.name': name } }] })
  const named = [config, manifest, ...blobs].map((content) => ({ name: `blobs/sha256/${hexOf(digestOf(content))}`, content }))
  return writeTar([...named, { name: 'index.json', content: index }])
}

const FILES: readonly TarInput[] = [{ name: 'bin/', kind: 'folder', mode: 0o755 }, { name: 'bin/tool', mode: 0o755, content: 'tool' }, { name: 'bin/link', kind: 'symlink', link: 'tool' }, { name: 'bin/hard', kind: 'hardlink', link: 'bin/tool' }]
const MORE: readonly TarInput[] = [{ name: 'bin/.wh.link' }, { name: 'opt/', kind: 'folder', mode: 0o755 }, { name: 'opt/.wh..wh..opq' }, { name: 'etc/conf', content: 'x' }]

async function write(file: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  const parts: Buffer[] = []
  for await (const part of bytes) parts.push(part)
  await writeFile(file, Buffer.concat(parts))
}

describe('export', () => {
  it('gives an archive that another store takes as the same image, byte for byte, under the name asked for', async () => {
    await using place = await openPlace()
    await using other = await openPlace()
    const image = await place.bring('docker.io/library/app:1', FILES, MORE)
    await place.store.shelf.tag('app:1', 'app:2')
    const file = join(place.folder, 'out.tar')
    await write(file, await place.store.shelf.export(['app:2']))
    const [again] = await other.store.importArchive(file)
    expect(again).toMatchObject({ id: image.id, tags: ['docker.io/library/app:2'], digests: image.digests })
    await write(join(place.folder, 'again.tar'), await other.store.shelf.export(['app:2']))
    expect(await readFile(join(place.folder, 'again.tar'))).toEqual(await readFile(file))
  })

  it('of several images holds their shared layers once', async () => {
    await using place = await openPlace()
    await place.bring('docker.io/library/a:1', FILES)
    await place.bring('docker.io/library/b:1', FILES, MORE)
    const file = join(place.folder, 'out.tar')
    await write(file, await place.store.shelf.export(['a:1', 'b:1']))
    await using other = await openPlace()
    expect((await other.store.importArchive(file)).flatMap(({ tags }) => tags).sort()).toEqual(['docker.io/library/a:1', 'docker.io/library/b:1'])
    expect(await readdir(join(other.root, 'blobs'))).toHaveLength(6)
  })

  it('of what is not there is refused', async () => {
    await using place = await openPlace()
    await expect(place.store.shelf.export(['none:1'])).rejects.toMatchObject({ code: 'not-found', message: 'there is no image "none:1": "gantry image ls" lists those there are' })
  })
})

describe('names', () => {
  it('are given, moved and refused', async () => {
    await using place = await openPlace()
    const one = await place.bring('docker.io/library/a:1', FILES)
    const two = await place.bring('docker.io/library/b:1', FILES, MORE)
    const shelf = place.store.shelf
    expect(await shelf.tag('a:1', 'c')).toBe('docker.io/library/c:latest')
    expect((await place.store.find('c'))?.id).toBe(one.id)
    await shelf.tag(two.id.slice(7, 19), 'c:latest')
    expect((await place.store.find('c'))?.id).toBe(two.id)
    await expect(shelf.tag('a:1', 'No')).rejects.toMatchObject({ code: 'invalid' })
    await expect(shelf.tag('a:1', `c@sha256:${'0'.repeat(64)}`)).rejects.toMatchObject({ code: 'invalid' })
    await expect(shelf.tag('none', 'c')).rejects.toMatchObject({ code: 'not-found' })
  })
})

it('an image tells its history and what it is made of', async () => {
  await using place = await openPlace()
  const image = await place.bring('docker.io/library/a:1', FILES, MORE)
  const history = await place.store.shelf.history('a:1')
  expect(history.map(({ createdBy, sizeBytes }) => [createdBy, sizeBytes > 0])).toEqual([['COPY 0', true], ['COPY 1', true], ['CMD ["sh"]', false]])
  expect(await place.store.shelf.inspect('a:1')).toMatchObject({ id: image.id, origin: 'local', names: [...image.tags, ...image.digests], layers: [{ mediaType: expect.stringContaining('gzip') as string }, {}], config: { config: { Cmd: ['sh'] } } })
})

describe('check', () => {
  it('finds nothing in what is whole', async () => {
    await using place = await openPlace()
    await place.bring('docker.io/library/a:1', FILES, MORE)
    expect(await place.store.shelf.check([], { repair: false })).toEqual({ images: 1, damage: [] })
  })

  type Spoil = (place: Place, layer: string) => Promise<unknown>
  it.each<readonly [string, Spoil, string]>([
    ['a changed file', (_, layer) => writeFile(join(layer, 'bin/tool'), 'TOOL'), '/bin/tool has another content'],
    ['a missing file', (_, layer) => unlink(join(layer, 'bin/link')), '/bin/link is missing'],
    ['a file more', (_, layer) => writeFile(join(layer, 'bin/more'), ''), '/bin/more does not belong to it'],
    ['another mode', (_, layer) => chmod(join(layer, 'bin/tool'), 0o4755), '/bin/tool has the mode 4755, not 755'],
    ['a missing folder', (_, layer) => rm(layer, { recursive: true }), 'its unpacked folder is missing'],
  ])('names %s, and mends it', async (_, spoil, message) => {
    await using place = await openPlace()
    const { layers } = await place.bring('docker.io/library/a:1', FILES, MORE)
    await spoil(place, layers[0] ?? '')
    const before = await place.store.shelf.check(['a:1'], { repair: false })
    expect(before.damage).toMatchObject([{ kind: 'layer', message, isRepaired: false, advice: expect.stringContaining('--repair') as string }])
    expect((await place.store.shelf.check([], { repair: true })).damage).toMatchObject([{ message, isRepaired: true }])
    expect(await place.store.shelf.check([], { repair: false })).toEqual({ images: 1, damage: [] })
    expect(await readFile(join(layers[0] ?? '', 'bin/tool'), 'utf8')).toBe('tool')
    expect(await readdir(join(place.root, 'staging'))).toEqual([])
  })

  it('names spoiled bytes, and another import brings them', async () => {
    await using place = await openPlace()
    await place.bring('docker.io/library/a:1', FILES)
    const { layers: [layer] } = await place.store.shelf.inspect('a:1')
    const blob = join(place.root, 'blobs', hexOf((layer?.blob ?? '') as Parameters<typeof hexOf>[0]))
    await writeFile(blob, (await readFile(blob)).fill(1, 40, 60))
    const found = await place.store.shelf.check([], { repair: false })
    expect(found.damage).toMatchObject([{ kind: 'blob', digest: layer?.blob, advice: 'bring the image again: pull it, or import its archive' }])
    await place.bring('docker.io/library/a:1', FILES)
    expect((await place.store.shelf.check([], { repair: false })).damage).toEqual([])
  })

  it('does not change a layer under a container', async () => {
    await using place = await openPlace()
    const { layers } = await place.bring('docker.io/library/a:1', FILES)
    const holder = join(place.folder, 'snapshot')
    await mkdir(holder)
    await place.store.hold(holder, layers)
    await writeFile(join(layers[0] ?? '', 'bin/tool'), 'TOOL')
    expect((await place.store.shelf.check([], { repair: true })).damage).toMatchObject([{ isRepaired: false, advice: expect.stringContaining('containers stand on this layer') as string }])
    expect(await readFile(join(layers[0] ?? '', 'bin/tool'), 'utf8')).toBe('TOOL')
  })
})
