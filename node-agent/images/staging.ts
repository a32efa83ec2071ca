import { mkdir, mkdtemp, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { unlessMissing } from '../host/errno.ts'
import { namesIn, removeTree } from '../host/files.ts'

/** A folder for unfinished work on the file system of its store; gone when disposed, and swept after a crash by whoever opens the store next. */
export interface Staging extends AsyncDisposable {
  readonly path: string
}

export async function openStaging(folder: string): Promise<Staging> {
  await mkdir(folder, { recursive: true })
  const path = await mkdtemp(join(folder, `${await ownerMark(process.pid)}-`))
  return { path, [Symbol.asyncDispose]: () => removeTree(path) }
}

/** Deletes what processes left behind that are no more. */
export async function sweepStaging(folder: string): Promise<void> {
  for (const name of await namesIn(folder)) if (!(await isOwned(name))) await removeTree(join(folder, name))
}

/** Whether the process that made a folder of this name still lives. */
export async function isOwned(name: string): Promise<boolean> {
  const [pid = '', started = ''] = name.split('-')
  return (await ownerMark(Number(pid))) === `${pid}-${started}`
}

/** The owner stands in the name, so that no moment is without. A process is its id and its start time (field 22 of proc(5) stat), because ids come again. */
export async function ownerMark(pid: number): Promise<string> {
  const stat = await unlessMissing(readFile(`/proc/${pid}/stat`, 'utf8'))
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')
  return `${pid}-${fields?.[19] ?? 'gone'}`
}
