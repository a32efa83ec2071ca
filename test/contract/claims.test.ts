/** Volumes of claims with the mounts of this host. */
import { execFile } from 'node:child_process'
import { statSync } from 'node:fs'
import { chmod, lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Mounts } from '../../node-agent/host/mounts.ts'
import { bindClaim, podWithClaim, testSources, type TestSources } from '../../node-agent/volumes/contract.ts'
import { giveToGroup } from '../../node-agent/volumes/group-ownership.ts'
import { createVolumes } from '../../node-agent/volumes/volumes.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { PersistentVolume, Pod } from '../../shared/model/gen/api.ts'
import { openPlace, ownerAndMode, type Place, ready } from './volume-place.ts'

const run = promisify(execFile)
const claimed = (spec: Partial<NonNullable<Pod['spec']>> = {}, readOnly = false): Pod => podWithClaim({ name: 'd', persistentVolumeClaim: { claimName: 'c', ...(readOnly && { readOnly }) } }, spec)
const another = (pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, name: 'q', uid: '6e1fcf20-0000-4000-8000-000000000002' } })
const uidOf = ({ metadata }: Pod): string => metadata.uid ?? ''
const bound = (spec: PersistentVolume['spec']): TestSources => {
  const sources = testSources()
  bindClaim(sources, spec)
  return sources
}

/** A folder of the host to be a volume, with something in it. */
async function hostFolder({ folder }: Place): Promise<string> {
  const path = join(folder, 'disk')
  await mkdir(join(path, 'in'), { recursive: true })
  await writeFile(join(path, 'in', 'f'), 'kept', { mode: 0o600 })
  return path
}

const mountsBelow = async ({ mounts, folder }: Place): Promise<readonly string[]> => (await mounts.list()).map(({ target }) => target).filter((target) => target.startsWith(`${folder}/`))

describe('a claim that has a hostPath volume', () => {
  it('is that path, made as its type says, and belongs to no group', async () => {
    await using place = await openPlace()
    const path = join(place.folder, 'made')
    expect(await ready(place.volumes, claimed({ securityContext: { fsGroup: 2000 } }), bound({ hostPath: { path, type: 'DirectoryOrCreate' } }))).toBe(path)
    expect(await ownerAndMode(path)).toBe('755 0:0')
    await writeFile(join(path, 'f'), 'kept')
    await place.volumes.remove(uidOf(claimed()))
    expect(await readFile(join(path, 'f'), 'utf8')).toBe('kept')
  })

  it('is told of by the name of the volume where it is not what its type says', async () => {
    await using place = await openPlace()
    const path = join(place.folder, 'none')
    expect(await place.volumes.prepare(claimed(), bound({ hostPath: { path, type: 'Directory' } }))).toEqual({ kind: 'waiting', message: `MountVolume.SetUp failed for volume "pv" : hostPath type check failed: ${path} is not a directory` })
  })
})

describe('a claim that has a local volume', () => {
  it('is mounted for the pod, under the name of the volume, and what is written stays when the pod has gone', async () => {
    await using place = await openPlace()
    const disk = await hostFolder(place)
    const sources = bound({ local: { path: disk } })
    const path = await ready(place.volumes, claimed(), sources)
    expect(path).toBe(join(place.folder, 'pods', uidOf(claimed()), 'volumes/kubernetes.io~local-volume/pv'))
    expect(await readFile(join(path, 'in/f'), 'utf8')).toBe('kept')
    await writeFile(join(path, 'new'), '1')
    expect(await ready(place.volumes, claimed(), sources)).toBe(path)
    expect(await mountsBelow(place)).toEqual([path])
    await place.volumes.remove(uidOf(claimed()))
    expect(await readdir(disk)).toEqual(['in', 'new'])
    expect(await mountsBelow(place)).toEqual([])
    expect(await place.volumes.list()).toEqual([])
  })

  it('is found there by an agent that was restarted, and goes with the pod then', async () => {
    await using place = await openPlace()
    const sources = bound({ local: { path: await hostFolder(place) } })
    const path = await ready(place.volumes, claimed(), sources)
    const restarted = await place.open()
    expect(await ready(restarted, claimed(), sources)).toBe(path)
    expect(await mountsBelow(place)).toEqual([path])
    await restarted.remove(uidOf(claimed()))
    expect(await mountsBelow(place)).toEqual([])
  })

  it('leaves nothing mounted where the mount fails, and is tried again', async () => {
    await using place = await openPlace()
    const sources = bound({ local: { path: await hostFolder(place) } })
    let fails = true
    const mounts: Mounts = { ...place.mounts, bind: (source, target) => (fails ? Promise.reject(new Error('no mounts left')) : place.mounts.bind(source, target)) }
    const volumes = await createVolumes({ stateFolder: join(place.folder, 'pods'), clock: systemClock, log: silentLog, mounts })
    expect(await volumes.prepare(claimed(), sources)).toEqual({ kind: 'waiting', message: 'MountVolume.SetUp failed for volume "d" : no mounts left' })
    expect(await readdir(join(place.folder, 'pods', uidOf(claimed()), 'volumes/kubernetes.io~local-volume'))).toEqual([])
    fails = false
    expect(await ready(volumes, claimed(), sources)).toContain('/pv')
  })

  it('is given to the group of the first pod, links not followed', async () => {
    await using place = await openPlace()
    const disk = await hostFolder(place)
    await chmod(disk, 0o700)
    const outside = join(place.folder, 'outside')
    await writeFile(outside, '', { mode: 0o600 })
    await symlink(outside, join(disk, 'link'))
    const sources = bound({ local: { path: disk } })
    const path = await ready(place.volumes, claimed({ securityContext: { fsGroup: 2000 } }), sources)
    expect(await Promise.all(['', 'in', 'in/f'].map((below) => ownerAndMode(join(path, below))))).toEqual(['2770 0:2000', '2775 0:2000', '660 0:2000'])
    expect(await ownerAndMode(outside)).toBe('600 0:0')
    expect((await lstat(join(path, 'link'))).gid).toBe(2000)
    // While one pod has it another changes nothing.
    await ready(place.volumes, another(claimed({ securityContext: { fsGroup: 3000 } })), sources)
    expect(await ownerAndMode(join(path, 'in'))).toBe('2775 0:2000')
  })

  it('is what its path leads to: that is given to the group, and mounted', async () => {
    await using place = await openPlace()
    const disk = await hostFolder(place)
    const link = join(place.folder, 'link')
    await symlink(disk, link)
    const path = await ready(place.volumes, claimed({ securityContext: { fsGroup: 2000 } }), bound({ local: { path: link } }))
    expect(await ownerAndMode(join(path, 'in/f'))).toBe('660 0:2000')
  })

  it('is mounted once, and unmounted, where a link leads to the folder of the agent', async () => {
    await using place = await openPlace()
    const link = join(place.folder, 'link')
    await symlink(place.folder, link)
    const volumes = await createVolumes({ stateFolder: join(link, 'pods'), clock: systemClock, log: silentLog, mounts: place.mounts })
    const sources = bound({ local: { path: await hostFolder(place) } })
    await ready(volumes, claimed(), sources)
    await ready(volumes, claimed(), sources)
    expect(await mountsBelow(place)).toHaveLength(1)
    await volumes.remove(uidOf(claimed()))
    expect(await mountsBelow(place)).toEqual([])
  })

  it('is given to a group without keeping the agent from everything else', async () => {
    await using place = await openPlace()
    const disk = join(place.folder, 'flat')
    await mkdir(disk)
    await Promise.all(Array.from({ length: 300 }, (_, at) => writeFile(join(disk, `f${at}`), '')))
    const names = await readdir(disk)
    const isGiven = (name = ''): boolean => statSync(join(disk, name)).gid === 2000
    let sawHalf = false
    const look = (): void => {
      sawHalf ||= isGiven(names[0]) && !isGiven(names.at(-1))
      next = setImmediate(look)
    }
    let next = setImmediate(look)
    await giveToGroup(disk, 2000, false)
    clearImmediate(next)
    expect([sawHalf, isGiven(names.at(-1))]).toEqual([true, true])
  })

  it.each([
    ['OnRootMismatch', false, '600 0:0'],
    ['Always', false, '660 0:2000'],
    ['Always', true, '600 0:0'],
  ])('whose folder is the group’s already is given with %s (read-only: %s): its file is %s', async (fsGroupChangePolicy, readOnly, expected) => {
    await using place = await openPlace()
    const disk = await hostFolder(place)
    await run('chgrp', ['2000', disk])
    await chmod(disk, 0o2770)
    const path = await ready(place.volumes, claimed({ securityContext: { fsGroup: 2000, fsGroupChangePolicy } }, readOnly), bound({ local: { path: disk } }))
    expect(await ownerAndMode(join(path, 'in/f'))).toBe(expected)
  })

  it.each([
    ['none', 'path "DISK/none" does not exist'],
    ['in/f', 'only directory and block device are supported'],
    ['../disk', "invalid path: DISK/../disk must not contain '..'"],
  ])('is refused where its path is %s', async (below, message) => {
    await using place = await openPlace()
    const disk = await hostFolder(place)
    expect(await place.volumes.prepare(claimed(), bound({ local: { path: `${disk}/${below}` } }))).toEqual({ kind: 'waiting', message: `MountVolume.NewMounter initialization failed for volume "pv" : ${message.replace('DISK', disk)}` })
    expect(await mountsBelow(place)).toEqual([])
  })

  it('is for the nodes it names', async () => {
    await using place = await openPlace()
    const sources = bound({ local: { path: await hostFolder(place) }, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: ['n1'] }] }] } } })
    expect(await place.volumes.prepare(claimed(), sources)).toEqual({ kind: 'waiting', message: 'MountVolume.NodeAffinity check failed for volume "pv" : no matching NodeSelectorTerms' })
    sources.labels.set('kubernetes.io/hostname', 'n1')
    expect(await ready(place.volumes, claimed(), sources)).toContain('/pv')
  })
})

describe('a volume for one pod alone', () => {
  it.each([{ local: true }, { local: false }])('is had by the first until that is gone, whoever restarts ($local)', async ({ local }) => {
    await using place = await openPlace()
    const disk = await hostFolder(place)
    const sources = bound({ accessModes: ['ReadWriteOncePod'], ...(local ? { local: { path: disk } } : { hostPath: { path: disk } }) })
    await ready(place.volumes, claimed(), sources)
    const waits = { kind: 'waiting', message: 'MountVolume.SetUp failed for volume "pv" : volume uses the ReadWriteOncePod access mode and is already in use by another pod' }
    expect(await place.volumes.prepare(another(claimed()), sources)).toEqual(waits)
    const restarted = await place.open()
    expect(await restarted.prepare(another(claimed()), sources)).toEqual(waits)
    expect(await ready(restarted, claimed(), sources)).toContain(local ? '/pv' : disk)
    await restarted.remove(uidOf(claimed()))
    expect(await ready(restarted, another(claimed()), sources)).toContain(local ? '/pv' : disk)
    await restarted.remove(uidOf(another(claimed())))
    expect(await restarted.list()).toEqual([])
    expect(await readdir(join(place.folder, 'pods'))).toEqual([])
  })

  it('is shared where it may be used otherwise, too', async () => {
    await using place = await openPlace()
    const sources = bound({ accessModes: ['ReadWriteOncePod', 'ReadWriteOnce'], local: { path: await hostFolder(place) } })
    await ready(place.volumes, claimed(), sources)
    expect(await ready(place.volumes, another(claimed()), sources)).toContain('/pv')
  })
})

describe('what a node cannot mount', () => {
  const one = 'Unable to attach or mount volumes: unmounted volumes=[d], unattached volumes=[], failed to process volumes=[d]: '
  it.each<readonly [string, PersistentVolume['spec'], string]>([
    ['a driver it has not', { csi: { driver: 'x', volumeHandle: 'h' } }, `${one}failed to get Plugin from volumeSpec for volume "pv" err=no volume plugin matched`],
    ['a file system of the network', { nfs: { server: 's', path: '/' } }, `${one}failed to get Plugin from volumeSpec for volume "pv" err=no volume plugin matched`],
    ['a device as a folder', { local: { path: '/dev/null' }, volumeMode: 'Block' }, `${one}volume d has volumeMode Block, but is specified in volumeMounts`],
    ['options for what takes none', { hostPath: { path: '/tmp' }, mountOptions: ['noexec'] }, 'MountVolume.MountOptionSupport check failed for volume "pv" : Mount options are not supported for this volume type'],
  ])('is told: %s', async (_, spec, message) => {
    await using place = await openPlace()
    expect(await place.volumes.prepare(claimed(), bound(spec))).toEqual({ kind: 'waiting', message })
    expect(await mountsBelow(place)).toEqual([])
  })

  it('is told all at once, and beside what else fails', async () => {
    await using place = await openPlace()
    const volumes = [{ name: 'a', persistentVolumeClaim: { claimName: 'a' } }, { name: 'b', persistentVolumeClaim: { claimName: 'b' } }, { name: 's', secret: { secretName: 'nope' } }]
    const pod: Pod = { ...claimed(), spec: { volumes, containers: [{ name: 'c', volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/${name}` })) }] } }
    const missing = (name: string): string => `error processing PVC ns/${name}: failed to fetch PVC from API server: persistentvolumeclaims "${name}" not found`
    expect(await place.volumes.prepare(pod, testSources())).toEqual({
      kind: 'waiting',
      message: `Unable to attach or mount volumes: unmounted volumes=[a b s], unattached volumes=[], failed to process volumes=[a b]: ${missing('a')}; ${missing('b')}`,
      more: ['MountVolume.SetUp failed for volume "s" : secret "nope" not found'],
    })
  })
})
