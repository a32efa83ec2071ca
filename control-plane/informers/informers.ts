/** The door of this room: one informer per resource for everyone in the process. */
import type { KubeObject } from '../../shared/model/meta.ts'
import type { Resource } from '../../shared/model/resources.ts'
import { CachingInformer, type InformerParts } from './informer.ts'
import type { Informer, Informers } from './port.ts'

export function createInformers(parts: InformerParts): Informers {
  const informers = new Map<string, CachingInformer<KubeObject>>()
  const running = new Set<Promise<void>>()
  let signal: AbortSignal | undefined

  const start = (informer: CachingInformer<KubeObject>, until: AbortSignal): void => {
    const task = informer.run(until)
    running.add(task)
    void task.finally(() => running.delete(task))
  }
  return {
    for<T extends KubeObject>(resource: Resource<T>): Informer<T> {
      const name = `${resource.group}/${resource.version}/${resource.plural}`
      const known = informers.get(name)
      if (known) return known as unknown as Informer<T>
      const informer = new CachingInformer(resource, parts)
      informers.set(name, informer as unknown as CachingInformer<KubeObject>)
      if (signal) start(informer as unknown as CachingInformer<KubeObject>, signal)
      return informer
    },
    async run(until) {
      if (signal) throw new Error('the informers are running already')
      signal = until
      for (const informer of informers.values()) start(informer, until)
      if (!until.aborted) await new Promise<void>((resolve) => until.addEventListener('abort', () => resolve(), { once: true }))
      await Promise.all(running)
      signal = undefined
    },
    async whenSynced(until) {
      await Promise.all([...informers.values()].map((informer) => informer.whenSynced(until)))
    },
    async whenReached(revision, until) {
      await Promise.all([...informers.values()].map((informer) => informer.whenReached(revision, until)))
    },
  }
}
