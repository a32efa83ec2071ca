import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../host/errno.ts'
import { readGroupFile, writeGroupFile } from './tree.ts'

/** What others call the group of those that were there first, too. */
const FIRST = 'init'
/** A process that is born meanwhile is where its parent was. */
const MOST_ROUNDS = 20

/** What a group hands down is there for the groups below it. */
export const handDown = (folder: string, controllers: readonly string[]): Promise<void> => writeGroupFile(folder, 'cgroup.subtree_control', controllers.map((name) => `+${name}`).join(' '))

/**
 * Hands controllers down from the root of what is seen of version 2's tree. In a container that is a group like others with the container's processes in it, and a
 * group that has processes hands nothing down: they get one of their own below it then.
 */
export async function handDownFromRoot(root: string, controllers: readonly string[]): Promise<void> {
  for (let round = 1; ; round++) {
    try {
      return await handDown(root, controllers)
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY' || round === MOST_ROUNDS) throw error
      await moveDown(root)
    }
  }
}

async function moveDown(root: string): Promise<void> {
  await mkdir(join(root, FIRST), { recursive: true })
  // A process of another pid namespace shows as 0, which would be this one.
  for (const pid of ((await readGroupFile(root, 'cgroup.procs')) ?? '').match(/^[1-9]\d*$/gm) ?? []) {
    await writeGroupFile(join(root, FIRST), 'cgroup.procs', pid).catch((error: unknown) => {
      // It has ended.
      if (errnoOf(error) !== 'ESRCH') throw error
    })
  }
}
