/** Makes what every cluster holds by itself. Safe to run at each start, and by several servers at once: what is there stays as it is. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { backoffMs } from '../../../shared/kit/backoff.ts'
import { sleep } from '../../../shared/kit/clock.ts'
import { isFault, messageOf } from '../../../shared/kit/faults.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { ipRange, toIp, type ServiceRanges } from '../admission/services/ranges.ts'
import type { Call } from '../core/call.ts'
import { create } from '../core/create.ts'
import { normalized } from '../core/normalize.ts'
import type { CoreParts } from '../core/parts.ts'
import type { ResourceStore } from '../core/resources.ts'
import { metaText } from '../core/stored.ts'
import { update } from '../core/update.ts'
import { bootstrapObjects, kubernetesService, kubernetesSlice, type Advertised } from './objects.ts'

export interface BootstrapOptions {
  readonly ranges: ServiceRanges
  /** Left out: no `kubernetes` service is made. */
  readonly advertised?: Advertised | undefined
  readonly signal: AbortSignal
}

const RETRY = { baseMs: 100, capMs: 5000, factor: 2 } as const

/** Tries again until it has worked, or the signal aborts. */
export async function bootstrap(parts: CoreParts, options: BootstrapOptions): Promise<void> {
  for (let failures = 0; !options.signal.aborted; failures++) {
    try {
      await makeAll(parts, options)
      return
    } catch (error) {
      if (options.signal.aborted) return
      if (!isFault(error)) parts.log.error({ err: messageOf(error) }, 'what a new cluster holds cannot be made yet')
      await sleep(parts.clock, backoffMs(RETRY, failures + 1), options.signal).catch(() => {})
    }
  }
}

const MASTERS = { name: 'system:apiserver', uid: '', groups: ['system:masters'], extra: {} } as const

async function makeAll(parts: CoreParts, options: BootstrapOptions): Promise<void> {
  const call: Call = { user: MASTERS, manager: 'kube-apiserver', dryRun: false, signal: options.signal, warn: () => {} }
  for (const { group, version, plural, objects } of bootstrapObjects) {
    const store = parts.resources.find(group, version, plural)
    if (store) await Promise.all(objects.map((object) => ensure(parts, call, { store, object })))
  }
  if (options.advertised) await announce(parts, call, { advertised: options.advertised, ranges: options.ranges })
}

async function ensure(parts: CoreParts, call: Call, { store, object }: { readonly store: ResourceStore; readonly object: JsonObject }): Promise<void> {
  try {
    await create(parts, call, { store, namespace: metaText(object, 'namespace'), object: normalized(store.definition, object) })
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error
  }
}

/** The service `kubernetes`, and this server among its endpoints. */
async function announce(parts: CoreParts, call: Call, { advertised, ranges }: { readonly advertised: Advertised; readonly ranges: ServiceRanges }): Promise<void> {
  const services = parts.resources.find('', 'v1', 'services')
  const first = toIp(ipRange(ranges.serviceCidr).base + 1)
  if (services && !services.cache.get('/gantry/core/services/default/kubernetes')) await ensure(parts, call, { store: services, object: kubernetesService(first, advertised) })
  const slices = parts.resources.find('discovery.k8s.io', 'v1', 'endpointslices')
  if (!slices) return
  const own = kubernetesSlice([advertised.host], advertised)
  await update(parts, call, {
    store: slices,
    at: { namespace: 'default', name: 'kubernetes' },
    subresource: '',
    change: (existing) => normalized(slices.definition, { ...existing, ...kubernetesSlice([...new Set([...addressesOf(existing), advertised.host])], advertised), metadata: existing['metadata'] ?? {} }),
    missing: () => normalized(slices.definition, own),
  })
}

function addressesOf(slice: JsonObject): readonly string[] {
  const endpoints = (Array.isArray(slice['endpoints']) ? slice['endpoints'] : []) as readonly JsonObject[]
  return endpoints.flatMap((endpoint) => (Array.isArray(endpoint['addresses']) ? (endpoint['addresses'] as readonly string[]) : []))
}
