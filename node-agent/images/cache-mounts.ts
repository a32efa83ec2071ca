import { mkdir, readFile, rename, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { unlessMissing } from '../host/errno.ts'
import { namesIn, writeFileAtomic } from '../host/files.ts'
import { digestOf, hexOf } from './digest.ts'

/** The folder of a `RUN --mount=type=cache`, as it is kept between builds. */
export interface CacheMount {
  /** Of its folder. */
  readonly name: string
  /** 0: nobody noted it. */
  readonly usedMs: number
}

const STAMP = '.json'

/**
 * Folders of cache mounts (`ROOT/build-cache/mounts/NAME`), beside each of them when it was last used (`NAME.json`; the times of the folder itself are the commands' to set). Many processes share them:
 * who uses one has a lease on its name, and a sweep takes only those that nobody has.
 */
export class CacheMounts {
  readonly #folder: string

  constructor(folder: string) {
    this.#folder = folder
  }

  /** By the id that a Dockerfile gives it. */
  nameOf(id: string): string {
    return hexOf(digestOf(id)).slice(0, 32)
  }

  /** Where it lies, or will. */
  pathOf(name: string): string {
    return join(this.#folder, name)
  }

  /** @param staging a folder of the writer's own. */
  async note({ name, usedMs }: CacheMount, staging: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    const made = join(staging, `mount-${name}`)
    await writeFileAtomic(made, JSON.stringify({ usedMs }))
    await rename(made, this.#stamp(name))
  }

  async list(): Promise<readonly CacheMount[]> {
    const names = new Set((await namesIn(this.#folder)).map((name) => basename(name, STAMP)))
    return await Promise.all([...names].map(async (name) => ({ name, usedMs: await this.#usedMs(name) })))
  }

  /** Moves it away whole. Answers whether it was there. A note without a folder (a build that failed between the two) goes, too. */
  async take(name: string, to: string): Promise<boolean> {
    await unlessMissing(unlink(this.#stamp(name)))
    return (await unlessMissing(rename(this.pathOf(name), to).then(() => true))) === true
  }

  async #usedMs(name: string): Promise<number> {
    const text = await unlessMissing(readFile(this.#stamp(name), 'utf8'))
    try {
      return text === undefined ? 0 : (JSON.parse(text) as { readonly usedMs: number }).usedMs
    } catch {
      return 0
    }
  }

  #stamp(name: string): string {
    return join(this.#folder, `${name}${STAMP}`)
  }
}
