import { backoffMs } from '../../shared/kit/backoff.ts'
import { sleep } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import type { CheckpointFile } from './checkpoint.ts'
import type { PodParts } from './parts.ts'
import { podLogFolder } from './paths.ts'

const AGAIN = { baseMs: 1_000, capMs: 30_000, factor: 2 }

export interface LastTraces {
  readonly parts: Pick<PodParts, 'logs' | 'config' | 'clock' | 'log'>
  readonly pod: Pod
  readonly checkpoint: CheckpointFile
  /** Whether what is noted of the pod is to stay; looked at late, for that may change until then. */
  readonly isKept: () => boolean
  /** Called in the moment in which that was decided. */
  readonly onGone: () => void
}

/**
 * Takes away what is left of a pod that is gone: its logs, then what is noted of it, for nobody else knows of the logs. Tries until that is done: nobody
 * else would. Rejects only when the signal aborts between two tries.
 */
export async function removeLastTraces({ parts: { logs, config, clock, log }, pod, checkpoint, isKept, onGone }: LastTraces, signal: AbortSignal): Promise<void> {
  for (let failures = 1; ; failures++) {
    try {
      await logs.remove(podLogFolder(config.logFolder, pod))
      await checkpoint.settled()
      if (!isKept()) await checkpoint.remove()
      break
    } catch (error) {
      log.warn({ pod: pod.metadata.name, uid: pod.metadata.uid, failures, err: messageOf(error) }, 'the last traces of a pod cannot be cleared away yet')
      await sleep(clock, backoffMs(AGAIN, failures), signal)
    }
  }
  onGone()
}
