/** One command at a time makes or removes a lab, changes the power of a machine, or the cables. The lock is a socket without a file: the kernel lets go of it when its process dies. */
import { createServer, type Server } from 'node:net'
import { sleep, systemClock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'

const WAIT_MS = 120_000
const LOOK_AGAIN_MS = 20

/** Held while the lab is made, grows, shrinks or is removed. */
export const labLock = (lab: string): string => `gantry-lab-${lab}`
/** Held while the power of one machine or the life of its programs changes: what happens to others goes on at the same time. Inside {@link labLock}, if both are. */
export const machineLock = (lab: string, machine: string): string => `gantry-lab-${lab}/${machine}`
/** Held while the cables are changed. */
export const cablesLock = (lab: string): string => `gantry-lab-${lab}/cables/`

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

/** The same with several locks, taken in this order: it must be the same for all who take several. */
export const withLocks = <T>(names: readonly string[], work: () => Promise<T>): Promise<T> => {
  const [first, ...others] = names
  return first === undefined ? work() : withLock(first, () => withLocks(others, work))
}
