import { constants } from 'node:fs'
import { open, readlink } from 'node:fs/promises'
import { runProgram } from './exec.ts'
import { loadLibc } from './libc.ts'

export interface TerminalSize {
  /** Columns. */
  readonly width: number
  /** Rows. */
  readonly height: number
}

const TIOCSWINSZ = 0x5414

/** Sets the size of the terminal that is a process' standard input; its foreground processes are told (SIGWINCH). False where it has none, or is gone. */
export async function setTerminalSize(pid: number, size: TerminalSize): Promise<boolean> {
  const path = `/proc/${pid}/fd/0`
  try {
    if (!/^\/dev\/(pts\/\d+|console)$/.test(await readlink(path))) return false
    await setSizeOf(path, size)
    return true
  } catch {
    // The process ended, or closed its input: nothing is left to be sized.
    return false
  }
}

async function setSizeOf(path: string, { width, height }: TerminalSize): Promise<void> {
  const libc = loadLibc()
  if (libc === undefined) return void (await runProgram('stty', ['-F', path, 'rows', String(height), 'cols', String(width)]))
  await using terminal = await open(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK)
  libc.ioctl(terminal.fd, TIOCSWINSZ, new Uint8Array(Uint16Array.of(height, width, 0, 0).buffer))
}
