import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { digestOf, hexOf } from '../images/digest.ts'

/** A secret as a file that one step of a build sees. */
export interface SecretFile {
  readonly path: string
  readonly bytes: Uint8Array
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface SecretWanted {
  readonly id: string
  readonly bytes: Uint8Array
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** Where a secret is to lie: the same one wanted with another mode or owner is another file. @param folder the build's own, in memory */
export const secretFile = (folder: string, { id, bytes, mode, uid, gid }: SecretWanted): SecretFile => ({ path: join(folder, hexOf(digestOf(JSON.stringify([id, mode, uid, gid])))), bytes, mode, uid, gid })

/** Puts them where they are wanted for as long as the work takes, and not a moment longer. */
export async function withSecrets(files: readonly SecretFile[], work: () => Promise<void>): Promise<void> {
  try {
    for (const { path, bytes, mode, uid, gid } of files) {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      // It may be there: one step can want a secret in two places.
      await rm(path, { force: true })
      await writeFile(path, bytes, { mode: 0o600 })
      await chmod(path, mode)
      await chown(path, uid, gid)
    }
    await work()
  } finally {
    for (const { path } of files) await rm(path, { force: true })
  }
}

/** What builds left that were killed with their agent; to be called before there are any. @param folder of all builds */
export const clearSecrets = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true })
