/** The cgroup subtrees of a lab's members: everything of a machine is below one folder per hierarchy, so that it can be killed or frozen as a whole. */
import { readFileSync } from 'node:fs'
import { mkdir, readdir, readFile, rmdir, writeFile } from 'node:fs/promises'
import { Fault } from '../../shared/kit/faults.ts'
import { sleep, systemClock } from '../../shared/kit/clock.ts'
import { handDown, handDownFromRoot } from '../../node-agent/cgroups/room.ts'

const ROOT = '/sys/fs/cgroup'
/** Of version 2, without which there is no lab; `io` is not everywhere. */
const CONTROLLERS = ['cpu', 'memory', 'pids'] as const
const V1_CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'pids', 'freezer', 'blkio', 'cpuset', 'devices'] as const

/** The mounted hierarchies a member takes part in: one per v1 controller, or the single v2 one. */
export function hierarchies(): readonly string[] {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
  if (mounts.includes(` ${ROOT} `) && / - cgroup2 /.test(mounts.split('\n').find((line) => line.includes(` ${ROOT} `)) ?? '')) return [ROOT]
  return V1_CONTROLLERS.map((controller) => `${ROOT}/${controller}`).filter((folder) => mounts.includes(` ${folder} `))
}

const isV2 = (): boolean => hierarchies()[0] === ROOT

export async function createGroup(path: string): Promise<void> {
  for (const hierarchy of hierarchies()) {
    await mkdir(`${hierarchy}/${path}`, { recursive: true })
    if (hierarchy.endsWith('/cpuset')) await inheritCpuset(hierarchy, path)
    if (isV2()) await delegate(path)
  }
}

/** Against its sisters, when processors are scarce: 1 is what every group has, and what a process outside all groups has. */
export async function setShare(path: string, share: number): Promise<void> {
  if (isV2()) await writeFile(`${ROOT}/${path}/cpu.weight`, String(100 * share))
  else await writeFile(`${ROOT}/cpu/${path}/cpu.shares`, String(1024 * share)).catch(() => {})
}

/** A v1 cpuset is empty when made, and refuses processes until it says which cpus and memory it has. */
async function inheritCpuset(hierarchy: string, path: string): Promise<void> {
  let folder = hierarchy
  for (const part of path.split('/')) {
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      if ((await readFile(`${folder}/${part}/${file}`, 'utf8')).trim() === '') await writeFile(`${folder}/${part}/${file}`, await readFile(`${folder}/${file}`))
    }
    folder = `${folder}/${part}`
  }
}

async function delegate(path: string): Promise<void> {
  let folder = ROOT
  for (const part of ['', ...path.split('/').slice(0, -1)]) {
    const give = part === '' ? handDownFromRoot : handDown
    folder = part === '' ? folder : `${folder}/${part}`
    await give(folder, [...CONTROLLERS, 'io']).catch(() => give(folder, CONTROLLERS))
  }
}

/** Shell lines that put the shell itself, and so what it becomes, into the group. */
export const enterGroup = (path: string): string => hierarchies().map((hierarchy) => `echo $$ > ${hierarchy}/${path}/cgroup.procs`).join('\n')

const freezerRoot = (): string => (isV2() ? ROOT : `${ROOT}/freezer`)

async function foldersBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const below = await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => foldersBelow(`${folder}/${entry.name}`)))
  return [...below.flat(), folder]
}

/** Every process at or below the group. */
export async function processesOf(path: string): Promise<readonly number[]> {
  const folders = await foldersBelow(`${freezerRoot()}/${path}`)
  const lists = await Promise.all(folders.map((folder) => readFile(`${folder}/cgroup.procs`, 'utf8').catch(() => '')))
  return [...new Set(lists.flatMap((list) => list.split('\n').filter((line) => line !== '').map(Number)))]
}

export async function setFrozen(path: string, frozen: boolean): Promise<void> {
  await freeze(`${freezerRoot()}/${path}`, frozen)
}

async function freeze(folder: string, frozen: boolean): Promise<void> {
  if (isV2()) await writeFile(`${folder}/cgroup.freeze`, frozen ? '1' : '0')
  else await writeFile(`${folder}/freezer.state`, frozen ? 'FROZEN' : 'THAWED')
}

/** A group below that was frozen by itself (a paused node) stays so when the ones above thaw, and on v1 the frozen do not die. */
async function thawAll(path: string): Promise<void> {
  for (const folder of await foldersBelow(`${freezerRoot()}/${path}`)) await freeze(folder, false).catch(() => {})
}

export async function isFrozen(path: string): Promise<boolean> {
  const folder = `${freezerRoot()}/${path}`
  const text = await readFile(isV2() ? `${folder}/cgroup.freeze` : `${folder}/freezer.state`, 'utf8').catch(() => '')
  return isV2() ? text.trim() === '1' : /FRO|FREEZ/.test(text)
}

/** How long a host that is busy, or waits for its disk, may take over the end of a process or of a group. */
const ENDS_WITHIN_MS = 60_000

/** Kills everything in the group at one moment: frozen first, so that nobody sees the others die. */
export async function killGroup(path: string): Promise<void> {
  await setFrozen(path, true).catch(() => {})
  for (const pid of await processesOf(path)) endProcess(pid)
  await thawAll(path)
  // A process that was being born escapes the first round.
  const deadline = systemClock.monotonicMs() + ENDS_WITHIN_MS
  for (let round = 0; systemClock.monotonicMs() < deadline; round++) {
    const left = await processesOf(path)
    if (left.length === 0) return
    for (const pid of left) endProcess(pid)
    await sleep(systemClock, Math.min(round, 20))
  }
  throw new Fault('internal', `processes of cgroup ${path} do not die: ${(await processesOf(path)).join(', ')}`)
}

export function endProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // Gone already.
  }
}

/** The runtime makes a container's group in every hierarchy that is mounted, also where none was made for the member. */
const allHierarchies = (): readonly string[] => (isV2() ? [ROOT] : [...hierarchies(), `${ROOT}/systemd`, `${ROOT}/unified`])

/** Removes the (empty) group and what is below it, in every hierarchy. */
export async function removeGroup(path: string): Promise<void> {
  for (const hierarchy of allHierarchies()) for (const folder of await foldersBelow(`${hierarchy}/${path}`)) await removeFolder(folder)
}

/** Removes the group where nothing is below it. */
export async function removeIfEmpty(path: string): Promise<void> {
  for (const hierarchy of allHierarchies()) await rmdir(`${hierarchy}/${path}`).catch(() => {})
}

/** The kernel lets go of a group a moment after its last process. */
async function removeFolder(folder: string): Promise<void> {
  const deadline = systemClock.monotonicMs() + ENDS_WITHIN_MS
  for (let round = 0; ; round++) {
    try {
      return await rmdir(folder)
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'ENOENT') return
      if (code !== 'EBUSY' || systemClock.monotonicMs() > deadline) throw new Fault('internal', `cgroup ${folder} cannot be removed: ${(error as Error).message}`, { cause: error })
      await sleep(systemClock, Math.min(round, 20))
    }
  }
}
