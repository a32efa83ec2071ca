import { readdir, readFile, writeFile } from 'node:fs/promises'
import { errnoOf } from './errno.ts'

/** A process, told apart from a later one with the same number by when it started (clock ticks since boot). */
export interface ProcessIdentity {
  readonly pid: number
  readonly startTicks: number
}

interface ProcStat {
  /** `R`, `S`, `Z`, … */
  readonly state: string
  readonly startTicks: number
}

/** The fields of `/proc/PID/stat` that matter here. The name in parentheses may hold anything, so fields are counted after the last one. */
export function parseProcStat(text: string): ProcStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const startTicks = Number(fields[19])
  return fields[0] === undefined || !Number.isFinite(startTicks) ? undefined : { state: fields[0], startTicks }
}

async function readStat(pid: number): Promise<ProcStat | undefined> {
  try {
    return parseProcStat(await readFile(`/proc/${pid}/stat`, 'utf8'))
  } catch (error) {
    const code = errnoOf(error)
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}

/** Who the process is now; undefined if there is none (or it is a zombie). */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readStat(pid)
  return stat === undefined || stat.state === 'Z' ? undefined : { pid, startTicks: stat.startTicks }
}

/** Whether exactly this process is still there (a zombie is not). */
export async function isAlive(who: ProcessIdentity): Promise<boolean> {
  return (await identify(who.pid))?.startTicks === who.startTicks
}

/** Whether exactly this process is there and stands still, by SIGSTOP. */
export async function isStopped(who: ProcessIdentity): Promise<boolean> {
  const stat = await readStat(who.pid)
  return stat?.startTicks === who.startTicks && stat.state === 'T'
}

/** Whether a process was started with this word among its arguments; false when it is gone. Tells a process from a later one with its number. */
export async function hasArgument(pid: number, word: string): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return text.split('\0').includes(word)
}

/** All processes that were started with one of these words among their arguments. Costs a look at every process of the host. */
export async function processesNaming(words: ReadonlySet<string>): Promise<readonly ProcessIdentity[]> {
  const found: ProcessIdentity[] = []
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const text = await readFile(`/proc/${name}/cmdline`, 'utf8').catch(() => '')
    const who = text.split('\0').some((word) => words.has(word)) ? await identify(Number(name)) : undefined
    if (who !== undefined) found.push(who)
  }
  return found
}

/** Whether a process is in a control group of this path (in any hierarchy) or below it. */
export async function isInCgroup(pid: number, path: string): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '')
  return text.split('\n').some((line) => line.endsWith(path) || line.includes(`${path}/`))
}

/** What the kernel says of a process now; undefined for one that is gone. */
export async function processLook(pid: number): Promise<{ /** Its program's name, cut to 15 characters. */ readonly name: string; /** It waits for something, so it has nothing to do. */ readonly isWaiting: boolean } | undefined> {
  const match = /^\d+ \((.*)\) (\S)/s.exec(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''))
  return match === null ? undefined : { name: match[1] ?? '', isWaiting: match[2] === 'S' }
}

/** Direct children of all threads of a process. Empty where the kernel does not tell. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => [])
  const texts = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')))
  return texts.flatMap((text) => text.split(' ')).filter((word) => word !== '').map(Number)
}

/** Changes with each boot: a new one proves that no process of before is alive. */
export const bootId = async (): Promise<string> => (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()

/** How soon the kernel ends the process when memory is short: -1000 (never) to 1000. */
export const writeOomScore = (pid: number, score: number): Promise<void> => writeFile(`/proc/${pid}/oom_score_adj`, String(score))
