/** Informers of custom resources: each runs for as long as its definition is served. */
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { CustomResourceDefinition } from '../../shared/model/gen/api.ts'
import type { KubeObject } from '../../shared/model/meta.ts'
import { customResourceDefinitions, type Resource } from '../../shared/model/resources.ts'
import type { ApiClient } from '../client/port.ts'
import { CachingInformer } from './informer.ts'
import type { Informer, Informers } from './port.ts'

export interface CustomMember {
  readonly resource: Resource
  readonly informer: Informer<KubeObject>
}

export interface CustomInformers {
  /** Those that are there now. */
  current(): readonly CustomMember[]
  /** Called for each that comes, before it runs, so that it may be given indexes and listeners. */
  onMember(listener: (member: CustomMember) => void): void
  /** Follows the definitions until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
}

interface Running extends CustomMember {
  readonly uid: string
  readonly end: AbortController
}

export function createCustomInformers(parts: { readonly client: ApiClient; readonly clock: Clock; readonly log: Log; readonly informers: Informers }): CustomInformers {
  const definitions = parts.informers.for(customResourceDefinitions)
  const running = new Map<string, Running>()
  const listeners: Array<(member: CustomMember) => void> = []
  const stop = (key: string): void => {
    running.get(key)?.end.abort()
    running.delete(key)
  }
  const show = (key: string, definition: CustomResourceDefinition | undefined, signal: AbortSignal): void => {
    const resource = definition && servedResource(definition)
    const before = running.get(key)
    if (before && resource && before.uid === definition.metadata.uid && before.resource.version === resource.version) return
    stop(key)
    if (!resource) return
    const informer = new CachingInformer<KubeObject>(resource, parts)
    const end = new AbortController()
    const member = { resource, informer, uid: definition.metadata.uid ?? '', end }
    running.set(key, member)
    for (const listener of listeners) listener(member)
    void runLater(informer, { clock: parts.clock, signal: AbortSignal.any([signal, end.signal]) })
  }
  return {
    current: () => [...running.values()],
    onMember: (listener) => void listeners.push(listener),
    async run(signal) {
      const unsubscribe = definitions.subscribe(({ key, after }) => show(key, after, signal))
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        else signal.addEventListener('abort', () => resolve(), { once: true })
      })
      unsubscribe()
      for (const key of running.keys()) stop(key)
    },
  }
}

/** Definitions come in crowds and some go at once; Kubernetes takes up to half a minute until it follows the objects of a new one. */
const SETTLE_MS = 3_000

async function runLater(informer: CachingInformer<KubeObject>, { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal }): Promise<void> {
  await sleep(clock, SETTLE_MS, signal).catch(() => {})
  if (!signal.aborted) await informer.run(signal)
}

/** The version in which its objects are looked at; `undefined` while it is not established. */
function servedResource({ spec, status }: CustomResourceDefinition): Resource | undefined {
  if (!(status?.conditions ?? []).some(({ type, status: is }) => type === 'Established' && is === 'True')) return undefined
  const version = spec.versions.find(({ served, storage }) => served && storage) ?? spec.versions.find(({ served }) => served)
  return version && { group: spec.group, version: version.name, plural: spec.names.plural, kind: status?.acceptedNames?.kind ?? spec.names.kind, namespaced: spec.scope === 'Namespaced' }
}
