import { messageOf } from '../../shared/kit/faults.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import type { PodParts } from './parts.ts'
import { checkpointPath } from './paths.ts'
import type { PodRecord } from './record.ts'

/** What is known of a pod, as it is kept over a restart of the agent. */
export interface Checkpoint {
  readonly pod: Pod
  readonly record: PodRecord
}

const VERSION = 1

/** Keeps the newest state of one pod on disk. Writes that come together become one; the last one wins. */
export class CheckpointFile {
  readonly #parts: PodParts
  readonly #path: string
  #next: Checkpoint | undefined
  #last: Checkpoint | undefined
  #writing: Promise<void> | undefined

  constructor(parts: PodParts, podUid: string) {
    this.#parts = parts
    this.#path = checkpointPath(parts.config.checkpointFolder, podUid)
  }

  save(checkpoint: Checkpoint): void {
    if (this.#last?.pod === checkpoint.pod && this.#last.record === checkpoint.record) return
    this.#last = checkpoint
    this.#next = checkpoint
    this.#writing ??= this.#write()
  }

  /** The pod is gone: its file too. */
  async remove(): Promise<void> {
    this.#next = undefined
    await this.#writing
    await this.#parts.files.remove(this.#path)
  }

  /** Resolves when everything is written. */
  async settled(): Promise<void> {
    await this.#writing
  }

  async #write(): Promise<void> {
    try {
      for (let one = this.#next; one !== undefined; one = this.#next) {
        this.#next = undefined
        await this.#parts.files.write(this.#path, JSON.stringify({ version: VERSION, ...one }))
      }
    } catch (error) {
      this.#parts.log.error({ path: this.#path, err: messageOf(error) }, 'cannot keep the state of a pod')
    } finally {
      this.#writing = undefined
    }
  }
}

/** All pods an agent before this one knew. A file that cannot be read is left out, with a word in the log. */
export async function readCheckpoints({ files, config, log }: PodParts): Promise<readonly Checkpoint[]> {
  const found: Checkpoint[] = []
  for (const name of await files.names(config.checkpointFolder)) {
    const path = `${config.checkpointFolder}/${name}`
    // Begun by an agent that was killed.
    if (name.endsWith('.tmp')) await files.remove(path)
    if (!name.endsWith('.json')) continue
    try {
      const parsed = JSON.parse((await files.read(path)) ?? '') as { readonly version?: unknown } & Checkpoint
      if (parsed.version === VERSION) found.push({ pod: parsed.pod, record: parsed.record })
      else log.warn({ path }, 'the state of a pod is of another version and left out')
    } catch (error) {
      log.warn({ path, err: messageOf(error) }, 'the state of a pod cannot be read and is left out')
    }
  }
  return found
}
