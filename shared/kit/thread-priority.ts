import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { messageOf } from './faults.ts'

const HIGHEST = -20

/** The thread that calls this runs before others from now on. Answers why not, if it may not. */
export function raiseThread(): string | undefined {
  try {
    // PID/task/TID
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), HIGHEST)
    return undefined
  } catch (error) {
    return messageOf(error)
  }
}
