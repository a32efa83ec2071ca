import { mkdir, readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { watchPath } from '../host/watch.ts'
import { unlessMissing } from '../host/errno.ts'

/** Where static pods come from. */
export interface StaticFolder {
  /** Files by name; hidden ones are none. */
  read(): Promise<ReadonlyMap<string, string>>
  /** Calls when something may have changed. The answer ends it. */
  watch(onChange: () => void): () => void
}

/** Nobody writes a pod that long. */
const MOST_BYTES = 2 ** 20

/** A folder of the host; made when missing. */
export async function staticFolder(path: string): Promise<StaticFolder> {
  await mkdir(path, { recursive: true })
  return {
    async read() {
      const files = new Map<string, string>()
      for (const name of ((await unlessMissing(readdir(path))) ?? []).toSorted()) {
        const about = name.startsWith('.') ? undefined : await unlessMissing(stat(join(path, name)))
        if (about?.isFile() !== true || about.size > MOST_BYTES) continue
        const text = await unlessMissing(readFile(join(path, name), 'utf8'))
        if (text !== undefined) files.set(join(path, name), text)
      }
      return files
    },
    watch: (onChange) => watchPath(path, onChange),
  }
}
