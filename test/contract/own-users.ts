import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFault } from '../../shared/kit/faults.ts'
import { systemMounts } from '../../node-agent/host/mounts.ts'
import type { PodUsers } from '../../node-agent/host/pod-users.ts'
import { makePodUsers, unpinNamespace } from '../../node-agent/host/user-namespaces.ts'

/** User namespaces for a test, and a network namespace of theirs held by a process. */
export interface TestUsers extends PodUsers, AsyncDisposable {
  readonly netnsPath: string
}

export async function openUsers(folder: string, hostFirst: number): Promise<TestUsers> {
  const mounts = systemMounts()
  mkdirSync(folder, { recursive: true })
  const paths = { usersPath: join(folder, 'users'), ownersPath: join(folder, 'owners'), hostFirst }
  const held = await makePodUsers(mounts, paths)
  return {
    ...paths,
    hostFirst,
    netnsPath: `/proc/${held.pid}/ns/net`,
    async [Symbol.asyncDispose]() {
      await held[Symbol.asyncDispose]()
      for (const path of [paths.usersPath, paths.ownersPath]) await unpinNamespace(mounts, path)
    },
  }
}

/** Whether this kernel shows files of the temporary folder with other owners: Linux 5.12 on most file systems, 6.3 on tmpfs. */
export async function ownersCanBeMapped(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'gantry-owners-'))
  const target = join(folder, 'target')
  mkdirSync(target)
  try {
    await using users = await openUsers(folder, 6_553_600)
    await systemMounts().bindMapped(folder, target, users.ownersPath)
    return true
  } catch (error) {
    if (isFault(error, 'unsupported')) return false
    throw error
  } finally {
    await systemMounts().unmount(target)
    rmSync(folder, { recursive: true })
  }
}
