import { writeSync } from 'node:fs'

/** Where a command writes, and what it reads. */
export interface Terminal {
  out(text: string): void
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
    out: (text) => write(1, text),
    err: (text) => write(2, text),
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

function write(file: number, text: string): void {
  let left = Buffer.from(text)
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
