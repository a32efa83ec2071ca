import type { DiskUse } from '../host/disk-use.ts'

/** What the files of a rootfs (the layers', and what is written) look like in it; on disk they stay as they are without. */
export interface FileLooks {
  /** A user namespace, pinned, whose map says who owns them. */
  readonly ownersPath?: string | undefined
  /** Their label of SELinux, all of them alike. */
  readonly label?: string | undefined
}

/**
 * Writable root filesystems of containers, stacked on read-only layers.
 *
 * Words: a *layer* is a folder of an unpacked image layer (the image store owns it); a *snapshot* is the writable folder of one container
 * on a list of layers, under a *key* the caller chooses (container id); its *rootfs* is where the union is mounted.
 *
 * Stories. *Start*: `prepare(key, layers)` makes the folders and the mount and answers the rootfs. *Restart of the agent*: `prepare` with a key
 * that is there already answers the same rootfs, mounted again if it was not. *End*: `remove(key)` unmounts and deletes; removing what is not there is no error.
 */
export interface Snapshots {
  /** Throws Fault('unsupported') where this host cannot show the files as wanted. */
  prepare(key: string, layers: readonly string[], looks?: FileLooks): Promise<{ readonly rootfs: string }>
  remove(key: string): Promise<void>
  /** Keys of all snapshots, for the collector. */
  list(): Promise<readonly string[]>
  /** The folder that holds what was changed above the layers, as overlayfs keeps it. Throws Fault('not-found'). */
  changes(key: string): Promise<string>
  /** What the container wrote, for statistics. */
  usage(key: string): Promise<DiskUse>
}
