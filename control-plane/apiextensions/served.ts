/**
 * Serves what definitions define. Every server follows the definitions by itself: it does not matter who created one, and nothing but the
 * definition says what is served.
 */
import type { CustomResourceDefinition } from '../../shared/model/gen/api.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Turns } from '../../shared/kit/turns.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { schemasIn } from '../../shared/model/structural/schema.ts'
import type { DynamicResources } from '../apiserver/core/dynamic-resources.ts'
import type { ResourceStore } from '../apiserver/core/resources.ts'
import type { Convert } from '../apiserver/core/shown.ts'
import { storageKey, type Storage } from '../storage/port.ts'
import { createWatchCache } from '../storage/storage.ts'
import type { CachedObject, WatchCache } from '../storage/watch-cache-port.ts'
import { schemaOfVersion } from './custom-kind.ts'
import { loadPatterns } from './patterns.ts'
import type { Rules } from './rules.ts'
import { storesOf } from './stores.ts'

export interface ServedOptions {
  readonly storage: Storage
  readonly resources: DynamicResources
  readonly clock: Clock
  readonly turns: Turns
  readonly log: Log
  /** Asks a definition's conversion webhook. */
  readonly convertBy: (definition: CustomResourceDefinition) => Convert
}

export interface Served {
  /** Follows the definitions until the signal aborts. */
  run(signal: AbortSignal): Promise<void>
  /** Resolves when everything that was defined at the start is served. */
  whenReady(): Promise<void>
}

/** After a fault the definitions are looked at again then. */
const PAUSE_MS = 100

/** One definition that is served. */
interface Serving {
  readonly definition: CustomResourceDefinition
  /** What is stored, for as long as the definition lives. */
  readonly cache: WatchCache
  readonly cacheEnd: AbortController
  /** The stores made of the definition as it is now. */
  readonly storesEnd: AbortController
}

export function serveDefinitions(options: ServedOptions): Served {
  const ready = Promise.withResolvers<void>()
  return {
    whenReady: () => ready.promise,
    async run(signal) {
      const store = options.resources.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions')
      if (!store) return ready.resolve()
      const serving = new ServedDefinitions(options, signal)
      while (!signal.aborted) {
        try {
          await follow(store, serving, { signal, onReady: () => ready.resolve() })
        } catch (error) {
          if (signal.aborted) break
          if (!isFault(error)) options.log.error({ err: messageOf(error) }, 'definitions could not be followed')
          await sleep(options.clock, PAUSE_MS, signal).catch(() => {})
        }
      }
      serving.end()
    },
  }
}

async function follow(store: ResourceStore, serving: ServedDefinitions, { signal, onReady }: { readonly signal: AbortSignal; readonly onReady: () => void }): Promise<void> {
  const prefix = storageKey(store.location)
  await store.cache.whenReady(signal)
  const after = store.cache.revision
  const there = store.cache.list(prefix)
  await serving.keepOnly(new Set(there.map(({ key }) => key)))
  for (const item of there) await serving.show(item.key, item)
  onReady()
  for await (const { events } of store.cache.watch(prefix, { after, signal })) {
    for (const { type, item } of events) await serving.show(item.key, type === 'DELETED' ? undefined : item)
  }
}

const isServed = ({ status }: CustomResourceDefinition): boolean => (status?.conditions ?? []).some(({ type, status: is }) => type === 'Established' && is === 'True')

/** Whether what is served is the same: conditions come and go without meaning anything to it. */
const isSame = (a: CustomResourceDefinition, b: CustomResourceDefinition): boolean =>
  a.metadata.uid === b.metadata.uid && (a.metadata.deletionTimestamp === undefined) === (b.metadata.deletionTimestamp === undefined) && deepEqual(a.spec, b.spec) && deepEqual(a.status?.acceptedNames, b.status?.acceptedNames)

class ServedDefinitions {
  readonly #options: ServedOptions
  readonly #signal: AbortSignal
  readonly #serving = new Map<string, Serving>()

  constructor(options: ServedOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  async keepOnly(keys: ReadonlySet<string>): Promise<void> {
    for (const key of this.#serving.keys()) if (!keys.has(key)) await this.show(key, undefined)
  }

  async show(key: string, item: CachedObject | undefined): Promise<void> {
    const definition = item?.object as unknown as CustomResourceDefinition | undefined
    const before = this.#serving.get(key)
    if (!definition || !isServed(definition)) return this.#drop(key)
    if (before && isSame(before.definition, definition)) return
    const keeps = before && before.definition.metadata.uid === definition.metadata.uid ? before : undefined
    if (before && !keeps) this.#drop(key)
    const rules = await this.#rulesOf(definition)
    const { cache, cacheEnd } = keeps ?? this.#cacheFor(definition)
    const storesEnd = new AbortController()
    const convert = definition.spec.conversion?.strategy === 'Webhook' ? this.#options.convertBy(definition) : undefined
    const stores = storesOf({ definition, cache, rules, convert, turns: this.#options.turns, clock: this.#options.clock, replaced: storesEnd.signal, ended: this.#signal })
    this.#serving.set(key, { definition, cache, cacheEnd, storesEnd })
    this.#options.resources.replace(key, stores)
    keeps?.storesEnd.abort()
  }

  #cacheFor({ spec }: CustomResourceDefinition): Pick<Serving, 'cache' | 'cacheEnd'> {
    const { storage, clock, log } = this.#options
    const cacheEnd = new AbortController()
    const cache = createWatchCache({ storage, prefix: storageKey({ group: spec.group, plural: spec.names.plural }), clock, log })
    void cache.run(AbortSignal.any([this.#signal, cacheEnd.signal])).catch((error: unknown) => log.error({ cache: spec.names.plural, err: messageOf(error) }, 'a cache has stopped'))
    return { cache, cacheEnd }
  }

  /** Rules are rare: what reads them is loaded when the first definition has some. */
  async #rulesOf({ spec }: CustomResourceDefinition): Promise<ReadonlyMap<string, Rules>> {
    const rules = new Map<string, Rules>()
    await loadPatterns(spec.versions.map(schemaOfVersion))
    for (const version of spec.versions) {
      const schema = schemaOfVersion(version)
      if (![...schemasIn(schema)].some((one) => (one['x-kubernetes-validations'] ?? []).length > 0)) continue
      const { compileRules } = await import('./compile-rules.ts')
      rules.set(version.name, compileRules(schema))
    }
    return rules
  }

  #drop(key: string): void {
    const serving = this.#serving.get(key)
    if (!serving) return
    this.#serving.delete(key)
    this.#options.resources.replace(key, [])
    serving.storesEnd.abort()
    serving.cacheEnd.abort()
  }

  end(): void {
    for (const key of this.#serving.keys()) this.#drop(key)
  }
}
