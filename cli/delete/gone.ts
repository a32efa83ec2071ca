/** Waits until objects are gone, by watching each. */
import { sleep, systemClock } from '../../shared/kit/clock.ts'
import type { ApiObject, Cluster } from '../cluster/cluster.ts'
import { isPassing, pauseMs } from '../cluster/patience.ts'
import { isNotFound, isStatusProblem } from '../cluster/status-problem.ts'
import { watch } from '../cluster/watch.ts'
import { Problem } from '../program/problem.ts'

export interface Leaving {
  readonly path: string
  readonly name: string
  /** An object with another uid is another object. */
  readonly uid: string | undefined
}

/** @throws Problem naming what is still there after the time */
export async function waitUntilGone(cluster: Cluster, leaving: readonly Leaving[], { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<void> {
  const ends = AbortSignal.any([...(signal ? [signal] : []), ...(timeoutMs > 0 ? [AbortSignal.timeout(timeoutMs)] : [])])
  const left = await Promise.all(leaving.map(async (one) => ((await isGone(cluster, one, ends)) ? [] : [one])))
  const [first] = left.flat()
  if (first && !signal?.aborted) throw new Problem(`timed out waiting for the condition on ${first.name}`)
}

async function isGone(cluster: Cluster, { path, uid }: Leaving, signal: AbortSignal): Promise<boolean> {
  const at = path.lastIndexOf('/')
  const [collection, name] = [path.slice(0, at), path.slice(at + 1)]
  for (let times = 0; !signal.aborted; times++) {
    try {
      const found = await cluster.json({ path, signal })
      if (uid !== undefined && found.metadata?.uid !== uid) return true
      for await (const { type } of watch<ApiObject>(cluster, { path: collection, query: { fieldSelector: `metadata.name=${decodeURIComponent(name)}` }, resourceVersion: found.metadata?.resourceVersion, signal })) if (type === 'DELETED') return true
    } catch (error) {
      if (isNotFound(error)) return true
      if (signal.aborted) return false
      // A revision too old to watch from: looked at again. So it is when the control plane is away.
      if (!isPassing(error, { onlyReads: true }) && !(isStatusProblem(error) && error.code === 410)) throw error
      await sleep(systemClock, pauseMs(times), signal).catch(() => {})
    }
  }
  return false
}
