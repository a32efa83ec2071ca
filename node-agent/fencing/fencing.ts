/** The door of fencing for the rest of the agent: the fencer that obeys the keeper, and what it has done, in words. */
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { keepFencer, type FencerOptions } from './fencer.ts'
import { describeKill, takeKillReports } from './kill-reports.ts'
import type { KeeperThread } from './worker.ts'

export { DeadlineFiles, forgetState, ownerOf } from './deadlines.ts'
export { podGroups } from './fencer.ts'

export interface GuardOptions extends FencerOptions {
  readonly keeper: Pick<KeeperThread, 'ready' | 'killMs'>
  readonly onStopped: (message: string) => void
}

const LOOK_MS = 1_000

/** Keeps a fencer running and tells what it did, until the signal aborts. The fencer runs on. */
export async function guardPods(options: GuardOptions, signal: AbortSignal): Promise<void> {
  await Promise.race([options.keeper.ready, aborted(signal)])
  await Promise.all([keepFencer(options, signal), tellKills(options, signal)])
}

async function tellKills({ folder, keeper, onStopped, clock, log }: GuardOptions & { readonly clock: Clock; readonly log: Log }, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const report of await takeKillReports(folder)) {
        const message = describeKill(report, { killMs: keeper.killMs, clock })
        log.warn({ ...report }, message)
        onStopped(message)
      }
    } catch (error) {
      log.warn({ err: messageOf(error) }, 'what the fencer did cannot be read')
    }
    await sleep(clock, LOOK_MS, signal).catch(() => {})
  }
}

const aborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
