import { mkdir, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { namesIn, removeTree } from '../host/files.ts'
import { identify, type ProcessIdentity } from '../host/proc.ts'

/** A folder for unfinished work on the file system of its store; gone when disposed, and swept after a crash by whoever opens the store next. */
export interface Staging extends AsyncDisposable {
  readonly path: string
}

export async function openStaging(folder: string): Promise<Staging> {
  await mkdir(folder, { recursive: true })
  const path = await mkdtemp(join(folder, `${await ownerMark()}-`))
  return { path, [Symbol.asyncDispose]: () => removeTree(path) }
}

/** Deletes what processes left behind that are no more. */
export async function sweepStaging(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) if (!(await isOwned(name))) await removeTree(join(folder, name))
}

/** Whether the process that made a folder of this name still lives. One that is dead and that nobody has waited for does not. */
export async function isOwned(name: string): Promise<boolean> {
  const [pid = '', started = ''] = name.split('-')
  const who = await identify(Number(pid))
  return who !== undefined && markOf(who) === `${pid}-${started}`
}

/** The owner stands in the name, so that no moment is without. A process is its id and its start time, because ids come again. */
export async function ownerMark(): Promise<string> {
  const own = await identify(process.pid)
  if (own === undefined) throw new Error('/proc knows nothing of this process')
  return markOf(own)
}

const markOf = ({ pid, startTicks }: ProcessIdentity): string => `${pid}-${startTicks}`
