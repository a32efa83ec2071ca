import { execFileSync, spawn } from 'node:child_process'
import { mkdir, mkdtemp, open, readdir, readFile, rm, stat, lstat, readlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tmpdir } from 'node:os'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { makeBusyboxImages } from '../../deploy/images/make-busybox.ts'
import { systemSpecialFiles } from '../../node-agent/host/files-special.ts'
import { imageStoreContract } from '../../node-agent/images/contract.ts'
import { digestOf, hexOf } from '../../node-agent/images/digest.ts'
import { createImageStore, resolveUser } from '../../node-agent/images/images.ts'
import type { DiskImages } from '../../node-agent/images/disk-images.ts'
import type { Image } from '../../node-agent/images/port.ts'
import { type TarInput, writeTar } from '../../node-agent/images/tar-writer.ts'
import { silentLog } from '../../shared/kit/log.ts'

const imagesModule = new URL('../../node-agent/images/images.ts', import.meta.url).href

interface Place extends AsyncDisposable {
  readonly folder: string
  readonly root: string
  readonly store: DiskImages
}

async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-images-'))
  const root = join(folder, 'store')
  const store = await createImageStore({ root, log: silentLog })
  return { folder, root, store, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

interface LayerInput {
  readonly bytes: Buffer
  /** Said instead of the truth. */
  readonly diffId?: string
}

const configOf = (layers: readonly LayerInput[], more: object = {}): string =>
  JSON.stringify({ architecture: process.arch === 'arm64' ? 'arm64' : 'amd64', os: 'linux', config: { Env: ['A=1'], Cmd: ['sh'], User: '33:users' }, rootfs: { type: 'layers', diff_ids: layers.map(({ bytes, diffId }) => diffId ?? digestOf(bytes)) }, ...more })

function dockerTar(names: readonly string[], layers: readonly LayerInput[]): Buffer {
  const config = configOf(layers)
  const configName = `${hexOf(digestOf(config))}.json`
  return writeTar([
    { name: configName, content: config },
    ...layers.map(({ bytes }, at) => ({ name: `l${at}/layer.tar`, content: bytes })),
    { name: 'manifest.json', content: JSON.stringify([{ Config: configName, RepoTags: names, Layers: layers.map((_, at) => `l${at}/layer.tar`) }]) },
  ])
}

const layerOf = (...entries: TarInput[]): LayerInput => ({ bytes: writeTar(entries) })

imageStoreContract('disk', async () => {
  const place = await openPlace()
  return {
    ...place,
    async archive(names, content) {
      const file = join(place.folder, `${names.length}-${content}.tar`)
      await writeFile(file, dockerTar(names, [layerOf({ name: 'f', content })]))
      return file
    },
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  }
})

const leftovers = async (root: string): Promise<readonly string[]> => (await Promise.all(['layers', 'blobs', 'leases', 'images', 'names', 'staging'].map((name) => readdir(join(root, name))))).flat()

const SPARSE_BYTES = 3 << 20

describe('import of layers', () => {
  const importLayers = async (place: Place, layers: readonly LayerInput[]): Promise<readonly string[]> => {
    const file = join(place.folder, 'a.tar')
    await writeFile(file, dockerTar(['app:1'], layers))
    const [image] = await place.store.importArchive(file)
    return image?.layers ?? []
  }

  it('keeps modes, owners, links, devices, long names and times', async () => {
    await using place = await openPlace()
    const tree = join(place.folder, 'tree')
    const long = `${'deep/'.repeat(30)}${'n'.repeat(150)}`
    execFileSync('sh', ['-c', `mkdir -p ${join(tree, long, '..')} && cd ${tree} && echo x >${long} && ln -s ${'t'.repeat(99)} link && ln -s ${'t'.repeat(120)} far && ln ${long} hard && cp /bin/true suid && chown 12:34 suid && chmod 4755 suid && mknod pipe p && mknod zero c 1 5 && mkdir -m 1777 tmp && touch -d @1000000000 tmp suid`])
    for (const format of ['gnu', 'pax', 'ustar']) {
      const source = format === 'ustar' ? ['suid', 'link', 'pipe', 'zero', 'tmp'] : ['.']
      const bytes = execFileSync('tar', ['-C', tree, `--format=${format}`, '-c', ...source], { maxBuffer: 1 << 26 })
      const folder = (await importLayers(place, [{ bytes }]))[0] ?? ''
      expect((await lstat(join(folder, 'suid'))).mode & 0o7777).toBe(0o4755)
      expect(await lstat(join(folder, 'suid'))).toMatchObject({ uid: 12, gid: 34, mtimeMs: 1e12 })
      expect(await lstat(join(folder, 'tmp'))).toMatchObject({ mode: 0o041777, mtimeMs: 1e12 })
      expect((await lstat(join(folder, 'pipe'))).isFIFO()).toBe(true)
      expect(await lstat(join(folder, 'zero'))).toMatchObject({ rdev: (1 << 8) | 5 })
      expect(await readlink(join(folder, 'link'))).toBe('t'.repeat(99))
      if (format === 'ustar') continue
      expect(await readlink(join(folder, 'far'))).toBe('t'.repeat(120))
      expect(await readFile(join(folder, long), 'utf8')).toBe('x\n')
      expect((await lstat(join(folder, 'hard'))).ino).toBe((await lstat(join(folder, long))).ino)
    }
  })

  it('keeps the holes of sparse files, whichever way the archive says them', async () => {
    await using place = await openPlace()
    const tree = join(place.folder, 'tree')
    // More parts than fit into a header and into one block after it.
    await mkdir(tree)
    const holes = await open(join(tree, 'h'.repeat(120)), 'w')
    for (let part = 1; part <= 30; part++) await holes.write(`part${part}`, part * 65_536)
    await holes.truncate(SPARSE_BYTES)
    await holes.close()
    execFileSync('truncate', ['-s', '1M', join(tree, 'empty')])
    const truth = digestOf(await readFile(join(tree, 'h'.repeat(120))))
    for (const format of ['--format=gnu', '--format=pax --sparse-version=0.0', '--format=pax --sparse-version=0.1', '--format=pax --sparse-version=1.0']) {
      const bytes = execFileSync('tar', ['-C', tree, '-S', ...format.split(' '), '-c', '.'], { maxBuffer: 1 << 26 })
      expect(bytes.length).toBeLessThan(SPARSE_BYTES / 4)
      const folder = (await importLayers(place, [{ bytes }]))[0] ?? ''
      const about = await lstat(join(folder, 'h'.repeat(120)))
      expect(about.size, format).toBe(SPARSE_BYTES)
      expect(about.blocks * 512, format).toBeLessThan(SPARSE_BYTES / 4)
      expect(digestOf(await readFile(join(folder, 'h'.repeat(120)))), format).toBe(truth)
      expect((await lstat(join(folder, 'empty'))).size, format).toBe(1 << 20)
      expect((await place.store.shelf.check([], { repair: false })).damage, format).toEqual([])
    }
  })

  it('keeps extended attributes and capabilities of files, and block devices', async () => {
    await using place = await openPlace()
    const tree = join(place.folder, 'tree')
    execFileSync('sh', ['-c', `mkdir ${tree} && cd ${tree} && cp /bin/true tool && mknod disk b 7 99`])
    const special = systemSpecialFiles()
    await special.setAttribute(join(tree, 'tool'), 'user.colour', Buffer.from('blue'))
    // cap_net_raw, permitted and effective (linux/capability.h, vfs_cap_data of revision 2).
    const capability = Buffer.from('0100000200200000000000000000000000000000', 'hex')
    await special.setAttribute(join(tree, 'tool'), 'security.capability', capability)
    const packed = (from: string): Buffer => execFileSync('tar', ['-C', from, '--format=pax', '--xattrs', '--xattrs-include=*', '-c', 'tool', 'disk'], { maxBuffer: 1 << 26 })
    const first = packed(tree)
    const folder = (await importLayers(place, [{ bytes: first }]))[0] ?? ''
    const again = packed(folder)
    // Before Linux 6.6 a file system in memory takes no attributes of users.
    const colour = 'SCHILY.xattr.user.colour=blue\n'
    expect(again.includes(colour)).toBe(first.includes(colour))
    expect(again.includes(Buffer.concat([Buffer.from('SCHILY.xattr.security.capability='), capability]))).toBe(true)
    expect(await lstat(join(folder, 'disk'))).toMatchObject({ rdev: (7 << 8) | 99 })
    expect((await lstat(join(folder, 'disk'))).isBlockDevice()).toBe(true)
  })

  it('turns whiteouts into what overlayfs knows', async () => {
    await using place = await openPlace()
    const [, upper = ''] = await importLayers(place, [layerOf({ name: 'a', content: '1' }, { name: 'd/b', content: '2' }), layerOf({ name: '.wh.a' }, { name: 'd/', kind: 'folder', mode: 0o755 }, { name: 'd/.wh..wh..opq' })])
    expect(await lstat(join(upper, 'a'))).toMatchObject({ rdev: 0 })
    expect((await lstat(join(upper, 'a'))).isCharacterDevice()).toBe(true)
    expect(execFileSync('busybox', ['sh', '-c', `cd ${upper} && ls -A . d`], { encoding: 'utf8' })).toBe('.:\na\nd\n\nd:\n')
  })

  it('takes owner and mode of a folder the archive leaves out from the layer below', async () => {
    await using place = await openPlace()
    const upper = layerOf({ name: 'srv/f', content: 'x' })
    const [, one = ''] = await importLayers(place, [layerOf({ name: 'srv/', kind: 'folder', mode: 0o2770, uid: 7, gid: 8 }), upper])
    expect(await lstat(join(one, 'srv'))).toMatchObject({ mode: 0o042770, uid: 7, gid: 8 })
    const [, two = ''] = await importLayers(place, [layerOf({ name: 'srv/', kind: 'folder', mode: 0o700 }), upper])
    expect(await lstat(join(two, 'srv'))).toMatchObject({ mode: 0o040700, uid: 0, gid: 0 })
    expect(await lstat(join(one, 'srv'))).toMatchObject({ mode: 0o042770, uid: 7, gid: 8 })
  })

  it('keeps the root folder’s owner and mode through layers that do not name it', async () => {
    await using place = await openPlace()
    const [base = '', upper = ''] = await importLayers(place, [layerOf({ name: './', kind: 'folder', mode: 0o555, uid: 5 }, { name: 'a' }), layerOf({ name: 'b' })])
    for (const folder of [base, upper]) expect(await lstat(folder)).toMatchObject({ mode: 0o040555, uid: 5 })
  })

  it.each<readonly [string, readonly TarInput[]]>([
    ['a name with ..', [{ name: '../escape', content: 'x' }]],
    ['a name with .. inside', [{ name: 'a/../../escape', content: 'x' }]],
    ['a hard link to outside', [{ name: 'l', kind: 'hardlink', link: '../../etc/passwd' }]],
    ['a hard link to what is not in the layer', [{ name: 'l', kind: 'hardlink', link: '/etc/passwd' }]],
    ['a folder that is a link upwards', [{ name: 'up', kind: 'symlink', link: '../../..' }, { name: 'up/escape', content: 'x' }]],
    ['a whiteout upwards', [{ name: 'd/.wh...', content: '' }]],
    ['a link that climbs out in many steps', [{ name: 'l', kind: 'symlink', link: '../'.repeat(30) }, { name: 'l/f', content: 'x' }]],
    ['links in a circle', [{ name: 'a', kind: 'symlink', link: 'b' }, { name: 'b', kind: 'symlink', link: 'a' }, { name: 'a/f', content: 'x' }]],
  ])('refuses %s and leaves nothing', async (_, entries) => {
    await using place = await openPlace()
    await expect(importLayers(place, [layerOf(...entries)])).rejects.toMatchObject({ code: 'invalid' })
    expect(await leftovers(place.root)).toEqual([])
    expect(await readdir(place.folder)).toEqual(['a.tar', 'store'])
  })

  it('keeps what goes through an absolute link inside the layer', async () => {
    await using place = await openPlace()
    const [folder = ''] = await importLayers(place, [layerOf({ name: 'etc/', kind: 'folder', mode: 0o755 }, { name: 'conf', kind: 'symlink', link: '/etc' }, { name: 'conf/gantry-escape', content: 'x' })])
    expect(await readFile(join(folder, 'etc/gantry-escape'), 'utf8')).toBe('x')
    await expect(stat('/etc/gantry-escape')).rejects.toThrow()
  })

  it('refuses a layer that is not what its digest says, with both digests', async () => {
    await using place = await openPlace()
    const lie = `sha256:${'1'.repeat(64)}`
    await expect(importLayers(place, [{ ...layerOf({ name: 'f' }), diffId: lie }])).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining(`expected ${lie}`) as string })
    expect(await leftovers(place.root)).toEqual([])
  })

  it('sweeps what a dead process left behind, and nothing of a living one', async () => {
    await using place = await openPlace()
    const live = `${process.pid}-${(await readFile('/proc/self/stat', 'utf8')).split(' ')[21]}-abc`
    for (const name of ['999999-1-abc', `${process.pid}-1-abc`, live]) await mkdir(join(place.root, 'staging', name, 'half'), { recursive: true })
    await createImageStore({ root: place.root, log: silentLog })
    expect(await readdir(join(place.root, 'staging'))).toEqual([live])
  })

  it('is shared by several stores that import at the same time', async () => {
    await using place = await openPlace()
    const file = join(place.folder, 'a.tar')
    await writeFile(file, dockerTar(['app:1'], [layerOf({ name: 'f', content: 'x'.repeat(100_000) }), layerOf({ name: 'g' })]))
    const stores = await Promise.all([1, 2, 3, 4].map(() => createImageStore({ root: place.root, log: silentLog })))
    const images = await Promise.all(stores.map((store) => store.importArchive(file)))
    expect(new Set(images.map((list) => JSON.stringify(list))).size).toBe(1)
    expect(await readdir(join(place.root, 'layers'))).toHaveLength(2)
    expect(await readdir(join(place.root, 'staging'))).toEqual([])
  })
})

describe('what images are made of', () => {
  const importOne = async (place: Place, name: string, layers: readonly LayerInput[]): Promise<Image> => {
    const file = join(place.folder, `${name.replace(':', '-')}.tar`)
    await writeFile(file, dockerTar([name], layers))
    const [image] = await place.store.importArchive(file)
    if (image === undefined) throw new Error('nothing was imported')
    return image
  }
  const base = layerOf({ name: 'base', content: 'b' })

  it('goes with the last image that needs it, and its bytes are told', async () => {
    await using place = await openPlace()
    await importOne(place, 'a:1', [base, layerOf({ name: 'a', content: 'x'.repeat(100_000) })])
    const two = await importOne(place, 'b:1', [base])
    await place.store.remove('a:1')
    expect(await readdir(join(place.root, 'layers'))).toHaveLength(1)
    expect(await readFile(join(two.layers[0] ?? '', 'base'), 'utf8')).toBe('b')
    await place.store.remove('b:1')
    expect(await leftovers(place.root)).toEqual([])
    expect(await place.store.reclaim()).toEqual({ layers: 0, blobs: 0, mounts: 0, bytes: 0 })
  })

  it('stays while somebody stands on it, whoever removes the image, and goes after him', async () => {
    await using place = await openPlace()
    const { layers } = await importOne(place, 'a:1', [base])
    const holder = join(place.folder, 'snapshot')
    await mkdir(holder)
    await place.store.hold(holder, layers)
    // Another agent of the host, and one that started since.
    const other = await createImageStore({ root: place.root, log: silentLog })
    await other.remove('a:1')
    expect(await readFile(join(layers[0] ?? '', 'base'), 'utf8')).toBe('b')
    await rm(holder, { recursive: true })
    expect(await other.reclaim()).toMatchObject({ layers: 1 })
    expect(await leftovers(place.root)).toEqual([])
  })

  it('cannot be held once it is gone', async () => {
    await using place = await openPlace()
    const { layers } = await importOne(place, 'a:1', [base])
    await place.store.remove('a:1')
    await mkdir(join(place.folder, 'snapshot'))
    await expect(place.store.hold(join(place.folder, 'snapshot'), layers)).rejects.toMatchObject({ code: 'not-found' })
  })

  it('is never swept from under an import, however they meet', async () => {
    await using place = await openPlace()
    const file = join(place.folder, 'a.tar')
    await writeFile(file, dockerTar(['a:1'], [base, layerOf({ name: 'a' })]))
    const stores = await Promise.all([1, 2, 3].map(() => createImageStore({ root: place.root, log: silentLog })))
    let isOver = false
    const sweeping = stores.slice(1).map(async (store) => {
      while (!isOver) await store.reclaim()
    })
    for (let round = 0; round < 15; round++) {
      const [image] = (await stores[0]?.importArchive(file)) ?? []
      for (const layer of image?.layers ?? ['none']) expect((await stat(layer)).isDirectory()).toBe(true)
      await stores[0]?.remove('a:1')
    }
    isOver = true
    await Promise.all(sweeping)
    expect(await leftovers(place.root)).toEqual([])
  })
})

describe('an import that is killed', () => {
  it('leaves nothing half-made, wherever it was', async () => {
    await using place = await openPlace()
    const [file = ''] = makeBusyboxImages(place.folder)
    const script = `import { createImageStore } from ${JSON.stringify(imagesModule)}
      const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
      const store = await createImageStore({ root: process.argv[1], log })
      process.stdout.write('ready')
      await store.importArchive(process.argv[2])`
    for (let waitMs = 0; waitMs < 100; waitMs += 9) {
      const root = join(place.folder, `killed-${waitMs}`)
      const child = spawn(process.execPath, ['--input-type=module', '-e', script, root, file], { stdio: ['ignore', 'pipe', 'inherit'] })
      await new Promise((resolve) => child.stdout.once('data', resolve))
      await new Promise((resolve) => setTimeout(resolve, waitMs))
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve))
      const store = await createImageStore({ root, log: silentLog })
      expect(await readdir(join(root, 'staging'))).toEqual([])
      const whole = async (): Promise<boolean> => {
        const layers = await readdir(join(root, 'layers'))
        return layers.length === 1 && (await readdir(join(root, 'layers', layers[0] ?? '', 'etc'))).sort().join() === 'group,passwd,shadow'
      }
      if ((await readdir(join(root, 'layers'))).length > 0) expect(await whole()).toBe(true)
      if ((await store.find('busybox:1.35')) !== undefined) expect(await whole()).toBe(true)
      await store.importArchive(file)
      expect(await whole()).toBe(true)
    }
  })
})

describe('OCI layouts', () => {
  const pack = { plain: (bytes: Buffer) => bytes, gzip: (bytes: Buffer) => gzipSync(bytes), zstd: (bytes: Buffer) => zstdCompressSync(bytes) }

  /** A layout of one image behind an index of two platforms, as entries. */
  function layout(compress: (bytes: Buffer) => Buffer, spoil = false): { readonly entries: readonly TarInput[]; readonly index: string } {
    const layer = layerOf({ name: 'f', content: 'hello' })
    const blob = compress(layer.bytes)
    const config = configOf([layer])
    const manifest = JSON.stringify({ schemaVersion: 2, config: { digest: digestOf(config) }, layers: [{ digest: digestOf(blob) }] })
    const platforms = JSON.stringify({ manifests: [{ digest: `sha256:${'0'.repeat(64)}`, platform: { os: 'linux', architecture: 's390x' } }, { digest: digestOf(manifest), platform: { os: 'linux', architecture: process.arch === 'arm64' ? 'arm64' : 'amd64' } }] })
    const stored = spoil ? Buffer.concat([blob, Buffer.from([0])]) : blob
    const blobs = [[digestOf(config), config], [digestOf(manifest), manifest], [digestOf(platforms), platforms], [digestOf(blob), stored]] as const
    const index = JSON.stringify({ schemaVersion: 2, manifests: [{ digest: digestOf(platforms), annotations: { 'io.containerd.image.name': 'docker.io/library/oci:1' } }] })
    return { index: digestOf(platforms), entries: [...blobs.map(([digest, content]) => ({ name: `blobs/sha256/${hexOf(digest)}`, content })), { name: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' }, { name: 'index.json', content: index }] }
  }

  it.each(Object.entries(pack))('as a tar with %s layers', async (_, compress) => {
    await using place = await openPlace()
    const { entries, index } = layout(compress)
    const file = join(place.folder, 'oci.tar.gz')
    await writeFile(file, compress(writeTar(entries)))
    const [image] = await place.store.importArchive(file)
    expect(image).toMatchObject({ tags: ['docker.io/library/oci:1'], digests: [`docker.io/library/oci@${index}`], config: { env: ['A=1'], user: '33:users' } })
    expect(await readFile(join(image?.layers[0] ?? '', 'f'), 'utf8')).toBe('hello')
    expect((await place.store.find(`oci@${index}`))?.id).toBe(image?.id)
  })

  it('as a folder', async () => {
    await using place = await openPlace()
    const folder = join(place.folder, 'layout')
    await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
    for (const { name, content } of layout(pack.gzip).entries) await writeFile(join(folder, name), content ?? '')
    expect(await place.store.importArchive(folder)).toMatchObject([{ tags: ['docker.io/library/oci:1'] }])
  })

  it('with a spoiled blob are refused, and nothing is left', async () => {
    await using place = await openPlace()
    const file = join(place.folder, 'oci.tar')
    await writeFile(file, writeTar(layout(pack.plain, true).entries))
    await expect(place.store.importArchive(file)).rejects.toMatchObject({ code: 'corrupt', message: expect.stringContaining('does not match its digest') as string })
    expect(await leftovers(place.root)).toEqual([])
    // Also when the true layer is there already.
    await writeFile(join(place.folder, 'good.tar'), writeTar(layout(pack.plain).entries))
    await place.store.importArchive(join(place.folder, 'good.tar'))
    await expect(place.store.importArchive(file)).rejects.toMatchObject({ code: 'corrupt' })
  })
})

describe('what is no image archive', () => {
  it.each([
    ['text', Buffer.from('no archive at all, and long enough for a block'.repeat(20)), 'corrupt'],
    ['an empty tar', writeTar([]), 'invalid'],
    ['a broken gzip', Buffer.concat([gzipSync(Buffer.alloc(5000, 7)).subarray(0, 20), Buffer.alloc(50, 255)]), 'corrupt'],
  ])('%s is refused', async (_, bytes, code) => {
    await using place = await openPlace()
    await writeFile(join(place.folder, 'x'), bytes)
    await expect(place.store.importArchive(join(place.folder, 'x'))).rejects.toMatchObject({ code })
    expect(await leftovers(place.root)).toEqual([])
  })

  it('a missing file is said to be missing', async () => {
    await using place = await openPlace()
    await expect(place.store.importArchive('/nowhere/x.tar')).rejects.toMatchObject({ code: 'not-found' })
  })
})

describe('the busybox images', () => {
  it('are imported, and their users are known', async () => {
    await using place = await openPlace()
    for (const file of makeBusyboxImages(place.folder)) await place.store.importArchive(file)
    const image = await place.store.find('busybox:1.36')
    const rootfs = image?.layers[0] ?? ''
    expect(await readFile(join(rootfs, 'etc/version'), 'utf8')).toBe('1.36\n')
    expect(await resolveUser(rootfs, 'www-data')).toMatchObject({ uid: 33, gid: 33, home: '/var/www' })
    expect(await resolveUser(rootfs, '')).toMatchObject({ uid: 0, gid: 0, supplementaryGids: [10], home: '/root' })
    expect(execFileSync('chroot', [rootfs, '/bin/sh', '-c', 'echo $((6*7))'], { encoding: 'utf8' })).toBe('42\n')
  })
})
