import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import { holdProcess, type HeldProcess } from './held-process.ts'
import type { Mounts } from './mounts.ts'
import type { PodUsers } from './pod-users.ts'

/** How many ids a pod has of its own: Kubernetes gives each this many. */
export const IDS_PER_POD = 65_536

type PinMounts = Pick<Mounts, 'bind' | 'unmount'>

/**
 * Makes the user namespaces of a pod and pins them, and a network namespace that belongs to them. The answer is a process inside the latter: it is ended by disposing.
 * @throws Fault('unsupported') where this kernel makes none
 */
export async function makePodUsers(mounts: PinMounts, { usersPath, ownersPath, hostFirst }: PodUsers): Promise<HeldProcess> {
  try {
    const own = `0 ${hostFirst} ${IDS_PER_POD}\n`
    await using owners = await holdProcess('unshare', ['--user'])
    await mapIds(owners.pid, `${own}${IDS_PER_POD} 0 1\n`)
    await pin(mounts, `/proc/${owners.pid}/ns/user`, ownersPath)
    const users = await holdProcess('unshare', ['--user', '--net'])
    try {
      await mapIds(users.pid, own)
      await pin(mounts, `/proc/${users.pid}/ns/user`, usersPath)
      return users
    } catch (error) {
      await users[Symbol.asyncDispose]()
      throw error
    }
  } catch (error) {
    throw new Fault('unsupported', `the node cannot make a user namespace for the pod: ${messageOf(error)}`, { cause: error })
  }
}

/** The kernel takes a map in one write, and once. */
async function mapIds(pid: number, map: string): Promise<void> {
  for (const file of ['uid_map', 'gid_map']) await writeFile(`/proc/${pid}/${file}`, map)
}

async function pin(mounts: PinMounts, source: string, path: string): Promise<void> {
  await unpinNamespace(mounts, path)
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, '')
  await mounts.bind(source, path)
}

/** Lets a namespace go. What is not there is no error. */
export async function unpinNamespace(mounts: Pick<Mounts, 'unmount'>, path: string): Promise<void> {
  await mounts.unmount(path)
  await rm(path, { force: true })
}
