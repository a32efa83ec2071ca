import { closeSync, constants, openSync, writeSync } from 'node:fs'
import { rm, unlink } from 'node:fs/promises'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { isAlive, isStopped, type ProcessIdentity } from '../host/proc.ts'
import { signalProcess } from '../host/signals.ts'

const SIGCONT = 18
const SIGSTOP = 19
const LOOKS = 2_000
const PAUSE_MS = 1

/**
 * What `crun start` does (it writes one byte into the pipe the container's process waits at, and removes it), without the program: 0.2 ms in place of 5. Answers
 * false where it does not look as expected; then the program does it.
 */
export async function letGo(fifo: string): Promise<boolean> {
  try {
    sendByte(fifo)
    // As long as the pipe is there, whoever comes after an agent that was killed lets the process go once more.
    await unlink(fifo)
    return true
  } catch {
    return false
  }
}

/**
 * The same, for an agent that does not know how far the one before it came. It may have opened the pipe and been killed before it wrote: the process has seen the
 * pipe end then, looks at it again and again, and (crun 1.8) fails where it looks between our opening and our writing. So it stands still meanwhile. Where nobody
 * waits at the pipe any more the process was let go, and the pipe is removed: the program would wait for it for ever.
 */
export async function letGoOnceMore(fifo: string, waiting: ProcessIdentity, clock: Clock): Promise<void> {
  await signalProcess(waiting, SIGSTOP)
  try {
    for (let looks = 0; looks < LOOKS && !(await isStopped(waiting)) && (await isAlive(waiting)); looks++) await sleep(clock, PAUSE_MS)
    sendByte(fifo)
  } catch {
    // Nobody waits at it.
  } finally {
    await signalProcess(waiting, SIGCONT)
  }
  // Not before: an agent that comes after this one would not know of a process that stands still.
  await rm(fifo, { force: true })
}

/** In one go, so that an agent is hardly ever killed in between. @throws ENXIO where nobody reads */
function sendByte(fifo: string): void {
  const pipe = openSync(fifo, constants.O_WRONLY | constants.O_NONBLOCK)
  try {
    writeSync(pipe, '\0')
  } finally {
    closeSync(pipe)
  }
}
