/** Before the first file: what a run that was killed has left of its control groups goes, with the processes in them. Their names end with the process that made them. */
import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

const ROOT = '/sys/fs/cgroup'
const OWN = /^gantry-(?:test(?:-[a-z]+)?|fencer)-(?<pid>\d+)$/
const PATIENCE_MS = 10_000

export async function setup(): Promise<void> {
  const groups = [ROOT, ...foldersIn(ROOT)].flatMap(foldersIn).filter(isLeft)
  for (const group of groups) endAll(group)
  for (const group of groups) await remove(group)
}

function isLeft(group: string): boolean {
  const pid = OWN.exec(group.slice(group.lastIndexOf('/') + 1))?.groups?.['pid']
  return pid !== undefined && !existsSync(`/proc/${pid}`)
}

const foldersIn = (path: string): readonly string[] => readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => join(path, name))

function endAll(group: string): void {
  for (const inner of foldersIn(group)) endAll(inner)
  // One that is frozen dies only when it thaws.
  const freezer = join(group, 'freezer.state')
  if (existsSync(freezer)) writeFileSync(freezer, 'THAWED')
  for (const pid of readFileSync(join(group, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
    try {
      process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

/** The kernel holds a group for a moment longer than the last process of it. */
async function remove(group: string): Promise<void> {
  for (const inner of foldersIn(group)) await remove(inner)
  for (let restMs = PATIENCE_MS; existsSync(group); restMs -= 20) {
    try {
      rmdirSync(group)
    } catch (error) {
      if (restMs <= 0) throw error
      await wait(20)
    }
  }
}
