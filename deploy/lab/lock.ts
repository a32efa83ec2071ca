/** One command at a time makes or removes a lab. The lock is a socket without a file: the kernel lets go of it when its process dies. */
import { createServer, type Server } from 'node:net'
import { sleep, systemClock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'

const WAIT_MS = 120_000
const LOOK_AGAIN_MS = 20

/** Answers nothing when somebody else has it. */
function taken(name: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const lock = createServer((socket) => socket.destroy())
    lock.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    lock.listen(`\0${name}`, () => resolve(lock))
  })
}

/** Does the work as soon as nobody else holds the lock of that name. @throws Fault('conflict') when that takes too long. */
export async function withLock<T>(name: string, work: () => Promise<T>, waitMs = WAIT_MS): Promise<T> {
  const deadline = systemClock.monotonicMs() + waitMs
  let lock = await taken(name)
  while (!lock) {
    if (systemClock.monotonicMs() > deadline) throw new Fault('conflict', `another command has held "${name}" for ${waitMs / 1000} s: wait for it, or end it`)
    await sleep(systemClock, LOOK_AGAIN_MS)
    lock = await taken(name)
  }
  try {
    return await work()
  } finally {
    lock.close()
  }
}
