import { mkdir, realpath, rmdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { PersistentVolume, Pod } from '../../shared/model/gen/api.ts'
import { nameOf, uidOf } from '../../shared/model/meta.ts'
import { unlessMissing } from '../host/errno.ts'
import type { Mounts } from '../host/mounts.ts'
import { affinityRefusal, isForOnePod, type Refusal } from './claims.ts'
import type { Exclusive } from './exclusive.ts'
import { giveToGroup } from './group-ownership.ts'
import { checkHostPath } from './host-path.ts'
import type { ClaimSources } from './port.ts'

export interface PersistentParts {
  readonly mounts: Mounts
  readonly exclusive: Exclusive
  /** One folder per pod in it. */
  readonly stateFolder: string
  readonly isThere: (podUid: string) => Promise<boolean>
}

export interface PersistentUse {
  readonly pod: Pod
  readonly volume: PersistentVolume
  readonly readOnly: boolean
  readonly claims: ClaimSources | undefined
}

export type Mounted =
  | { readonly kind: 'ready'; readonly path: string }
  | { readonly kind: 'refused'; readonly refusal: Refusal }
  /** There is nothing on this node that could. */
  | { readonly kind: 'unprocessed'; readonly message: string }

const SET_UP = 'MountVolume.SetUp'
const NEW_MOUNTER = 'MountVolume.NewMounter initialization'
const refused = (step: string, message: string): Mounted => ({ kind: 'refused', refusal: { step, message } })

/** Mounts the volume of a claim for a pod, where it is one that needs no driver. Idempotent. */
export async function mountPersistent(parts: PersistentParts, use: PersistentUse): Promise<Mounted> {
  const { pod, volume, claims } = use
  const { hostPath, local, volumeMode, mountOptions = [] } = volume.spec ?? {}
  if (hostPath === undefined && local === undefined) return { kind: 'unprocessed', message: `failed to get Plugin from volumeSpec for volume "${nameOf(volume)}" err=no volume plugin matched` }
  if (volumeMode === 'Block') return refused('MapVolume.FindMapperPluginBySpec', 'no volume plugin matched')
  const elsewhere = affinityRefusal(volume, pod, claims)
  if (elsewhere !== undefined) return { kind: 'refused', refusal: elsewhere }
  if (mountOptions.length > 0) return refused('MountVolume.MountOptionSupport check', 'Mount options are not supported for this volume type')
  const problem = local === undefined ? undefined : await wrongLocal(local.path)
  if (problem !== undefined) return refused(NEW_MOUNTER, problem)
  const wrong = hostPath === undefined ? undefined : await checkHostPath(hostPath)
  if (wrong !== undefined) return refused(SET_UP, wrong)
  // What has a folder is there: it must not be taken for gone while it waits for something else.
  if (isForOnePod(volume)) await mkdir(join(parts.stateFolder, uidOf(pod)), { recursive: true, mode: 0o755 })
  if (isForOnePod(volume) && !(await parts.exclusive.take(nameOf(volume), uidOf(pod), parts.isThere))) return refused(SET_UP, 'volume uses the ReadWriteOncePod access mode and is already in use by another pod')
  return { kind: 'ready', path: local === undefined ? (hostPath?.path ?? '') : await bindLocal(parts, use, local.path) }
}

/** File systems are not made on devices here. */
async function wrongLocal(path: string): Promise<string | undefined> {
  if (path.split('/').includes('..')) return `invalid path: ${path} must not contain '..'`
  const about = await unlessMissing(stat(path))
  if (about === undefined) return `path "${path}" does not exist`
  return about.isDirectory() ? undefined : 'only directory and block device are supported'
}

const LOCAL = 'volumes/kubernetes.io~local-volume'

/** Where the path is a link what it leads to is the volume. The group gets it before it is mounted, and only while no other pod has it: a mount that is there is complete. */
async function bindLocal({ mounts, stateFolder }: PersistentParts, { pod, volume, readOnly }: PersistentUse, path: string): Promise<string> {
  const below = join(LOCAL, nameOf(volume))
  const target = join(stateFolder, uidOf(pod), below)
  const mounted = (await mounts.list()).map((point) => point.target).filter((point) => point.startsWith(`${stateFolder}/`) && point.endsWith(`/${below}`))
  if (mounted.includes(target)) return target
  const source = await realpath(path)
  const { fsGroup, fsGroupChangePolicy } = pod.spec?.securityContext ?? {}
  if (fsGroup !== undefined && !readOnly && mounted.length === 0) await giveToGroup(source, fsGroup, fsGroupChangePolicy === 'OnRootMismatch')
  await mkdir(target, { recursive: true, mode: 0o750 })
  try {
    await mounts.bind(source, target)
  } catch (error) {
    await rmdir(target)
    throw error
  }
  return target
}
