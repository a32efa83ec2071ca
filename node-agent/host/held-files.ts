import { isUtf8 } from 'node:buffer'
import { constants, type Stats } from 'node:fs'
import { type FileHandle, open, readdir } from 'node:fs/promises'
import { Fault } from '../../shared/kit/faults.ts'

/**
 * Files of a tree that somebody else changes meanwhile, held one by one from its root: whatever becomes of their names, what is held stays the same file, and no
 * link is followed on the way to it.
 */
export interface HeldFile extends AsyncDisposable {
  /** Leads to what is held, whatever its name is by now. */
  readonly path: string
  stat(): Promise<Stats>
}

/** O_PATH: names a file without opening it, so that no pipe is waited at and no device is woken. Node has no name for it. */
const HOLD = 0o10000000 | constants.O_NOFOLLOW

/** A link is held itself, never what it leads to. */
export async function heldFile(path: string): Promise<HeldFile> {
  const handle = await open(path, HOLD)
  return { path: `/proc/self/fd/${handle.fd}`, stat: () => handle.stat(), [Symbol.asyncDispose]: () => handle.close() }
}

/** What is called `name` in a folder that is held. */
export const heldIn = async (folder: HeldFile, name: string): Promise<HeldFile> => await heldFile(`${folder.path}/${name}`)

/** Throws Fault('unsupported') where a name is no text. */
export async function namesOf(folder: HeldFile): Promise<readonly string[]> {
  const names = await readdir(folder.path, { encoding: 'buffer' })
  const strange = names.find((name) => !isUtf8(name))
  if (strange !== undefined) throw new Fault('unsupported', `the file name ${JSON.stringify(strange.toString('latin1'))} is not UTF-8`)
  return names.map((name) => name.toString())
}

/** To be read; only of what `stat` calls a file. It does not wait for a lease that somebody has on it. */
export const openContent = async ({ path }: HeldFile): Promise<FileHandle> => await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
