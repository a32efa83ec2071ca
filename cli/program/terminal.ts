import { writeSync } from 'node:fs'

/** Where a command writes, and what it reads. */
export interface Terminal {
  out(text: string): void
  /** To standard output, unchanged. */
  bytes(part: Uint8Array): void
  err(text: string): void
  /** All of standard input. */
  readAll(): Promise<string>
  /** Columns of the screen that standard output is; `undefined` if it is none. */
  readonly columns: number | undefined
}

/**
 * The process's own terminal. Written at once and not through `process.stdout`, which takes milliseconds to open; a pipe that is full or a
 * reader that went away are handled here.
 */
export function processTerminal(): Terminal {
  return {
    out: (text) => write(1, Buffer.from(text)),
    bytes: (part) => write(1, part),
    err: (text) => write(2, Buffer.from(text)),
    async readAll() {
      const parts: Buffer[] = []
      for await (const part of process.stdin) parts.push(part as Buffer)
      return Buffer.concat(parts).toString()
    },
    get columns() {
      return process.stdout.isTTY ? process.stdout.columns : undefined
    },
  }
}

function write(file: number, bytes: Uint8Array): void {
  let left = bytes
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(file, left))
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (code === 'EPIPE') process.exit(0)
      if (code !== 'EAGAIN') throw error
      // The pipe is full and does not block: wait a moment for its reader.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2)
    }
  }
}
