/** Memory of processes, as the kernel counts it. */
import { readdir, readFile } from 'node:fs/promises'
import { processesOf } from '../../deploy/lab/cgroups.ts'

export interface Memory {
  /** Shared pages count by their share: what would be free were the process gone, were there no other of its kind. */
  readonly proportionalBytes: number
  readonly residentBytes: number
  /** Of those, what other processes have in use, too: programs and libraries, mostly. */
  readonly sharedBytes: number
}

const nothing: Memory = { proportionalBytes: 0, residentBytes: 0, sharedBytes: 0 }

export async function memoryOf(pid: number): Promise<Memory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '')
  const kib = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0)
  return { proportionalBytes: kib('Pss') * 1024, residentBytes: kib('Rss') * 1024, sharedBytes: (kib('Shared_Clean') + kib('Shared_Dirty')) * 1024 }
}

export async function memoryOfAll(pids: readonly number[]): Promise<Memory> {
  const each = await Promise.all(pids.map(memoryOf))
  return each.reduce((sum, one) => ({ proportionalBytes: sum.proportionalBytes + one.proportionalBytes, residentBytes: sum.residentBytes + one.residentBytes, sharedBytes: sum.sharedBytes + one.sharedBytes }), nothing)
}

const words = async (pid: number): Promise<readonly string[]> => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0')

/** Processes at or below the cgroup whose program is `name`. */
export async function programsIn(cgroup: string, name: string): Promise<readonly number[]> {
  const pids = await processesOf(cgroup)
  const programs = await Promise.all(pids.map(async (pid) => (await words(pid))[0]?.split('/').at(-1)))
  return pids.filter((_, index) => programs[index] === name)
}

/** Every process of the host whose command line holds the text. */
export async function processesWith(text: string): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const lines = await Promise.all(pids.map(async (pid) => (await words(pid)).join(' ')))
  return pids.filter((pid, index) => pid !== process.pid && (lines[index] ?? '').includes(text))
}

export const megabytes = (bytes: number): number => bytes / 1_000_000
