import { mkdir, readFile, rename, unlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { unlessMissing } from '../host/errno.ts'
import { namesIn, writeFileAtomic } from '../host/files.ts'
import { CacheMounts } from './cache-mounts.ts'
import { type Digest, hexOf } from './digest.ts'
import type { ContentLayer } from './records.ts'

/** A layer of the store with the folder it lies in. */
export interface BuiltLayer extends ContentLayer {
  /** Its name in `layers/`. */
  readonly folder: string
}

/** What a step of a build came to. */
export interface CachedStep {
  readonly key: Digest
  /** Absent: it changed no file. */
  readonly layer?: BuiltLayer | undefined
  /** RFC 3339. */
  readonly created: string
  readonly usedMs: number
}

/** More are not kept; those longest unused go first. */
const MOST_KEPT = 2000

/** Results of steps, one small file each (`ROOT/build-cache/steps/KEY.json`), which hold their layers; and the folders of cache mounts (`mounts/`). Read where it is asked: many processes share it. */
export class BuildCache {
  readonly mounts: CacheMounts
  readonly #steps: string

  constructor(root: string) {
    this.#steps = join(root, 'build-cache', 'steps')
    this.mounts = new CacheMounts(join(root, 'build-cache', 'mounts'))
  }

  async find(key: Digest): Promise<CachedStep | undefined> {
    return await read(this.#file(key))
  }

  /** @param staging a folder of the writer's own. */
  async put(step: CachedStep, staging: string): Promise<void> {
    await mkdir(this.#steps, { recursive: true })
    const file = this.#file(step.key)
    const made = join(staging, `step-${basename(file)}`)
    await writeFileAtomic(made, JSON.stringify(step))
    await rename(made, file)
  }

  async list(): Promise<readonly CachedStep[]> {
    const steps = await Promise.all((await namesIn(this.#steps)).filter((name) => name.endsWith('.json')).map((name) => read(join(this.#steps, name))))
    return steps.filter((step) => step !== undefined)
  }

  /** Answers whether it was there. */
  async drop(key: Digest): Promise<boolean> {
    return (await unlessMissing(unlink(this.#file(key)).then(() => true))) === true
  }

  /** So that a machine that builds all day does not keep all of it. */
  async dropOldest(): Promise<void> {
    if ((await namesIn(this.#steps)).length <= MOST_KEPT) return
    const steps = (await this.list()).toSorted((a, b) => b.usedMs - a.usedMs)
    for (const { key } of steps.slice(MOST_KEPT)) await this.drop(key)
  }

  #file(key: Digest): string {
    return join(this.#steps, `${hexOf(key)}.json`)
  }
}

/** One that cannot be read is none: it only has to be done again. */
async function read(file: string): Promise<CachedStep | undefined> {
  const text = await unlessMissing(readFile(file, 'utf8'))
  try {
    return text === undefined ? undefined : (JSON.parse(text) as CachedStep)
  } catch {
    return undefined
  }
}
