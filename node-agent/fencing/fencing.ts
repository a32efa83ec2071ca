/** The door of fencing for the rest of the agent: the fencer that obeys the keeper, and what it has done, in words. */
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { keepFencer, type FencerOptions } from './fencer.ts'
import { describeKill, takeKillReports } from './kill-reports.ts'
import type { PodRight } from './port.ts'
import type { KeeperThread } from './worker.ts'

export { DeadlineFiles, forgetState, ownerOf } from './deadlines.ts'
export { podGroups } from './fencer.ts'

export interface GuardOptions extends FencerOptions {
  readonly keeper: PodRight & Pick<KeeperThread, 'ready' | 'killMs'>
  readonly onStopped: (message: string) => void
  /** Why no fencer runs; told once each time. */
  readonly onUnguarded: (message: string) => void
}

export interface PodGuard {
  /** The keeper's, as long as a fencer runs: what nobody would stop in time must not be started. */
  readonly right: PodRight
  /** Keeps a fencer running and tells what it did, until the signal aborts. The fencer runs on. */
  run(signal: AbortSignal): Promise<void>
}

const LOOK_MS = 1_000

export function createGuard(options: GuardOptions): PodGuard {
  const { keeper, log, onUnguarded } = options
  const listeners = new Set<Parameters<PodRight['onChange']>[0]>()
  let fencer: 'unknown' | 'runs' | 'missing' = 'unknown'
  const look = (failure: string | undefined): void => {
    const before = fencer
    fencer = failure === undefined ? 'runs' : 'missing'
    if (fencer === before) return
    if (fencer === 'runs') for (const listener of listeners) listener(keeper.right())
    else {
      const message = `no fencer runs, so no container is started (nobody would stop it when this node's right ends): ${failure}`
      log.error({}, message)
      onUnguarded(message)
    }
  }
  return {
    right: {
      mayRun: () => fencer === 'runs' && keeper.mayRun(),
      right: () => keeper.right(),
      onChange(listener) {
        const stop = keeper.onChange(listener)
        listeners.add(listener)
        return () => {
          listeners.delete(listener)
          stop()
        }
      },
    },
    async run(signal) {
      await Promise.race([keeper.ready, aborted(signal)])
      await Promise.all([keepFencer(options, look, signal), tellKills(options, signal)])
    },
  }
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
