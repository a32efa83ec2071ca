import { chmod, chown, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { diskUse } from '../host/disk-use.ts'
import { unlessMissing } from '../host/errno.ts'
import { isFolder, namesIn, removeTree } from '../host/files.ts'
import { type Mounts, systemMounts } from '../host/mounts.ts'
import { overlayOptions } from './overlay-options.ts'
import type { Snapshots } from './port.ts'

export type { Snapshots } from './port.ts'

export interface OverlayOptions {
  /** A folder of this agent, on a file system that overlayfs takes as an upper layer (ext4, xfs, btrfs, tmpfs; not overlay itself). */
  readonly root: string
  readonly mounts?: Mounts
  /** Called with the folder of a snapshot, once that is there, and the layers it is about to stand on: they are kept as long as the folder is there. */
  readonly hold?: (holder: string, layers: readonly string[]) => Promise<void>
}

/** Snapshots by overlayfs: `ROOT/KEY/{upper,work,rootfs}`. */
export async function createOverlaySnapshots({ root, mounts = systemMounts(), hold = async () => {} }: OverlayOptions): Promise<Snapshots> {
  await mkdir(join(root, EMPTY), { recursive: true })
  return new OverlaySnapshots({ root, mounts, hold })
}

/** The lower layer of an image that has none. No key starts with a dot. */
const EMPTY = '.empty'
/**
 * `volatile`: nothing is flushed when a container's files are unmounted; they are worth nothing after a power cut anyway, because
 * containers are then made anew. `index=off`: layers shared by several mounts, also in other mount namespaces, are no conflict.
 */
const OPTIONS = ['index=off', 'xino=off']

class OverlaySnapshots implements Snapshots {
  readonly #root: string
  readonly #mounts: Mounts
  readonly #hold: Required<OverlayOptions>['hold']
  /** Linux before 5.10 has no such option. */
  #volatile = true

  constructor({ root, mounts, hold }: Required<OverlayOptions>) {
    this.#root = root
    this.#mounts = mounts
    this.#hold = hold
  }

  async prepare(key: string, layers: readonly string[]): Promise<{ readonly rootfs: string }> {
    const { folder, rootfs, upper, work } = this.#foldersOf(key)
    await mkdir(folder, { recursive: true, mode: 0o711 })
    await Promise.all([upper, work, rootfs].map((path) => mkdir(path, { recursive: true, mode: 0o755 })))
    if (!(await this.#isMounted(folder, rootfs))) {
      await this.#hold(folder, layers)
      // The union's root folder is the upper one: it is to look like the image's. An agent that was killed may have made it and no more.
      await copyOwnerAndMode(layers.at(-1), upper)
      // The mark of an earlier volatile mount, whose namespace is gone: overlayfs would refuse to mount over it.
      await removeTree(join(work, 'work', 'incompat'))
      await this.#mount(rootfs, { layers: layers.length === 0 ? [join(this.#root, EMPTY)] : layers, upper, work })
    }
    return { rootfs }
  }

  async remove(key: string): Promise<void> {
    const { folder, rootfs } = this.#foldersOf(key)
    for (let left = MAX_STACKED; left > 0 && (await this.#mounts.unmount(rootfs)); left--);
    await removeTree(folder)
  }

  async list(): Promise<readonly string[]> {
    return (await namesIn(this.#root)).filter((name) => !name.startsWith('.'))
  }

  async changes(key: string): Promise<string> {
    const { upper } = this.#foldersOf(key)
    if (!(await isFolder(upper))) throw new Fault('not-found', `the files of container ${key} are not there any more`)
    return upper
  }

  async usageBytes(key: string): Promise<number> {
    return (await diskUse(this.#foldersOf(key).upper)).bytes
  }

  async #mount(target: string, folders: { readonly layers: readonly string[]; readonly upper: string; readonly work: string }): Promise<void> {
    const request = (extra: readonly string[]): Parameters<Mounts['mount']>[0] => ({ type: 'overlay', source: 'overlay', target, ...overlayOptions(folders, extra) })
    if (this.#volatile) {
      try {
        return await this.#mounts.mount(request([...OPTIONS, 'volatile']))
      } catch (error) {
        if (!isFault(error, 'invalid')) throw error
      }
    }
    await this.#mounts.mount(request(OPTIONS))
    // It was the option, then.
    this.#volatile = false
  }

  /** A mounted folder is on another device than the one it lies in. */
  async #isMounted(folder: string, rootfs: string): Promise<boolean> {
    const [outside, inside] = await Promise.all([unlessMissing(stat(folder)), unlessMissing(stat(rootfs))])
    return outside?.dev !== inside?.dev
  }

  #foldersOf(key: string): { readonly folder: string; readonly rootfs: string; readonly upper: string; readonly work: string } {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,200}$/.test(key)) throw new Fault('invalid', `${JSON.stringify(key)} cannot be the key of a snapshot`)
    const folder = join(this.#root, key)
    return { folder, rootfs: join(folder, 'rootfs'), upper: join(folder, 'upper'), work: join(folder, 'work') }
  }
}

async function copyOwnerAndMode(from: string | undefined, to: string): Promise<void> {
  const about = from === undefined ? undefined : await unlessMissing(stat(from))
  if (about === undefined) return
  await chown(to, about.uid, about.gid)
  await chmod(to, about.mode & 0o7777)
}

/** Nobody mounts more than once on a rootfs; a loop has an end all the same. */
const MAX_STACKED = 8
