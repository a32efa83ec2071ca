import { execFileSync } from 'node:child_process'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile, link } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { dockerArchive } from '../../deploy/images/make-busybox.ts'
import { systemSpecialFiles } from '../../node-agent/host/files-special.ts'
import { systemMounts } from '../../node-agent/host/mounts.ts'
import type { DiskImages } from '../../node-agent/images/disk-images.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import { packChanges } from '../../node-agent/images/pack-changes.ts'
import { createOverlaySnapshots, type Snapshots } from '../../node-agent/snapshots/snapshots.ts'
import { silentLog } from '../../shared/kit/log.ts'

/** What a container changed becomes a layer, and that layer shows the same files again: by way of a real overlayfs. */

interface Place extends AsyncDisposable {
  readonly folder: string
  readonly store: DiskImages
  readonly snapshots: Snapshots
  readonly rootfs: string
  /** The changed files as an image's root folder again. */
  committed(name: string, mountPoints?: readonly string[]): Promise<string>
}

const special = systemSpecialFiles()

async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-commit-'))
  const mounts = systemMounts()
  // A memory file system: some hosts' /tmp is an overlay itself, which cannot lie under another.
  await mounts.mount({ type: 'tmpfs', source: 'gantry-test', target: folder, data: 'size=64m' })
  const store = await createImageStore({ root: join(folder, 'store'), log: silentLog })
  const snapshots = await createOverlaySnapshots({ root: join(folder, 'snapshots'), mounts })
  await writeFile(join(folder, 'base.tar'), dockerArchive('docker.io/library/base:1', [{ name: 'etc/', kind: 'folder', mode: 0o755 }, { name: 'etc/gone', content: 'x' }, { name: 'etc/kept', content: 'old' }, { name: 'data/', kind: 'folder', mode: 0o750 }, { name: 'data/one', content: '1' }, { name: 'bin/', kind: 'folder', mode: 0o755 }, { name: 'bin/tool', mode: 0o755, content: 'tool' }]))
  const [base] = await store.importArchive(join(folder, 'base.tar'))
  const { rootfs } = await snapshots.prepare('c', base?.layers ?? [])
  return {
    folder,
    store,
    snapshots,
    rootfs,
    async committed(name, mountPoints = []) {
      const image = await store.derive('base:1', { tar: packChanges(await snapshots.changes('c'), { special, mountPoints }), name, createdBy: 'test', comment: '' })
      return (await snapshots.prepare('again', image.layers)).rootfs
    },
    async [Symbol.asyncDispose]() {
      for (const key of await snapshots.list()) await snapshots.remove(key)
      await mounts.unmount(folder)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Kind, mode, owner, size and content of all files. */
async function tree(root: string, way = ''): Promise<readonly string[]> {
  const lines: string[] = []
  for (const name of (await readdir(join(root, way))).sort()) {
    const path = join(way, name)
    const about = await lstat(join(root, path))
    lines.push(`${path} ${about.mode.toString(8)} ${about.uid}:${about.gid} ${about.isFile() ? `${about.nlink} ${await readFile(join(root, path), 'base64')}` : about.rdev}`)
    if (about.isDirectory()) lines.push(...(await tree(root, path)))
  }
  return lines
}

it('shows the same files again: new, changed, deleted, replaced, linked and special ones', async () => {
  await using place = await openPlace()
  const at = (path: string): string => join(place.rootfs, path)
  await rm(at('etc/gone'))
  await writeFile(at('etc/kept'), 'new')
  await rm(at('data'), { recursive: true })
  await mkdir(at('data'), { mode: 0o700 })
  await writeFile(at('data/two'), '2')
  await chmod(at('bin/tool'), 0o4755)
  await mkdir(at(`${'deep/'.repeat(25)}er`), { recursive: true })
  await writeFile(at(`${'deep/'.repeat(25)}er/${'long'.repeat(30)} ünïcode`), 'x'.repeat(3000))
  await link(at('etc/kept'), at('etc/linked'))
  await symlink('/etc/kept', at('etc/symbolic'))
  await special.makeNode(at('pipe'), { kind: 'pipe', major: 0, minor: 0, mode: 0o600 })
  await special.makeNode(at('zero'), { kind: 'char', major: 1, minor: 5, mode: 0o666 })
  await writeFile(at('moved'), 'm')
  await rename(at('moved'), at('bin/moved'))
  const again = await place.committed('changed:1')
  expect(await tree(again)).toEqual(await tree(place.rootfs))
  expect((await place.store.shelf.check([], { repair: false })).damage).toEqual([])
  const history = await place.store.shelf.history('changed:1')
  expect(history.map(({ createdBy }) => createdBy)).toEqual(['hand', 'test'])
  expect((await place.store.find('changed:1'))?.config.cmd).toEqual(['sh'])
})

it('leaves out what was only made to be mounted on', async () => {
  await using place = await openPlace()
  const at = (path: string): string => join(place.rootfs, path)
  execFileSync('sh', ['-c', `cd ${place.rootfs} && mkdir -p dev proc sys var/run/secrets/token opt/mine && touch etc/hosts etc/resolv.conf dev/null2 && echo real >etc/hostname && echo x >opt/mine/f`])
  const again = await place.committed('plain:1', ['/etc/hosts', '/etc/hostname', '/etc/resolv.conf', '/var/run/secrets/token', '/opt/mine'])
  expect((await readdir(join(again, 'etc'))).sort()).toEqual(['gone', 'hostname', 'kept'])
  expect((await readdir(again)).sort()).toEqual(['bin', 'data', 'etc', 'opt'])
  expect(await readFile(join(again, 'opt/mine/f'), 'utf8')).toBe('x\n')
  expect((await lstat(at('etc/hosts'))).size).toBe(0)
})

it('of no changes is an image with one empty layer more; a bad name and a missing base are refused, and nothing is left', async () => {
  await using place = await openPlace()
  const again = await place.committed('same:1')
  expect(await tree(again)).toEqual(await tree(place.rootfs))
  const tar = async function* (): AsyncGenerator<Buffer> {
    yield Buffer.alloc(1024)
  }
  await expect(place.store.derive('base:1', { tar: tar(), name: 'No', createdBy: '', comment: '' })).rejects.toMatchObject({ code: 'invalid' })
  await expect(place.store.derive('none:1', { tar: tar(), createdBy: '', comment: '' })).rejects.toMatchObject({ code: 'not-found' })
  expect(await readdir(join(place.folder, 'store/staging'))).toEqual([])
})
