import { chmod, chown, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { removeTree } from '../../node-agent/host/files.ts'
import { systemSpecialFiles } from '../../node-agent/host/files-special.ts'
import { type Mounts, programOnlyMounts, systemMounts } from '../../node-agent/host/mounts.ts'
import { snapshotsContract, type SnapshotsHarness } from '../../node-agent/snapshots/contract.ts'
import { createOverlaySnapshots } from '../../node-agent/snapshots/snapshots.ts'

import { openUsers, ownersCanBeMapped } from './own-users.ts'

interface Place extends SnapshotsHarness {
  readonly root: string
  readonly folder: string
  readonly mounts: Mounts
}

async function openPlace(mounts: Mounts): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-snapshots-'))
  const root = join(folder, 'snapshots')
  let layers = 0
  return {
    folder,
    root,
    mounts,
    snapshots: await createOverlaySnapshots({ root, mounts }),
    async layer(files) {
      const path = join(folder, 'layers', String(++layers).padStart(24, '0'))
      await mkdir(path, { recursive: true })
      for (const [name, content] of Object.entries(files)) await writeFile(join(path, name), content)
      return path
    },
    async [Symbol.asyncDispose]() {
      for (const point of (await mounts.list()).filter(({ target }) => target.startsWith(`${folder}/`))) await mounts.unmount(point.target)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

it.skipIf(!(await ownersCanBeMapped()))('are shown with the owners of a pod, and keep theirs on disk, also over a loss of the mounts', async () => {
  const mounts = systemMounts()
  await using place = await openPlace(mounts)
  await using users = await openUsers(join(place.folder, 'ns'), 6_553_600)
  const open = join(place.folder, 'open')
  const snapshots = await createOverlaySnapshots({ root: place.root, open, mounts })
  const layer = await place.layer({ a: '1', b: '2' })
  await chown(join(layer, 'b'), 1000, 1000)
  const { rootfs } = await snapshots.prepare('one', [layer], { ownersPath: users.ownersPath })
  expect(rootfs.startsWith(open)).toBe(true)
  expect((await stat(join(rootfs, 'a'))).uid).toBe(6_553_600)
  await chown(join(rootfs, 'a'), 6_553_605, 6_553_605)
  await rm(join(rootfs, 'b'))
  expect((await stat(join(await snapshots.changes('one'), 'a'))).uid).toBe(5)
  // Who forgot whose it is finds the same.
  expect(await snapshots.prepare('one', [layer])).toEqual({ rootfs })
  await mounts.unmount(rootfs)
  expect(await snapshots.prepare('one', [layer], { ownersPath: users.ownersPath })).toEqual({ rootfs })
  expect([(await stat(join(rootfs, 'a'))).uid, await readdir(rootfs)]).toEqual([6_553_605, ['a']])
  await snapshots.remove('one')
  expect([await snapshots.list(), await readdir(open), (await mounts.list()).filter(({ target, type }) => target.startsWith(place.folder) && type !== 'nsfs')]).toEqual([[], [], []])
})

it.skipIf(!(await ownersCanBeMapped()))('leave every layer of the node whole where an agent was killed between showing them and hiding them again', async () => {
  const mounts = systemMounts()
  await using place = await openPlace(mounts)
  await using users = await openUsers(join(place.folder, 'ns'), 6_619_136)
  const layers = [await place.layer({ a: '1' }), await place.layer({ b: '2' })]
  /** As often as such an agent was started again and killed again. */
  const leave = async (key: string, times: number): Promise<void> => {
    for (const [name, folder] of [['0', join(place.folder, 'layers')], ['1', join(place.root, key)]] as const) {
      const at = join(place.root, '.mapped', key, name)
      await mkdir(folder, { recursive: true })
      await mkdir(at, { recursive: true })
      for (let left = times; left > 0; left--) await mounts.bindMapped(folder, at, users.ownersPath)
    }
  }
  const left = async (): Promise<readonly string[]> => (await mounts.list()).map(({ target }) => target).filter((target) => target.includes('/.mapped/'))
  for (const [key, times] of [['once', 1], ['often', 3]] as const) {
    await leave(key, times)
    const { rootfs } = await place.snapshots.prepare(key, layers, { ownersPath: users.ownersPath })
    expect([(await readdir(rootfs)).sort(), await left()]).toEqual([['a', 'b'], []])
    await leave(key, times)
    await place.snapshots.remove(key)
    expect([await Promise.all(layers.map((layer) => readdir(layer))), await left()]).toEqual([[['a'], ['b']], []])
  }
  expect(await readdir(join(place.root, '.mapped'))).toEqual([])
})

it('remove nothing from within a place where folders are shown with other owners', async () => {
  await using place = await openPlace(systemMounts())
  const layer = await place.layer({ a: '1' })
  const at = join(place.root, '.mapped/one/0')
  await mkdir(at, { recursive: true })
  await place.mounts.bind(join(place.folder, 'layers'), at)
  // One that nothing unmounts.
  const stuck = await createOverlaySnapshots({ root: place.root, mounts: { ...place.mounts, unmount: async () => false } })
  await expect(stuck.remove('one')).rejects.toMatchObject({ code: 'conflict' })
  expect(await readdir(layer)).toEqual(['a'])
})

const variants = { 'by calls': systemMounts, 'by programs': programOnlyMounts }

for (const [name, make] of Object.entries(variants)) {
  snapshotsContract(`overlayfs ${name}`, () => openPlace(make()))

  describe(`overlayfs ${name}`, () => {
    it('shows the layers as one, keeps writes apart, and counts them', async () => {
      await using place = await openPlace(make())
      const layers = [await place.layer({ a: 'low', b: 'low' }), await place.layer({ b: 'high' })]
      const one = (await place.snapshots.prepare('one', layers)).rootfs
      const two = (await place.snapshots.prepare('two', layers)).rootfs
      expect(await readFile(join(one, 'b'), 'utf8')).toBe('high')
      await writeFile(join(one, 'a'), 'x'.repeat(100_000))
      await rm(join(one, 'b'))
      expect(await readdir(one)).toEqual(['a'])
      expect(await readFile(join(two, 'a'), 'utf8')).toBe('low')
      expect(await readFile(join(layers[0] ?? '', 'a'), 'utf8')).toBe('low')
      expect((await place.snapshots.usage('one')).bytes).toBeGreaterThanOrEqual(100_000)
      expect((await place.snapshots.usage('two')).bytes).toBeLessThan(10_000)
    })

    it('is mounted again, with what was written, when the mounts were lost', async () => {
      await using place = await openPlace(make())
      const layers = [await place.layer({ a: '1' })]
      const { rootfs } = await place.snapshots.prepare('one', layers)
      await writeFile(join(rootfs, 'new'), 'kept')
      await place.mounts.unmount(rootfs)
      expect(await readdir(rootfs)).toEqual([])
      const again = await createOverlaySnapshots({ root: place.root, mounts: place.mounts })
      expect(await again.prepare('one', layers)).toEqual({ rootfs })
      expect((await readdir(rootfs)).sort()).toEqual(['a', 'new'])
      await again.prepare('one', layers)
      expect((await place.mounts.list()).filter(({ target }) => target === rootfs)).toHaveLength(1)
    })

    it('leaves nothing mounted and nothing on disk', async () => {
      await using place = await openPlace(make())
      const { rootfs } = await place.snapshots.prepare('one', [await place.layer({ a: '1' })])
      await mkdir(join(rootfs, 'deep/er'), { recursive: true })
      await place.snapshots.remove('one')
      expect((await place.mounts.list()).filter(({ target }) => target.startsWith(place.root))).toEqual([])
      expect(await readdir(place.root)).toEqual(['.empty'])
    })

    it('stacks 120 layers', async () => {
      await using place = await openPlace(make())
      const layers: string[] = []
      for (let at = 0; at < 120; at++) layers.push(await place.layer({ [`f${at}`]: '', same: String(at) }))
      const { rootfs } = await place.snapshots.prepare('many', layers)
      expect(await readdir(rootfs)).toHaveLength(121)
      expect(await readFile(join(rootfs, 'same'), 'utf8')).toBe('119')
    })
  })
}

describe('overlayfs', () => {
  it('shows the root folder with owner and mode of the topmost layer', async () => {
    await using place = await openPlace(systemMounts())
    const top = await place.layer({ a: '1' })
    await chmod(top, 0o1711)
    await chown(top, 3, 4)
    const { rootfs } = await place.snapshots.prepare('one', [await place.layer({}), top])
    expect(await stat(rootfs)).toMatchObject({ mode: 0o041711, uid: 3, gid: 4 })
  })

  it('knows whiteouts and opaque folders as the unpacker writes them', async () => {
    await using place = await openPlace(systemMounts())
    const special = systemSpecialFiles()
    const low = await place.layer({ gone: '1' })
    await mkdir(join(low, 'd'))
    await writeFile(join(low, 'd/old'), '')
    const high = await place.layer({})
    await special.makeNode(join(high, 'gone'), { kind: 'char', major: 0, minor: 0, mode: 0 })
    await mkdir(join(high, 'd'))
    await special.setAttribute(join(high, 'd'), 'trusted.overlay.opaque', Buffer.from('y'))
    const { rootfs } = await place.snapshots.prepare('one', [low, high])
    expect(await readdir(rootfs)).toEqual(['d'])
    expect(await readdir(join(rootfs, 'd'))).toEqual([])
  })

  it('says which layer is missing', async () => {
    await using place = await openPlace(systemMounts())
    await expect(place.snapshots.prepare('one', ['/nowhere/layer'])).rejects.toMatchObject({ code: 'not-found' })
  })

  it('refuses keys that are paths', async () => {
    await using place = await openPlace(systemMounts())
    for (const key of ['..', '../x', 'a/b', '', '.empty']) await expect(place.snapshots.prepare(key, [])).rejects.toMatchObject({ code: 'invalid' })
  })
})

describe('removeTree', () => {
  it('does not empty what is still mounted inside', async () => {
    await using place = await openPlace(systemMounts())
    const inside = join(place.folder, 'tree/mnt')
    await mkdir(inside, { recursive: true })
    await place.mounts.mount({ type: 'tmpfs', source: 'gantry-test', target: inside, data: 'size=64k' })
    await writeFile(join(inside, 'precious'), '1')
    await expect(removeTree(join(place.folder, 'tree'))).rejects.toThrow(/ENOTEMPTY|EBUSY/)
    expect(await readFile(join(inside, 'precious'), 'utf8')).toBe('1')
  })

  it.each(['tree', 'tree/deep/mnt'])('does not empty a folder of the same file system that is bound to %s', async (name) => {
    await using place = await openPlace(systemMounts())
    const [precious, at] = [join(place.folder, 'precious'), join(place.folder, name)]
    for (const folder of [precious, at]) await mkdir(folder, { recursive: true })
    await writeFile(join(precious, 'file'), '1')
    for (const _ of [1, 2]) await place.mounts.bind(precious, at)
    await expect(removeTree(join(place.folder, 'tree'))).rejects.toMatchObject({ code: expect.stringMatching(/ENOTEMPTY|EBUSY/) })
    expect(await readFile(join(precious, 'file'), 'utf8')).toBe('1')
    for (const _ of [1, 2]) await place.mounts.unmount(at)
    await removeTree(join(place.folder, 'tree'))
    expect((await readdir(place.folder)).sort()).toEqual(['precious', 'snapshots'])
  })
})
