import type { KubeObject } from '../../shared/model/meta.ts'
import type { Resource } from '../../shared/model/resources.ts'
import type { Change, Informer, Informers } from './port.ts'

/** The same informers for those who leave before the process does: what they subscribe to ends with the signal. Somebody else runs the informers. */
export function informersUntil(informers: Informers, signal: AbortSignal): Informers {
  const stops = new Set<() => void>()
  const end = (): void => {
    for (const stop of stops) stop()
    stops.clear()
  }
  signal.addEventListener('abort', end, { once: true })
  const subscribe = <T extends KubeObject>(informer: Informer<T>, listener: (change: Change<T>) => void): (() => void) => {
    if (signal.aborted) return () => {}
    // While it is being told what is there already the listener may bring the end about.
    const stop = informer.subscribe((change) => void (signal.aborted || listener(change)))
    if (signal.aborted) stop()
    else stops.add(stop)
    return () => {
      stop()
      stops.delete(stop)
    }
  }
  return {
    for<T extends KubeObject>(resource: Resource<T>): Informer<T> {
      const informer = informers.for(resource)
      return {
        resource,
        get: (key) => informer.get(key),
        list: () => informer.list(),
        byIndex: (index, value) => informer.byIndex(index, value),
        addIndex: (name, valuesOf) => informer.addIndex(name, valuesOf),
        subscribe: (listener) => subscribe(informer, listener),
        askUpTo: (revision) => informer.askUpTo(revision),
        hasSynced: () => informer.hasSynced(),
        whenSynced: (until) => informer.whenSynced(until),
        get size() {
          return informer.size
        },
        get resourceVersion() {
          return informer.resourceVersion
        },
      }
    },
    run: () => Promise.reject(new Error('these informers are run by another')),
    whenSynced: (until) => informers.whenSynced(until),
    whenReached: (revision, until) => informers.whenReached(revision, until),
  }
}
