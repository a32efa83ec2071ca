import { readFile, readdir, rmdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../shared/kit/clock.ts'
import { sleep } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { errnoOf, unlessMissing } from '../host/errno.ts'
import { sendSignal } from '../host/signals.ts'

/** Verbs on one folder of a hierarchy, the same in both versions. */

/** A file of a group; undefined where the group or the file is not there. */
export async function readGroupFile(folder: string, file: string): Promise<string | undefined> {
  try {
    return await unlessMissing(readFile(join(folder, file), 'utf8'))
  } catch (error) {
    // The group was removed between the opening of its file and the reading.
    if (errnoOf(error) === 'ENODEV') return undefined
    throw error
  }
}

export const writeGroupFile = (folder: string, file: string, value: string | number): Promise<void> => writeFile(join(folder, file), String(value))

/** The groups directly inside. */
export async function childGroups(folder: string): Promise<readonly string[]> {
  const entries = (await unlessMissing(readdir(folder, { withFileTypes: true }))) ?? []
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)
}

/** Processes of a group and of all groups inside it. */
export async function processesIn(folder: string): Promise<readonly number[]> {
  const own = ((await readGroupFile(folder, 'cgroup.procs')) ?? '').split('\n').filter((line) => line !== '').map(Number)
  const inner = await Promise.all((await childGroups(folder)).map((name) => processesIn(join(folder, name))))
  return [...own, ...inner.flat()]
}

/** One try to remove a group and those inside; false while somebody is still in it. */
export async function tryRemove(folder: string): Promise<boolean> {
  for (const name of await childGroups(folder)) if (!(await tryRemove(join(folder, name)))) return false
  try {
    await rmdir(folder)
    return true
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT') return true
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false
    throw error
  }
}

const SIGKILL = 9
const FIRST_PAUSE_MS = 1
const LONGEST_PAUSE_MS = 50

export interface PatienceOptions {
  readonly clock: Clock
  /** After this, what did not happen is a Fault('timeout'). */
  readonly limitMs: number
  readonly what: string
}

/** Tries until it works: the version 1 hierarchy has no event for "the last process has left", so the pauses start short and grow. */
export async function untilDone(attempt: () => Promise<boolean>, { clock, limitMs, what }: PatienceOptions): Promise<void> {
  const end = clock.monotonicMs() + limitMs
  for (let pause = FIRST_PAUSE_MS; !(await attempt()); pause = Math.min(LONGEST_PAUSE_MS, pause * 2)) {
    if (clock.monotonicMs() > end) throw new Fault('timeout', `${what}: not within ${limitMs} ms`)
    await sleep(clock, pause)
  }
}

/** SIGKILL to all that are in it now; true when nobody was. */
export async function killOnce(folder: string): Promise<boolean> {
  const pids = await processesIn(folder)
  // A process of another pid namespace shows as 0.
  for (const pid of pids) if (pid > 0) sendSignal(pid, SIGKILL)
  return pids.length === 0
}

/** The one number of a file; `undefined` where the file is not there. */
export const amountIn = (text: string | undefined): number | undefined => (text === undefined ? undefined : Number(text))

/** The number after a word at the start of a line: `oom_kill 3`. */
export function counter(text: string | undefined, name: string): number {
  const line = (text ?? '').split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? 0 : Number(line.slice(name.length + 1))
}
