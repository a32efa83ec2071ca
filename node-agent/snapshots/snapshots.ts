import { chmod, chown, mkdir, rmdir, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { diskUse, type DiskUse } from '../host/disk-use.ts'
import { faultOfSystemError, unlessMissing } from '../host/errno.ts'
import { isFolder, namesIn, removeTree } from '../host/files.ts'
import { type Mounts, systemMounts } from '../host/mounts.ts'
import { type OverlayFolders, overlayOptions } from './overlay-options.ts'
import type { FileLooks, Snapshots } from './port.ts'

export type { Snapshots } from './port.ts'

export interface OverlayOptions {
  /** A folder of this agent, on a file system that overlayfs takes as an upper layer (ext4, xfs, btrfs, tmpfs; not overlay itself). */
  readonly root: string
  readonly mounts?: Mounts
  /**
   * Where roots with other owners are mounted (unless given: at the same place as the rest). The users of a pod that has its own are strangers to the node, and must
   * be able to pass through every folder above; what else is in `root` need not be open to strangers for that.
   */
  readonly open?: string
  /** Called with the folder of a snapshot, once that is there, and the layers it is about to stand on: they are kept as long as the folder is there. */
  readonly hold?: (holder: string, layers: readonly string[]) => Promise<void>
}

/** Snapshots by overlayfs: `ROOT/KEY/{upper,work,rootfs}`. */
export async function createOverlaySnapshots({ root, open = root, mounts = systemMounts(), hold = async () => {} }: OverlayOptions): Promise<Snapshots> {
  await mkdir(join(root, EMPTY), { recursive: true })
  await mkdir(open, { recursive: true, mode: 0o711 })
  return new OverlaySnapshots({ root, open, mounts, hold })
}

/** The lower layer of an image that has none. No key starts with a dot. */
const EMPTY = '.empty'
/** Where folders are shown with other owners for a moment. */
const MAPPED = '.mapped'
/**
 * `volatile`: nothing is flushed when a container's files are unmounted; they are worth nothing after a power cut anyway, because
 * containers are then made anew. `index=off`: layers shared by several mounts, also in other mount namespaces, are no conflict.
 */
const OPTIONS = ['index=off', 'xino=off']

class OverlaySnapshots implements Snapshots {
  readonly #root: string
  readonly #open: string
  readonly #mounts: Mounts
  readonly #hold: Required<OverlayOptions>['hold']
  /** Linux before 5.10 has no such option. */
  #volatile = true

  constructor({ root, open, mounts, hold }: Required<OverlayOptions>) {
    this.#root = root
    this.#open = open
    this.#mounts = mounts
    this.#hold = hold
  }

  async prepare(key: string, layers: readonly string[], { ownersPath, label }: FileLooks = {}): Promise<{ readonly rootfs: string }> {
    const { folder, upper, work, ...places } = this.#foldersOf(key)
    // An agent that has lost its records asks without the owners for what is there with them.
    const isOpen = ownersPath !== undefined || (places.openRootfs !== places.rootfs && (await this.#isMounted(places.openRootfs)))
    const rootfs = isOpen ? places.openRootfs : places.rootfs
    const isNew = (await mkdir(folder, { recursive: true, mode: 0o711 })) !== undefined
    await Promise.all([upper, work, rootfs].map((path) => mkdir(path, { recursive: true, mode: 0o755 })))
    if (!(await this.#isMounted(rootfs))) {
      await this.#hold(folder, layers)
      // The union's root folder is the upper one: it is to look like the image's. An agent that was killed may have made it and no more.
      await copyOwnerAndMode(layers.at(-1), upper)
      // The mark of an earlier volatile mount, whose namespace is gone: overlayfs would refuse to mount over it.
      if (!isNew) await removeTree(join(work, 'work', 'incompat'))
      const folders = { layers: layers.length === 0 ? [join(this.#root, EMPTY)] : layers, upper, work }
      const mount = (from: OverlayFolders): Promise<void> => this.#mount(rootfs, from, label)
      if (ownersPath === undefined) await mount(folders)
      else await this.#withOwners(key, { folders, ownersPath }, mount)
    }
    return { rootfs }
  }

  async remove(key: string): Promise<void> {
    const { folder, rootfs, openRootfs } = this.#foldersOf(key)
    for (const place of new Set([rootfs, openRootfs])) await this.#unmountAll(place)
    await this.#dropMapped(key)
    await removeTree(openRootfs)
    await removeTree(folder)
  }

  /** Overlayfs keeps hold of the folders it was given as they were shown then: with other owners, at places that are needed for no longer than the mount takes. */
  async #withOwners(key: string, { folders, ownersPath }: { readonly folders: OverlayFolders; readonly ownersPath: string }, mount: (mapped: OverlayFolders) => Promise<void>): Promise<void> {
    const places = new Map<string, string>()
    const shown = (path: string): string => join(places.get(dirname(path)) ?? dirname(path), basename(path))
    await this.#dropMapped(key)
    try {
      for (const folder of new Set([...folders.layers, folders.upper, folders.work].map((path) => dirname(path)))) {
        const place = join(this.#mappedOf(key), String(places.size))
        await mkdir(place, { recursive: true })
        await this.#mounts.bindMapped(folder, place, ownersPath)
        places.set(folder, place)
      }
      await mount({ layers: folders.layers.map(shown), upper: shown(folders.upper), work: shown(folders.work) })
    } finally {
      await this.#dropMapped(key)
    }
  }

  /**
   * Those of an agent that was killed meanwhile, too. What is seen at these places are the layers of the whole node: nothing is ever removed from within them, and
   * a place that is not an empty folder after it was unmounted is an error.
   */
  async #dropMapped(key: string): Promise<void> {
    const folder = this.#mappedOf(key)
    for (const name of await namesIn(folder)) {
      const place = join(folder, name)
      await this.#unmountAll(place)
      await removePlace(place)
    }
    await removePlace(folder)
  }

  /** However many lie one on the other. */
  async #unmountAll(place: string): Promise<void> {
    for (let left = MAX_STACKED; left > 0 && (await this.#mounts.unmount(place)); left--);
  }

  #mappedOf(key: string): string {
    return join(this.#root, MAPPED, key)
  }

  async list(): Promise<readonly string[]> {
    return (await namesIn(this.#root)).filter((name) => !name.startsWith('.'))
  }

  async changes(key: string): Promise<string> {
    const { upper } = this.#foldersOf(key)
    if (!(await isFolder(upper))) throw new Fault('not-found', `the files of container ${key} are not there any more`)
    return upper
  }

  usage(key: string): Promise<DiskUse> {
    return diskUse(this.#foldersOf(key).upper)
  }

  async #mount(target: string, folders: OverlayFolders, label: string | undefined): Promise<void> {
    // In quotes, for categories are told with commas.
    const context = label === undefined ? [] : [`context="${label}"`]
    const request = (extra: readonly string[]): Parameters<Mounts['mount']>[0] => ({ type: 'overlay', source: 'overlay', target, ...overlayOptions(folders, [...extra, ...context]) })
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
  async #isMounted(rootfs: string): Promise<boolean> {
    const [outside, inside] = await Promise.all([unlessMissing(stat(dirname(rootfs))), unlessMissing(stat(rootfs))])
    return outside?.dev !== inside?.dev
  }

  #foldersOf(key: string): { readonly folder: string; readonly rootfs: string; readonly openRootfs: string; readonly upper: string; readonly work: string } {
    if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,200}$/.test(key)) throw new Fault('invalid', `${JSON.stringify(key)} cannot be the key of a snapshot`)
    const folder = join(this.#root, key)
    return { folder, rootfs: join(folder, 'rootfs'), openRootfs: this.#open === this.#root ? join(folder, 'rootfs') : join(this.#open, key), upper: join(folder, 'upper'), work: join(folder, 'work') }
  }
}

async function copyOwnerAndMode(from: string | undefined, to: string): Promise<void> {
  const about = from === undefined ? undefined : await unlessMissing(stat(from))
  if (about === undefined) return
  await chown(to, about.uid, about.gid)
  await chmod(to, about.mode & 0o7777)
}

async function removePlace(place: string): Promise<void> {
  try {
    await unlessMissing(rmdir(place))
  } catch (error) {
    throw faultOfSystemError(error, `${place}, where folders were shown with other owners, is left as it is`)
  }
}

/** Each agent that was killed in the wrong moment may have left one; a loop has an end all the same. */
const MAX_STACKED = 256
