import { open, type FileHandle } from 'node:fs/promises'
import { unlessMissing } from '../host/errno.ts'
import { watchPath } from '../host/watch.ts'
import { LineCutter } from './cri-line.ts'
import type { LogChunk, LogQuery } from './port.ts'
import { LogSelection } from './select.ts'
import { tailStart } from './tail.ts'

export interface ReadUntil {
  readonly ended: Promise<void>
  readonly signal: AbortSignal
}

const BLOCK_BYTES = 64 * 1024

/** Reads a log as the query wants it; with `follow`, on and on, woken by the kernel, over rotations. */
export async function* readLog(path: string, query: LogQuery, until: ReadUntil): AsyncGenerator<LogChunk> {
  const selection = new LogSelection(query)
  await using waiter = changes(path, query.follow, until)
  let position: number | undefined
  for (;;) {
    const over = !query.follow || waiter.over
    const file = await unlessMissing(open(path, 'r'))
    if (file !== undefined) {
      await using opened = file
      if (position === undefined) {
        const start = query.tailLines === undefined ? { offset: query.fromByte ?? 0, skipBytes: 0 } : await tailStart(opened, query.tailLines, (await opened.stat()).size)
        position = start.offset
        selection.skipBytes = start.skipBytes
      }
      yield* drain(opened, { position, selection, waiter, follow: query.follow })
      // The next file of this name is a new one, read from its start.
      position = 0
    }
    if (selection.done || over || until.signal.aborted) return
    if (file === undefined) await waiter.next()
    else if (waiter.over) return
  }
}

interface Drain {
  readonly position: number
  readonly selection: LogSelection
  readonly waiter: Waiter
  readonly follow: boolean
}

/** Everything of one file: to its end, or (following) until it was replaced or the writer has ended. */
async function* drain(file: FileHandle, { position, selection, waiter, follow }: Drain): AsyncGenerator<LogChunk> {
  const cutter = new LineCutter()
  const buffer = Buffer.alloc(BLOCK_BYTES)
  const inode = (await file.stat()).ino
  let at = position
  for (;;) {
    // Whether it was over is asked before the read: what was written until then is read.
    const over = !follow || waiter.over || (await waiter.replaced(inode))
    for (let read = await file.read(buffer, 0, BLOCK_BYTES, at); read.bytesRead > 0; read = await file.read(buffer, 0, BLOCK_BYTES, at)) {
      at += read.bytesRead
      for (const line of cutter.cut(Uint8Array.prototype.slice.call(buffer, 0, read.bytesRead))) yield* selection.take(line)
      if (selection.done) return
    }
    if (over) return
    await waiter.next()
  }
}

interface Waiter extends AsyncDisposable {
  /** Resolves after the next change (or at once, if there was one since the last call). */
  next(): Promise<void>
  /** The writer has ended, or nobody listens any more. */
  readonly over: boolean
  /** The path leads to another file by now. */
  replaced(inode: number): Promise<boolean>
}

function changes(path: string, follow: boolean, { ended, signal }: ReadUntil): Waiter {
  let changed = false
  let over = false
  let wake = (): void => {}
  const poke = (): void => {
    changed = true
    wake()
  }
  const finish = (): void => {
    over = true
    poke()
  }
  // The folder, because the file itself is replaced at a rotation.
  const folder = path.slice(0, path.lastIndexOf('/'))
  const name = path.slice(path.lastIndexOf('/') + 1)
  const stop = follow ? watchPath(folder, (entry) => void (entry === name && poke()), finish) : () => {}
  if (follow) void ended.then(finish, finish)
  signal.addEventListener('abort', finish, { once: true })
  return {
    get over() {
      return over
    },
    async next() {
      if (!changed) await new Promise<void>((resolve) => void (wake = resolve))
      changed = over
    },
    async replaced(inode) {
      const now = await unlessMissing(open(path, 'r'))
      if (now === undefined) return false
      await using current = now
      return (await current.stat()).ino !== inode
    },
    async [Symbol.asyncDispose]() {
      stop()
      signal.removeEventListener('abort', finish)
    },
  }
}
