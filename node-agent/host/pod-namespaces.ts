import { closeSync, openSync } from 'node:fs'
import { mkdir, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '../../shared/kit/faults.ts'
import { unlessMissing } from './errno.ts'
import { mustRun } from './exec.ts'
import { holdProcess } from './held-process.ts'
import { type Libc, loadLibc } from './libc.ts'
import type { Mounts } from './mounts.ts'

/** Namespaces that the containers of a pod share, each held by a file, so that they outlive every one of them. */
export interface PodNamespaces {
  readonly ipcPath: string
  readonly utsPath: string
}

const CLONE_NEWUTS = 0x0400_0000
const CLONE_NEWIPC = 0x0800_0000
const NSFS_MAGIC = 0x6e736673

export interface PodPlace {
  readonly folder: string
  /** A user namespace that is to own them; else the node's does. */
  readonly usersPath?: string | undefined
}

/** Makes the namespaces of a pod and pins them below `folder`, or answers those that are there. Unmounting the files lets them go. */
export async function pinPodNamespaces(mounts: Mounts, { folder, usersPath }: PodPlace, libc: Libc | undefined = loadLibc()): Promise<PodNamespaces> {
  const paths = { ipcPath: join(folder, 'ipc'), utsPath: join(folder, 'uts') }
  if ((await isPinned(paths.ipcPath)) && (await isPinned(paths.utsPath))) return paths
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const path of Object.values(paths)) {
    await mounts.unmount(path)
    await writeFile(path, '')
  }
  if (usersPath !== undefined) await pinInside({ mounts, paths, usersPath })
  else if (libc === undefined) await mustRun('unshare', [`--ipc=${paths.ipcPath}`, `--uts=${paths.utsPath}`, 'true'])
  else await pinByCalls({ mounts, libc, paths })
  return paths
}

async function isPinned(path: string): Promise<boolean> {
  return (await unlessMissing(statfs(path)))?.type === NSFS_MAGIC
}

/** A thread of this process cannot go there and come back. */
async function pinInside({ mounts, paths, usersPath }: Omit<Pin, 'libc'> & { readonly usersPath: string }): Promise<void> {
  await using held = await holdProcess('nsenter', [`--user=${usersPath}`, 'unshare', '--ipc', '--uts'])
  await mounts.bind(`/proc/${held.pid}/ns/ipc`, paths.ipcPath)
  await mounts.bind(`/proc/${held.pid}/ns/uts`, paths.utsPath)
}

interface Pin {
  readonly mounts: Mounts
  readonly libc: Libc
  readonly paths: PodNamespaces
}

async function pinByCalls({ mounts, libc, paths }: Pin): Promise<void> {
  const fresh = newNamespaces(libc)
  try {
    await mounts.bind(`/proc/self/fd/${fresh.ipc}`, paths.ipcPath)
    await mounts.bind(`/proc/self/fd/${fresh.uts}`, paths.utsPath)
  } finally {
    closeSync(fresh.ipc)
    closeSync(fresh.uts)
  }
}

/** Both made in this thread, which is back home before anything else can run in it; where it cannot get back the process ends. */
function newNamespaces(libc: Libc): { readonly ipc: number; readonly uts: number } {
  const open = (): { readonly ipc: number; readonly uts: number } => ({ ipc: openSync('/proc/thread-self/ns/ipc', 'r'), uts: openSync('/proc/thread-self/ns/uts', 'r') })
  const home = open()
  try {
    libc.unshare(CLONE_NEWIPC | CLONE_NEWUTS)
    try {
      return open()
    } finally {
      goHome(libc, home)
    }
  } finally {
    closeSync(home.ipc)
    closeSync(home.uts)
  }
}

function goHome(libc: Libc, home: { readonly ipc: number; readonly uts: number }): void {
  try {
    libc.setns(home.ipc, CLONE_NEWIPC)
    libc.setns(home.uts, CLONE_NEWUTS)
  } catch (error) {
    process.stderr.write(`cannot return from a new namespace: ${messageOf(error)}\n`)
    process.exit(70)
  }
}
