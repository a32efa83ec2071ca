/** Whether all is gone from the API that was on a node when it was given up. Before that an agent that comes back must not be told what it shall run: it would start again what is being removed. */
import { staysWhenFenced } from '../../shared/model/fenced-pods.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import type { Informer } from '../informers/port.ts'
import { POD_NODE_INDEX } from './assignments.ts'
import type { NodeLiveness } from './liveness-port.ts'

export interface EvacuationParts {
  readonly pods: Informer<Pod>
  readonly liveness: NodeLiveness
}

/** Resolves when the node is not given up (any more), or no pod is bound to it but those that tolerate that. @throws when the signal aborts. */
export function whenEvacuated(nodeName: string, { pods, liveness }: EvacuationParts, signal: AbortSignal): Promise<void> {
  const isDone = (): boolean => liveness.stateOf(nodeName).kind !== 'fenced' || pods.byIndex(POD_NODE_INDEX, nodeName).every((pod) => staysWhenFenced(pod) || isRemoved(pod))
  if (isDone()) return Promise.resolve()
  return new Promise((resolve, reject) => {
    const look = (): void => {
      if (!signal.aborted && !isDone()) return
      for (const stop of stops) stop()
      signal.removeEventListener('abort', look)
      if (signal.aborted) reject(signal.reason as Error)
      else resolve()
    }
    const stops = [pods.subscribe(({ before, after }) => void (before?.spec?.nodeName === nodeName && (after === undefined || after.spec?.nodeName !== nodeName) && queueMicrotask(look))), liveness.onChange((name) => name === nodeName && look())]
    signal.addEventListener('abort', look, { once: true })
    look()
  })
}

/** What stands there still is its finalizers' affair: no agent would start it. */
const isRemoved = ({ metadata }: Pod): boolean => metadata.deletionTimestamp !== undefined && metadata.deletionGracePeriodSeconds === 0
