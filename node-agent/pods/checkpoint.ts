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
/** What changes is added to the file, a line each time; a file that would become longer than this is written anew. */
const LONGEST_CHARACTERS = 64 << 10

/** Keeps the newest state of one pod on disk. Writes that come together become one; the last one wins. */
export class CheckpointFile {
  readonly #parts: PodParts
  readonly #path: string
  #next: Checkpoint | undefined
  #last: Checkpoint | undefined
  #writing: Promise<void> | undefined
  /** What its lines say together; undefined where that is not known. */
  #kept: (Checkpoint & { readonly characters: number }) | undefined

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
        await this.#keep(one)
      }
    } catch (error) {
      this.#parts.log.error({ path: this.#path, err: messageOf(error) }, 'cannot keep the state of a pod')
    } finally {
      this.#writing = undefined
    }
  }

  /** A line more makes no file and removes none, which is most of the work on many file systems. */
  async #keep(one: Checkpoint): Promise<void> {
    const { files } = this.#parts
    const before = this.#kept
    this.#kept = undefined
    if (before !== undefined) {
      const line = `${JSON.stringify({ ...(one.pod === before.pod ? {} : { pod: one.pod }), record: one.record })}\n`
      const characters = before.characters + line.length
      if (characters <= LONGEST_CHARACTERS && (await isDone(files.append(this.#path, line)))) return void (this.#kept = { ...one, characters })
    }
    const whole = `${JSON.stringify({ version: VERSION, ...one })}\n`
    await files.write(this.#path, whole)
    this.#kept = { ...one, characters: whole.length }
  }
}

const isDone = (work: Promise<void>): Promise<boolean> => work.then(() => true, () => false)

/** The newest state that the lines of a file tell of. Undefined: of another version. Throws where not even the first line is whole. */
export function parseCheckpoint(text: string): Checkpoint | undefined {
  const [first = '', ...later] = text.split('\n')
  const { version, pod, record } = JSON.parse(first) as { readonly version?: unknown } & Checkpoint
  if (version !== VERSION) return undefined
  let newest: Checkpoint = { pod, record }
  for (const line of later.filter((one) => one !== '')) {
    try {
      newest = { ...newest, ...(JSON.parse(line) as Partial<Checkpoint>) }
    } catch {
      // The agent was killed while it was added: nobody was told of that state either.
      break
    }
  }
  return newest
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
      const parsed = parseCheckpoint((await files.read(path)) ?? '')
      if (parsed !== undefined) found.push(parsed)
      else log.warn({ path }, 'the state of a pod is of another version and left out')
    } catch (error) {
      log.warn({ path, err: messageOf(error) }, 'the state of a pod cannot be read and is left out')
    }
  }
  return found
}
