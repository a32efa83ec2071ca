import { constants } from 'node:os'
import { errnoOf } from './errno.ts'
import { isAlive, type ProcessIdentity } from './proc.ts'

/** The number of a signal by its name, with or without `SIG` (`TERM`, `SIGRTMIN+3`), or by its number; undefined if there is none. */
export function signalNumber(name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name)
  const upper = name.toUpperCase()
  const full = upper.startsWith('SIG') ? upper : `SIG${upper}`
  const realtime = /^SIGRT(MIN|MAX)(?:([+-])(\d+))?$/.exec(full)
  if (realtime) return (realtime[1] === 'MIN' ? 34 : 64) + (realtime[2] === '-' ? -1 : 1) * Number(realtime[3] ?? 0)
  return (constants.signals as Readonly<Record<string, number>>)[full]
}

/** Signals the very process that was meant, never one that got its number later. Answers false when it is gone. */
export async function signalProcess(who: ProcessIdentity, signal: number): Promise<boolean> {
  return (await isAlive(who)) && sendSignal(who.pid, signal)
}

/** Signals a process by number alone: only for one whose end the caller cannot have missed (its own child). False when it is gone. */
export function sendSignal(pid: number, signal: number): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch (error) {
    if (errnoOf(error) === 'ESRCH') return false
    throw error
  }
}
