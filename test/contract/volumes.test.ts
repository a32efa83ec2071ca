import { mkdir, readdir, readFile, readlink, statfs, symlink, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { type Mounts, programOnlyMounts, systemMounts } from '../../node-agent/host/mounts.ts'
import { podWith, testSources, volumesContract } from '../../node-agent/volumes/contract.ts'
import { bindSubPath, createVolumes, makeSubPath, readInside } from '../../node-agent/volumes/volumes.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { openPlace, ownerAndMode, ready } from './volume-place.ts'

const execFileOf = promisify(execFile)

const TMPFS_MAGIC = 0x01021994
const HUGETLBFS_MAGIC = 0x958458f6
const HUGE_KB = 2048

const uid = podWith([]).metadata.uid ?? ''

for (const [name, make] of Object.entries({ 'by calls': systemMounts, 'by programs': programOnlyMounts })) volumesContract(`host, mounted ${name}`, () => openPlace(make()))

describe('emptyDir', () => {
  it('on disk is open to all, or belongs to the pod’s group', async () => {
    await using place = await openPlace()
    expect(await ownerAndMode(await ready(place.volumes, podWith([{ name: 'd', emptyDir: {} }])))).toBe('777 0:0')
    await place.volumes.remove(uid)
    expect(await ownerAndMode(await ready(place.volumes, podWith([{ name: 'd', emptyDir: {} }], { securityContext: { fsGroup: 2000 } })))).toBe('2777 0:2000')
  })

  it('keeps its content over prepare and a restart of the agent', async () => {
    await using place = await openPlace()
    const pod = podWith([{ name: 'd', emptyDir: {} }, { name: 'm', emptyDir: { medium: 'Memory' } }])
    const result = await place.volumes.prepare(pod, testSources())
    const paths = result.kind === 'ready' ? result.paths : {}
    for (const path of Object.values(paths)) await writeFile(join(path, 'x'), 'kept')
    expect(await (await place.open()).prepare(pod, testSources())).toEqual(result)
    for (const path of Object.values(paths)) expect(await readFile(join(path, 'x'), 'utf8')).toBe('kept')
  })

  it.skipIf(!existsSync(`/sys/kernel/mm/hugepages/hugepages-${HUGE_KB}kB`))('of huge pages is a file system of them, root’s or the pod’s group’s, mounted once, and is gone with the pod', async () => {
    const huge = (medium: string, more: object = {}): Pod => ({ ...podWith([{ name: 'h', emptyDir: { medium } }], more), spec: { ...more, volumes: [{ name: 'h', emptyDir: { medium } }], containers: [{ name: 'c', resources: { requests: { 'hugepages-2Mi': '4Mi' } } }] } })
    await using place = await openPlace()
    const path = await ready(place.volumes, huge('HugePages'))
    const { type, bsize } = await statfs(path)
    expect([type, bsize, await ownerAndMode(path)]).toEqual([HUGETLBFS_MAGIC, HUGE_KB * 1024, '755 0:0'])
    expect(await ready(await place.open(), huge('HugePages'))).toBe(path)
    expect((await systemMounts().list()).filter(({ target }) => target === path)).toHaveLength(1)
    await place.volumes.remove(uid)
    expect((await systemMounts().list()).filter(({ target }) => target === path)).toEqual([])
    expect(await ownerAndMode(await ready(place.volumes, huge('HugePages-2Mi', { securityContext: { fsGroup: 2000 } })))).toBe('2775 0:2000')
    await place.volumes.remove(uid)
    expect(await place.volumes.prepare(huge('HugePages-1Gi'), testSources())).toMatchObject({ kind: 'waiting', message: expect.stringContaining('medium HugePages-1Gi: hugePages storage requested, but there is no resource request for huge pages') })
  })

  it('in memory has its size limit', async () => {
    await using place = await openPlace()
    const path = await ready(place.volumes, podWith([{ name: 'd', emptyDir: { medium: 'Memory', sizeLimit: '64Ki' } }]))
    expect(await ownerAndMode(path)).toBe('1777 0:0')
    await expect(writeFile(join(path, 'f'), Buffer.alloc(100_000))).rejects.toThrow('ENOSPC')
    expect((await place.mounts.list()).filter(({ target }) => target === path)).toMatchObject([{ type: 'tmpfs' }])
  })
})

describe('volumes from objects', () => {
  const configMap = (data: Readonly<Record<string, string>>) => ({ metadata: { name: 'cm' }, data })

  it('are laid out as kubelet does, and swapped in one step', async () => {
    await using place = await openPlace()
    const sources = testSources()
    sources.configMaps.set('ns/cm', { ...configMap({ k: 'old', gone: '1' }), binaryData: { bin: 'AAEC' } })
    const pod = podWith([{ name: 'd', configMap: { name: 'cm' } }])
    const path = await ready(place.volumes, pod, sources)
    expect(path).toBe(join(place.folder, 'pods', uid, 'volumes/kubernetes.io~configmap/d'))
    expect(await readlink(join(path, 'k'))).toBe('..data/k')
    const first = await readlink(join(path, '..data'))
    expect(first).toMatch(/^\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+$/)
    expect(await readFile(join(path, 'bin'))).toEqual(Buffer.from([0, 1, 2]))
    expect(await ownerAndMode(join(path, 'k'))).toBe('644 0:0')

    await ready(place.volumes, pod, sources)
    expect(await readlink(join(path, '..data'))).toBe(first)

    sources.configMaps.set('ns/cm', configMap({ k: 'new', more: '2' }))
    await ready(place.volumes, pod, sources)
    expect(await readFile(join(path, 'k'), 'utf8')).toBe('new')
    const second = await readlink(join(path, '..data'))
    expect((await readdir(path)).sort()).toEqual([second, '..data', 'k', 'more'].sort())
  })

  it('never show a part of a change', async () => {
    await using place = await openPlace()
    const sources = testSources()
    const pod = podWith([{ name: 'd', configMap: { name: 'cm' } }])
    const set = (text: string): void => void sources.configMaps.set('ns/cm', configMap({ a: text, b: text }))
    set('0')
    const path = await ready(place.volumes, pod, sources)
    let going = true
    const reader = (async () => {
      while (going) {
        const version = await readlink(join(path, '..data'))
        const both = await Promise.all(['a', 'b'].map((name) => readFile(join(path, version, name), 'utf8').catch(() => 'swapped')))
        expect(both[0] === both[1] || both.includes('swapped'), both.join()).toBe(true)
        // Through the links there is always something.
        await readFile(join(path, 'a'))
      }
    })()
    for (let change = 1; change < 30; change++) {
      set(String(change))
      await ready(place.volumes, pod, sources)
    }
    going = false
    await reader
  })

  it('from secrets lie in memory, with modes by item and by default', async () => {
    await using place = await openPlace()
    const sources = testSources()
    sources.secrets.set('ns/s', { metadata: { name: 's' }, data: { pass: Buffer.from('word').toString('base64'), user: 'bWU=' } })
    const path = await ready(place.volumes, podWith([{ name: 'd', secret: { secretName: 's', defaultMode: 0o400, items: [{ key: 'pass', path: 'sub/p' }, { key: 'user', path: 'u', mode: 0o604 }] } }]), sources)
    expect((await statfs(path)).type).toBe(TMPFS_MAGIC)
    expect(await ownerAndMode(join(path, 'sub/p'))).toBe('400 0:0')
    expect(await ownerAndMode(join(path, 'u'))).toBe('604 0:0')
    expect(await readFile(join(path, 'sub/p'), 'utf8')).toBe('word')
    expect((await readdir(path)).filter((entry) => !entry.startsWith('..')).sort()).toEqual(['sub', 'u'])
  })

  it('project several objects into one folder', async () => {
    await using place = await openPlace()
    const sources = testSources()
    sources.configMaps.set('ns/cm', configMap({ a: 'from cm' }))
    sources.secrets.set('ns/s', { metadata: { name: 's' }, data: { b: Buffer.from('from secret').toString('base64') } })
    const projected = {
      defaultMode: 0o440,
      sources: [
        { configMap: { name: 'cm' } },
        { secret: { name: 's', items: [{ key: 'b', path: 'sub/b', mode: 0o600 }] } },
        { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 3600 } },
      ],
    }
    const path = await ready(place.volumes, podWith([{ name: 'd', projected }]), sources)
    expect(await Promise.all(['a', 'sub/b', 'labels', 'token'].map((file) => readFile(join(path, file), 'utf8')))).toEqual(['from cm', 'from secret', 'app="web"', 'token for vault'])
    expect(await Promise.all(['a', 'sub/b', 'token'].map((file) => ownerAndMode(join(path, file))))).toEqual(['440 0:0', '600 0:0', '440 0:0'])
  })

  it('give tokens to the pod’s user and group alone', async () => {
    await using place = await openPlace()
    const projected = { sources: [{ serviceAccountToken: { path: 'token' } }] }
    const token = async (securityContext: object): Promise<string> => {
      await place.volumes.remove(uid)
      return await ownerAndMode(join(await ready(place.volumes, podWith([{ name: 'd', projected }], { securityContext })), 'token'))
    }
    expect(await token({})).toBe('644 0:0')
    expect(await token({ runAsUser: 1000 })).toBe('600 1000:0')
    expect(await token({ fsGroup: 2000 })).toBe('640 0:2000')
    expect(await token({ runAsUser: 1000, fsGroup: 2000 })).toBe('640 1000:2000')
  })

  it('keep the token they have when the agent was restarted and the control plane is away', async () => {
    await using place = await openPlace()
    const pod = podWith([{ name: 'd', projected: { sources: [{ serviceAccountToken: { path: 'token', audience: 'x' } }] } }])
    const path = await ready(place.volumes, pod)
    const away = { ...testSources(), serviceAccountToken: () => Promise.reject(new Error('no answer')) }
    expect(await ready(await place.open(), pod, away)).toBe(path)
    expect(await readFile(join(path, 'token'), 'utf8')).toBe('token for x')
    await place.volumes.remove(uid)
    expect(await (await place.open()).prepare(pod, away)).toEqual({ kind: 'waiting', message: 'MountVolume.SetUp failed for volume "d" : failed to fetch token: no answer' })
  })

  it('tell all that is missing from a projected volume', async () => {
    await using place = await openPlace()
    const pod = podWith([{ name: 'd', projected: { sources: [{ configMap: { name: 'a' } }, { secret: { name: 'b' } }] } }])
    expect(await place.volumes.prepare(pod, testSources())).toMatchObject({ message: 'MountVolume.SetUp failed for volume "d" : [configmap "a" not found, secret "b" not found]' })
  })

  it('refuse names that lead out', async () => {
    await using place = await openPlace()
    const sources = testSources()
    sources.configMaps.set('ns/cm', configMap({ k: 'v' }))
    for (const path of ['../x', '/x', 'a/../../x', '..data', 'a//b']) expect(await place.volumes.prepare(podWith([{ name: 'd', configMap: { name: 'cm', items: [{ key: 'k', path }] } }]), sources), path).toMatchObject({ kind: 'waiting' })
    expect(await readdir(place.folder)).toEqual(['pods'])
  })
})

describe('several volumes that wait', () => {
  it('are all told of, and those that need not are there', async () => {
    await using place = await openPlace()
    const pod = podWith([{ name: 'a', configMap: { name: 'nope' } }, { name: 'b', emptyDir: {} }, { name: 'c', secret: { secretName: 'nope' } }])
    expect(await place.volumes.prepare(pod, testSources())).toEqual({ kind: 'waiting', message: 'MountVolume.SetUp failed for volume "a" : configmap "nope" not found', more: ['MountVolume.SetUp failed for volume "c" : secret "nope" not found'] })
    await place.volumes.remove(uid)
    expect(await place.volumes.list()).toEqual([])
  })
})

describe('a file of a volume that the agent reads', () => {
  const bytes = 1000

  it('is one of the volume, wherever links lead', async () => {
    await using place = await openPlace()
    const volume = join(place.folder, 'volume')
    await mkdir(join(volume, 'in'), { recursive: true })
    await writeFile(join(place.folder, 'f'), 'outside')
    await writeFile(join(volume, 'f'), 'inside')
    for (const [name, to] of [['absolute', '/f'], ['climbing', '../../../f'], ['in/deep', '../f'], ['host', place.folder], ['nowhere', 'no']] as const) await symlink(to, join(volume, name))
    const read = (path: string): Promise<string | undefined> => readInside(volume, path, bytes)
    expect(await Promise.all(['f', 'absolute', 'climbing', 'in/deep', '../f', '/f'].map(read))).toEqual(Array(6).fill('inside'))
    expect(await Promise.all(['host/f', 'nowhere', 'no/f', 'f/f'].map(read))).toEqual(Array(4).fill(undefined))
    expect(await readInside(join(place.folder, 'no volume'), 'f', bytes)).toBeUndefined()
  })

  it('is a regular one, and not too large', async () => {
    await using place = await openPlace()
    await execFileOf('mkfifo', [join(place.folder, 'pipe')])
    await execFileOf('mknod', [join(place.folder, 'zero'), 'c', '1', '5'])
    await writeFile(join(place.folder, 'large'), 'x'.repeat(bytes + 1))
    await symlink('loop', join(place.folder, 'loop'))
    for (const name of ['pipe', 'zero', 'large', 'loop', '.']) await expect(readInside(place.folder, name, bytes), name).rejects.toMatchObject({ code: 'invalid' })
    await writeFile(join(place.folder, 'large'), 'x'.repeat(bytes))
    expect(await readInside(place.folder, 'large', bytes)).toHaveLength(bytes)
  })
})

describe('a sub path that must be there', () => {
  it('is not made', async () => {
    await using place = await openPlace()
    await mkdir(join(place.folder, 'volume', 'in'), { recursive: true })
    const volume = join(place.folder, 'volume')
    expect(await makeSubPath({ volume, subPath: 'in', mustExist: true })).toBe(join(volume, 'in'))
    await expect(makeSubPath({ volume, subPath: 'in/no', mustExist: true })).rejects.toMatchObject({ code: 'not-found' })
    expect(await readdir(join(volume, 'in'))).toEqual([])
  })
})

describe('hostPath', () => {
  it.each([
    ['Directory', 'file', 'is not a directory'],
    ['Directory', 'missing', 'is not a directory'],
    ['DirectoryOrCreate', 'file', 'is not a directory'],
    ['File', 'folder', 'is not a file'],
    ['FileOrCreate', 'folder', 'is not a file'],
    ['Socket', 'file', 'is not a socket file'],
    ['CharDevice', 'file', 'is not a character device'],
    ['BlockDevice', 'file', 'is not a block device'],
    ['Directory', 'folder', undefined],
    ['File', 'file', undefined],
    ['Socket', 'socket', undefined],
    ['DirectoryOrCreate', 'new', undefined],
    ['FileOrCreate', 'new', undefined],
    ['', 'new', undefined],
  ])('of type %s on a %s', async (type, name, complaint) => {
    await using place = await openPlace()
    await mkdir(join(place.folder, 'folder'))
    await writeFile(join(place.folder, 'file'), '')
    const server = createServer().listen(join(place.folder, 'socket'))
    const path = join(place.folder, name)
    const result = await place.volumes.prepare(podWith([{ name: 'd', hostPath: { path, type } }], { securityContext: { fsGroup: 2000 } }), testSources())
    server.close()
    if (complaint !== undefined) return expect(result).toEqual({ kind: 'waiting', message: `MountVolume.SetUp failed for volume "d" : hostPath type check failed: ${path} ${complaint}` })
    expect(result).toEqual({ kind: 'ready', paths: { d: path } })
    if (name === 'new') expect(await ownerAndMode(path)).toBe(type === 'FileOrCreate' ? '644 0:0' : '755 0:0')
  })

  it('tells what the kernel says', async () => {
    await using place = await openPlace()
    const path = join(place.folder, 'no', 'file')
    expect(await place.volumes.prepare(podWith([{ name: 'd', hostPath: { path, type: 'FileOrCreate' } }]), testSources())).toMatchObject({ message: `MountVolume.SetUp failed for volume "d" : open ${path}: no such file or directory` })
  })

  it('is checked for devices', async () => {
    await using place = await openPlace()
    expect(await ready(place.volumes, podWith([{ name: 'd', hostPath: { path: '/dev/null', type: 'CharDevice' } }]))).toBe('/dev/null')
  })
})

describe('kinds that are not there', () => {
  it('are named', async () => {
    await using place = await openPlace()
    expect(await place.volumes.prepare(podWith([{ name: 'd', nfs: { server: 's', path: '/' } }]), testSources())).toMatchObject({ message: 'MountVolume.SetUp failed for volume "d" : this node has no volumes of the kind nfs' })
  })
})

describe('remove', () => {
  it('unmounts everything and follows no link', async () => {
    await using place = await openPlace()
    const precious = join(place.folder, 'precious')
    await mkdir(precious)
    await writeFile(join(precious, 'f'), '1')
    const path = await ready(place.volumes, podWith([{ name: 'd', emptyDir: {} }, { name: 'm', emptyDir: { medium: 'Memory' } }, { name: 's', secret: { secretName: 'x', optional: true } }]))
    await symlink(precious, join(path, 'link'))
    // A bind of the same file system, as a sub path of a hostPath is: no device number tells it from our own folders.
    await bindSubPath(place.mounts, { volume: place.folder, subPath: 'precious', target: join(place.volumes.podFolder(uid), 'volume-subpaths/h/c/0') })
    await place.volumes.remove(uid)
    expect(await readdir(join(place.folder, 'pods'))).toEqual(['.memory'])
    expect(await readdir(join(place.folder, 'pods/.memory'))).toEqual([])
    expect(await readFile(join(precious, 'f'), 'utf8')).toBe('1')
    expect((await place.mounts.list()).filter(({ target }) => target.startsWith(place.folder)).map(({ target }) => target)).toEqual([join(place.folder, 'pods/.memory')])
  })

  it('leaves everything where a mount cannot be undone', async () => {
    await using place = await openPlace()
    const mounts: Mounts = { ...place.mounts, unmount: async () => false }
    const volumes = await createVolumes({ stateFolder: join(place.folder, 'pods'), clock: systemClock, log: silentLog, mounts })
    const path = await ready(volumes, podWith([{ name: 'm', emptyDir: { medium: 'Memory' } }]))
    await writeFile(join(path, 'x'), '1')
    await expect(volumes.remove(uid)).rejects.toMatchObject({ code: 'conflict' })
    expect(await readFile(join(path, 'x'), 'utf8')).toBe('1')
  })
})
