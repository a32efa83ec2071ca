/** The metrics API is there as long as an APIService for it is. Every server follows that by itself. */
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { DynamicResources } from '../apiserver/core/dynamic-resources.ts'
import { namesOf, type ResourceStore } from '../apiserver/core/resources.ts'
import { itemOfEntry } from '../apiserver/core/stored.ts'
import { noCache } from '../apiserver/core/no-cache.ts'
import type { KindDefinition } from '../registry/kind.ts'
import { METRICS_SERVICE } from '../registry/updates/api-service.ts'
import { storageKey } from '../storage/port.ts'
import { nodeMetricsKind, podMetricsKind } from './kinds.ts'

export interface MetricsOptions {
  readonly resources: DynamicResources
  readonly clock: Clock
  readonly log: Log
}

/** After a fault it is looked for again then. */
const PAUSE_MS = 100

const measuredStore = (kind: KindDefinition): ResourceStore => ({ ...namesOf(kind), cache: noCache, location: kind, read: itemOfEntry, toStored: (object) => object })

/** Serves it, or does not, until the signal aborts. */
export async function serveMetrics({ resources, clock, log }: MetricsOptions, signal: AbortSignal): Promise<void> {
  const services = resources.find('apiregistration.k8s.io', 'v1', 'apiservices')
  if (!services) return
  const stores = [nodeMetricsKind, podMetricsKind].map(measuredStore)
  const key = storageKey(services.location, '', METRICS_SERVICE)
  let isServed = false
  const look = (): void => {
    const isWanted = services.cache.get(key) !== undefined
    if (isWanted !== isServed) resources.replace(METRICS_SERVICE, isWanted ? stores : [])
    isServed = isWanted
  }
  while (!signal.aborted) {
    try {
      await services.cache.whenReady(signal)
      const after = services.cache.revision
      look()
      for await (const _ of services.cache.watch(storageKey(services.location), { after, signal })) look()
    } catch (error) {
      if (signal.aborted) return
      if (!isFault(error)) log.error({ err: messageOf(error) }, 'the metrics API could not be followed')
      await sleep(clock, PAUSE_MS, signal).catch(() => {})
    }
  }
}
