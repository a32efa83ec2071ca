import { stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { unlessMissing } from './errno.ts'
import { type Libc, loadLibc } from './libc.ts'
import { callNetns } from './netns-calls.ts'
import type { Netns } from './netns-port.ts'
import { programNetns } from './netns-programs.ts'
import { writeNetnsSettings } from './netns-settings.ts'

export type { Netns, PodLink } from './netns-port.ts'

/** @param libc by default the C library where Node can reach it; else `ip`, `unshare`, `nsenter` and `mount` do the work. */
export function systemNetns(libc: Libc | undefined = loadLibc()): Netns {
  return { ...(libc ? callNetns(libc) : programNetns()), isPinned, set: writeNetnsSettings }
}

/** The fallback, for the contract suite. */
export const programOnlyNetns = (): Netns => ({ ...programNetns(), isPinned, set: writeNetnsSettings })

/** A pinned namespace is mounted on its file, so it is on another device than the folder around it. */
async function isPinned(netnsPath: string): Promise<boolean> {
  const [file, folder] = await Promise.all([unlessMissing(stat(netnsPath)), unlessMissing(stat(dirname(netnsPath)))])
  return file !== undefined && file.dev !== folder?.dev
}
