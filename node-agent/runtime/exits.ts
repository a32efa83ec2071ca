import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureFolder, namesIn } from '../host/files.ts'
import { unlessMissing } from '../host/errno.ts'
import { watchPath } from '../host/watch.ts'

/** How a container ended, as its monitor wrote it. */
export interface ExitRecord {
  readonly exitCode: number
  readonly finishedMs: number
}

/** Watches the folder into which the monitors write exit codes. What was written before the start is found by a scan. */
export interface ExitWatch {
  /** The record of a container, once its monitor has written it. */
  read(id: string): Promise<ExitRecord | undefined>
  stop(): void
}

/** @param onExit told the id of each container whose record is there; perhaps more than once. */
export async function watchExits(folders: { readonly exits: string }, onExit: (id: string) => void): Promise<ExitWatch> {
  await ensureFolder(folders.exits)
  // Watch first, scan second: nothing falls between.
  const stop = watchPath(folders.exits, (name) => {
    // conmon writes `ID.XXXXXX` and renames it.
    if (name !== '' && !name.includes('.')) onExit(name)
  })
  for (const name of await namesIn(folders.exits)) if (!name.includes('.')) onExit(name)
  return { read: (id) => readExit(folders, id), stop }
}

async function readExit({ exits }: { readonly exits: string }, id: string): Promise<ExitRecord | undefined> {
  const path = join(exits, id)
  const text = await unlessMissing(readFile(path, 'utf8'))
  if (text === undefined || text.trim() === '') return undefined
  const about = await unlessMissing(stat(path))
  return { exitCode: Number(text), finishedMs: Math.floor(about?.mtimeMs ?? 0) }
}
