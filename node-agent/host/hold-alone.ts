import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { Fault } from '../../shared/kit/faults.ts'
import { errnoOf } from './errno.ts'

/**
 * Holds a name that only one process of this machine can hold (within one network namespace). The kernel lets it go when the process dies, however it does.
 * @throws Fault('conflict') when another process has it: `taken` says what that means.
 */
export async function holdAlone(name: string, taken: string): Promise<Disposable> {
  const server = createServer((socket) => socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(errnoOf(cause) === 'EADDRINUSE' ? new Fault('conflict', taken, { cause }) : cause))
    // The leading zero: in no folder, so nothing is left behind. Such names may be 107 bytes long.
    server.listen({ path: `\0gantry-${createHash('sha256').update(name).digest('hex')}` }, resolve)
  })
  server.unref()
  return { [Symbol.dispose]: () => void server.close() }
}
