import { chmodSync, chownSync, closeSync, constants, fstatSync, lchownSync, openSync, type Stats } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { setImmediate } from 'node:timers/promises'

/** O_PATH: names a file without opening it. Node has no name for it. */
const NO_FOLLOW = 0o10000000 | constants.O_NOFOLLOW
const SETGID = 0o2000
const READ_WRITE = 0o660
const ENTER = 0o110
/** After so many entries in one go everything else that the agent does gets its turn. */
const TURN = 128

/**
 * Gives everything below a folder to a group, as kubelet does for `fsGroup`: readable and writable for it, folders hand the group on. Links are given, not
 * followed; and what somebody swaps meanwhile is not followed either. What was interrupted is done again from the start.
 *
 * @param onlyOnMismatch nothing is done where the folder itself has it all already (`fsGroupChangePolicy: OnRootMismatch`).
 */
export async function giveToGroup(folder: string, group: number, onlyOnMismatch: boolean): Promise<void> {
  if (onlyOnMismatch && isGiven(folder, group)) return
  // The folder last: whoever is interrupted finds that it does not match yet.
  await give(folder, group, { given: 0 })
}

function isGiven(folder: string, group: number): boolean {
  const fd = openSync(folder, NO_FOLLOW)
  try {
    const { gid, mode } = fstatSync(fd)
    return gid === group && (mode & (READ_WRITE | ENTER | SETGID)) === (READ_WRITE | ENTER | SETGID)
  } finally {
    closeSync(fd)
  }
}

async function give(path: string, group: number, done: { given: number }): Promise<void> {
  if (++done.given % TURN === 0) await setImmediate()
  const fd = openSync(path, NO_FOLLOW)
  try {
    const here = `/proc/self/fd/${fd}`
    const about = fstatSync(fd)
    if (about.isSymbolicLink()) return lchownSync(path, about.uid, group)
    if (about.isDirectory()) for (const name of await readdir(here)) await give(`${here}/${name}`, group, done)
    change(here, about, group)
  } finally {
    closeSync(fd)
  }
}

function change(path: string, about: Stats, group: number): void {
  chownSync(path, about.uid, group)
  chmodSync(path, (about.mode & 0o7777) | READ_WRITE | (about.isDirectory() ? SETGID | ENTER : 0))
}
