/** Keeps the fencer running: finds the one an agent before this one started, starts one where there is none. */
import { mkdir, readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { startDetached, raiseProcess } from '../host/detached.ts'
import { exists } from '../host/files.ts'
import { systemSpecialFiles } from '../host/files-special.ts'
import { findProgram } from '../host/find-program.ts'
import { isAlive, type ProcessIdentity } from '../host/proc.ts'
import { replaceFile } from '../host/replace-file.ts'
import { signalProcess } from '../host/signals.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { FENCER_SCRIPT } from './fencer-script.ts'

export interface FencerOptions {
  /** Where deadline and state are. */
  readonly folder: string
  /** Of the pods' control groups. */
  readonly version: 1 | 2
  /** The folder that holds the groups of all pods; `freezer`: the same one in the freezer's hierarchy. */
  readonly pods: string
  readonly freezer?: string | undefined
  readonly clock: Clock
  readonly log: Log
}

const LOOK_MS = 1_000
const SIGKILL = 9

/** Where the pods' groups are in the mounted hierarchies. `parent`: as the agent's own group is named, `gantry/agent/pods`. */
export const podGroups = (version: 1 | 2, parent: string, root = '/sys/fs/cgroup'): Pick<FencerOptions, 'version' | 'pods' | 'freezer'> =>
  version === 2 ? { version, pods: join(root, parent) } : { version, pods: join(root, 'memory', parent), freezer: join(root, 'freezer', parent) }

/**
 * Resolves when a fencer runs that obeys `folder`. One of another version is replaced, the new one first: there is never none.
 * @throws Fault('unsupported') when there is no shell for it.
 */
export async function ensureFencer(options: FencerOptions, onEnd: () => void = () => {}): Promise<ProcessIdentity> {
  const { folder, log } = options
  const words = [folder, String(options.version), options.pods, options.freezer ?? '']
  const mark = createHash('sha256').update([FENCER_SCRIPT, ...words].join('\n')).digest('hex').slice(0, 16)
  const record = join(folder, 'fencer.json')
  const before = await readRecord(record)
  const lives = before !== undefined && (await isAlive(before))
  if (lives && before.mark === mark) return before
  await mkdir(join(folder, 'kills'), { recursive: true, mode: 0o700 })
  if (!(await exists(join(folder, 'wake')))) await systemSpecialFiles().makeNode(join(folder, 'wake'), { kind: 'pipe', major: 0, minor: 0, mode: 0o600 })
  await replaceFile(join(folder, 'fencer.sh'), FENCER_SCRIPT, 0o700)
  const who = await startDetached(await findProgram('busybox'), ['sh', join(folder, 'fencer.sh'), ...words], onEnd)
  await replaceFile(record, JSON.stringify({ ...who, mark }))
  const refused = await raiseProcess(who.pid)
  log.info({ pid: who.pid, ...(refused.length > 0 ? { refused } : {}) }, 'the fencer runs')
  if (lives) await signalProcess(before, SIGKILL)
  return who
}

interface FencerRecord extends ProcessIdentity {
  readonly mark: string
}

async function readRecord(path: string): Promise<FencerRecord | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as FencerRecord
  } catch {
    return undefined
  }
}

/** Keeps one running until the signal aborts, and leaves it running then. @param onLooked `undefined`: it runs; else why not */
export async function keepFencer(options: FencerOptions, onLooked: (failure: string | undefined) => void, signal: AbortSignal): Promise<void> {
  const { clock } = options
  while (!signal.aborted) {
    onLooked(await ensureFencer(options).then(() => undefined, messageOf))
    await sleep(clock, LOOK_MS, signal).catch(() => {})
  }
}

/** Ends it, where nothing is left to be killed. */
export async function endFencer(folder: string): Promise<void> {
  const record = await readRecord(join(folder, 'fencer.json'))
  if (record) await signalProcess(record, SIGKILL)
}
