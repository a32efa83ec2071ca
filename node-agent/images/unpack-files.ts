import { type FileHandle, open } from 'node:fs/promises'
import { faultOfSystemError } from '../host/errno.ts'
import type { TarItem } from './tar-reader.ts'

/** So many small files are written side by side: as many as there are threads for it, and as many that wait. */
const AT_ONCE = 8
/** A file up to here is held in memory until it is written. */
const SMALL_BYTES = 256 << 10

/** Whose the files are that this process makes, in a folder that gives them no group. */
export const [ownUser, ownGroup] = [process.geteuid?.() ?? -1, process.getegid?.() ?? -1]

const umask = process.umask()

/** What of a mode a new file has by itself. */
export const modeAsMade = (mode: number): number => mode & 0o777 & ~umask

export interface WriteOptions {
  /** Also where it looks like ours: it may have been made with another group. */
  readonly setsOwner: boolean
  /** Sets its extended attributes, by its path. */
  readonly attributes: () => Promise<void>
}

/**
 * The files of a layer as they are written. Each is opened in its turn, so that who comes after it finds it; its content follows beside those of others. What is done
 * then is done to the open file, wherever its name leads by that time.
 */
export class FileWrites {
  readonly #running = new Set<Promise<void>>()
  #failure: { readonly error: unknown } | undefined
  #open: FileHandle | undefined

  /** Makes the file that is written next; throws EEXIST where something is. */
  async open(path: string, mode: number): Promise<void> {
    this.#open = await open(path, 'wx', mode)
  }

  /** Into the file that was opened last. Answers before one that is small is written. */
  async write(item: TarItem, options: WriteOptions): Promise<void> {
    const file = this.#open
    if (file === undefined) return
    this.#open = undefined
    const { entry, isSparse } = item
    if (isSparse || entry.sizeBytes > SMALL_BYTES || entry.attributes.size > 0) return await finished(file, item, { ...options, content: () => writePieces(file, item) })
    let isBegun = false
    try {
      const parts: Buffer[] = []
      for await (const { bytes } of item.pieces()) parts.push(bytes)
      await this.begin(() => {
        isBegun = true
        return finished(file, item, { ...options, content: () => writeParts(file, parts) }).catch((error: unknown) => Promise.reject(faultOfSystemError(error, `cannot unpack ${entry.name}`)))
      })
    } catch (error) {
      // Nobody else has it. One that is only forgotten ends the process: Node throws an error when it collects an open file.
      if (!isBegun) await file.close()
      throw error
    }
  }

  /** Begins some work; waits where much is under way. Throws what went wrong before: then it was not begun. */
  async begin(work: () => Promise<void>): Promise<void> {
    while (this.#running.size >= AT_ONCE) await Promise.race(this.#running)
    this.#throwFailure()
    const running = work()
      .catch((error: unknown) => void (this.#failure ??= { error }))
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Everything is written. Throws what went wrong. */
  async all(): Promise<void> {
    if (this.#running.size > 0) await this.settled()
    this.#throwFailure()
  }

  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running)
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure.error
  }
}

/** Order matters: chown clears setuid and capabilities. */
async function finished(file: FileHandle, { entry }: TarItem, { setsOwner, attributes, content }: WriteOptions & { readonly content: () => Promise<void> }): Promise<void> {
  try {
    await content()
    const isOurs = !setsOwner && entry.uid === ownUser && entry.gid === ownGroup
    if (!isOurs) await file.chown(entry.uid, entry.gid)
    if (!isOurs || entry.mode !== modeAsMade(entry.mode)) await file.chmod(entry.mode)
    await attributes()
    await file.utimes(entry.modifiedMs / 1000, entry.modifiedMs / 1000)
  } finally {
    await file.close()
  }
}

/** Holes stay holes. */
async function writePieces(file: FileHandle, item: TarItem): Promise<void> {
  let end = 0
  for await (const { at, bytes } of item.pieces()) {
    await writeAll(file, bytes, at)
    end = at + bytes.length
  }
  if (end < item.entry.sizeBytes) await file.truncate(item.entry.sizeBytes)
}

async function writeParts(file: FileHandle, parts: readonly Buffer[]): Promise<void> {
  let at = 0
  for (const bytes of parts) {
    await writeAll(file, bytes, at)
    at += bytes.length
  }
}

async function writeAll(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
}
