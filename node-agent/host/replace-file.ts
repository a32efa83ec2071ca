import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { errnoOf } from './errno.ts'

let counter = 0

/**
 * Replaces a file in one step, without waiting for the disk: whole after this process is killed, perhaps lost after a power cut.
 * For what is worthless without the running processes it tells of; everything else takes `writeFileAtomic`. Folders are made when missing.
 */
export async function replaceFile(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  const staged = `${path}.${process.pid}-${++counter}.tmp`
  try {
    await writeFile(staged, content, { mode })
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error
    await mkdir(dirname(path), { recursive: true })
    await writeFile(staged, content, { mode })
  }
  await rename(staged, path)
}
