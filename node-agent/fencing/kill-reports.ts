import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../shared/kit/clock.ts'
import { namesIn } from '../host/files.ts'

/** What the fencer did, by its own words. Boot-time clock, ms. */
export interface KillReport {
  /** From when on it was to kill; 0: no lease was granted. */
  readonly killAtMs: number
  readonly beganMs: number
  /** When nobody was left. */
  readonly doneMs: number
  readonly pods: number
  /** 0: not counted. */
  readonly processes: number
}

/** What was written since the last call, oldest first. What was taken is not there any more. */
export async function takeKillReports(folder: string): Promise<readonly KillReport[]> {
  const taken: KillReport[] = []
  for (const name of (await namesIn(join(folder, 'kills'))).toSorted((a, b) => Number(a) - Number(b))) {
    const path = join(folder, 'kills', name)
    const text = await readFile(path, 'utf8').catch(() => '')
    // Without its end it is being written.
    if (!text.endsWith('\n')) continue
    const [killAtMs = 0, beganMs = 0, doneMs = 0, pods = 0, processes = 0] = text.trim().split(' ').map(Number)
    taken.push({ killAtMs, beganMs, doneMs, pods, processes })
    await rm(path, { force: true })
  }
  return taken
}

/** "3 pods stopped at 17:50:01.100, 96 ms before the lease's end". */
export function describeKill({ killAtMs, doneMs, pods }: KillReport, { killMs, clock }: { readonly killMs: number; readonly clock: Clock }): string {
  const at = new Date(clock.nowMs() - (clock.monotonicMs() - doneMs)).toISOString().slice(11, 23)
  const what = `${pods} ${pods === 1 ? 'pod' : 'pods'} stopped at ${at}`
  if (killAtMs === 0) return `${what}: this node has had no lease since it started`
  const leftMs = Math.round(killAtMs + killMs - doneMs)
  return leftMs >= 0 ? `${what}, ${leftMs} ms before the lease's end` : `${what}, ${-leftMs} ms after the lease's end`
}
