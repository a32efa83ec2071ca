/** Keeps an address on the leader's machine: clients with one address in their kubeconfig reach whoever leads. */
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Leadership } from '../election/port.ts'
import type { AddressHolder } from './port.ts'

export interface VirtualIpOptions {
  readonly holder: AddressHolder
  readonly clock: Clock
  readonly log: Log
}

/** The address outlives a process that hangs or was killed by so much: the next leader must not share it with a machine that cannot let go. */
export const LIFE_S = 3
const RENEW_MS = 1_000
const LOOK_MS = 100

/**
 * A leader's duty, until its leadership is over. While that is not confirmed the address is not renewed: another may have it by then. What a process
 * before this one left is taken away when this is made. Whoever leads again at once waits until the address of the time before is gone.
 */
export function createVirtualIp({ holder, clock, log }: VirtualIpOptions): (leadership: Leadership) => Promise<void> {
  const drop = (): Promise<void> => holder.drop().catch((error: unknown) => log.warn({ err: messageOf(error) }, 'the virtual address cannot be taken away: it stays until its time is over'))

  async function hold(leadership: Leadership): Promise<void> {
    const { signal } = leadership
    let untilMs = 0
    while (!signal.aborted) {
      if (leadership.isConfirmed()) {
        const isNew = clock.monotonicMs() >= untilMs
        try {
          const startedMs = clock.monotonicMs()
          await (isNew ? holder.take(LIFE_S) : holder.keep(LIFE_S))
          untilMs = startedMs + LIFE_S * 1_000
        } catch (error) {
          log.warn({ err: messageOf(error) }, 'the virtual address is not here')
        }
      }
      await sleep(clock, leadership.isConfirmed() ? RENEW_MS : LOOK_MS, signal).catch(() => {})
    }
    await drop()
  }

  let before = drop()
  return (leadership) => (before = before.then(() => hold(leadership)))
}
