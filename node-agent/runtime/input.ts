import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { errnoOf } from '../host/errno.ts'
import { launch } from '../host/processes.ts'
import type { ContainerInput } from './port.ts'

/** conmon's attach socket is SOCK_SEQPACKET, which Node cannot open: socat carries the bytes. */
export async function openContainerInput(bundle: string): Promise<ContainerInput> {
  // Relative to the bundle, because a socket's path may have 108 bytes only.
  const relay = await launch('socat', ['-u', '-b', '8192', 'STDIN', 'UNIX-CONNECT:attach,type=5'], { cwd: bundle, stdin: 'pipe' })
  relay.stdin?.on('error', () => {})
  return {
    write: (bytes) =>
      new Promise((resolve) => {
        if (relay.stdin === undefined || relay.stdin.destroyed) resolve()
        else relay.stdin.write(bytes, () => resolve())
      }),
    close: () => void relay.stdin?.end(),
  }
}

/** Messages of conmon's control pipe: `1 HEIGHT WIDTH` sizes the terminal, `2 0 0` reopens the log. */
export async function tellMonitor(bundle: string, message: string): Promise<void> {
  try {
    const pipe = await open(join(bundle, 'ctl'), constants.O_WRONLY | constants.O_NONBLOCK)
    try {
      await pipe.write(`${message}\n`)
    } finally {
      await pipe.close()
    }
  } catch (error) {
    // Nobody reads it any more (ENXIO) or it is gone: the container has ended.
    const code = errnoOf(error)
    if (code !== 'ENXIO' && code !== 'ENOENT' && code !== 'EPIPE') throw error
  }
}
