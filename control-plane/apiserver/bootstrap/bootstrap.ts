/** Makes what every cluster holds by itself. Safe to run at each start, and by several servers at once: what is there stays as it is, but for roles that lack something. */
import { isApiError } from '../../../shared/kit/api-error.ts'
import { backoffMs } from '../../../shared/kit/backoff.ts'
import { sleep } from '../../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../../shared/kit/faults.ts'
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import { formatTime, parseTime } from '../../../shared/model/time.ts'
import { storageKey, type Revision } from '../../storage/port.ts'
import { ipKey } from '../admission/services/reservations.ts'
import { ipRange, toIp, type ServiceRanges } from '../admission/services/ranges.ts'
import type { Call } from '../core/call.ts'
import { create } from '../core/create.ts'
import { normalized } from '../core/normalize.ts'
import type { CoreParts } from '../core/parts.ts'
import { keyAt, type ResourceStore } from '../core/resources.ts'
import { metaText, withoutRevision } from '../core/stored.ts'
import { update } from '../core/update.ts'
import { bootstrapObjects, RBAC, kubernetesService, kubernetesSlice, serviceRange, serviceRangeStatus, type Advertised } from './objects.ts'
import { reconciledRole } from './reconciled-role.ts'

export interface BootstrapOptions {
  readonly ranges: ServiceRanges
  /** Left out: no `kubernetes` service is made. */
  readonly advertised?: Advertised | undefined
  /** Waits until everything up to the revision is decided by. */
  readonly settled?: ((revision: Revision, signal: AbortSignal) => Promise<void>) | undefined
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
  await ensureServiceRange(parts, call, options.ranges)
  if (options.advertised) await announce(parts, call, { advertised: options.advertised, ranges: options.ranges })
  await options.settled?.(await parts.storage.currentRevision(options.signal), options.signal)
}

const isReady = ({ status }: JsonObject): boolean => isJsonObject(status) && Array.isArray(status['conditions'])

async function ensureServiceRange(parts: CoreParts, call: Call, { serviceCidr }: ServiceRanges): Promise<void> {
  const store = parts.resources.find('networking.k8s.io', 'v1', 'servicecidrs')
  const there = store?.cache.get(keyAt(store, '', 'kubernetes'))
  // A server may have ended between the two writes.
  if (!store || (there && isReady(withoutRevision(there)))) return
  if (!there) await ensure(parts, call, { store, object: serviceRange(serviceCidr) })
  const change = (existing: JsonObject): JsonObject => (isReady(existing) ? existing : { ...existing, status: serviceRangeStatus(formatTime(parts.clock.nowMs())) })
  await update(parts, call, { store, at: { namespace: '', name: 'kubernetes' }, subresource: 'status', change })
}

interface Wanted {
  readonly store: ResourceStore
  readonly object: JsonObject
}

/** What the cache has need not be tried: at most starts that is everything. */
async function ensure(parts: CoreParts, call: Call, { store, object }: Wanted): Promise<void> {
  const there = store.cache.get(keyAt(store, metaText(object, 'namespace'), metaText(object, 'name')))
  if (!there) return make(parts, call, { store, object })
  if (store.definition.group !== RBAC) return
  const wanted = reconciledRole(withoutRevision(there), object)
  if (wanted) await update(parts, call, { store, at: { namespace: metaText(object, 'namespace'), name: metaText(object, 'name') }, subresource: '', change: (existing) => reconciledRole(existing, object) ?? existing })
}

async function make(parts: CoreParts, call: Call, { store, object }: Wanted): Promise<void> {
  try {
    await create(parts, call, { store, namespace: metaText(object, 'namespace'), object: normalized(store.definition, object) })
  } catch (error) {
    if (!isApiError(error, 'AlreadyExists')) throw error
  }
}

/** The service `kubernetes` and where it leads to at first: to this server. Of several the leader keeps it right from then on. */
async function announce(parts: CoreParts, call: Call, { advertised, ranges }: { readonly advertised: Advertised; readonly ranges: ServiceRanges }): Promise<void> {
  const slices = parts.resources.find('discovery.k8s.io', 'v1', 'endpointslices')
  if (slices) await ensure(parts, call, { store: slices, object: kubernetesSlice([advertised.host], advertised) })
  const services = parts.resources.find('', 'v1', 'services')
  if (!services || (await isThere(parts, services, call))) return
  const ip = toIp(ipRange(ranges.serviceCidr).base + 1)
  try {
    await ensure(parts, call, { store: services, object: kubernetesService(ip, advertised) })
  } catch (error) {
    // Its address is taken: by another server that is just making the service, or by one that died before it had.
    if (!isApiError(error, 'Invalid')) throw error
    if (await isThere(parts, services, call)) return
    await freeLeftAddress(parts, ip, call)
    throw new Fault('conflict', 'the service kubernetes is not there yet, and its address is taken', { cause: error })
  }
}

const isThere = async ({ storage }: CoreParts, { definition }: ResourceStore, { signal }: Call): Promise<boolean> => (await storage.get(storageKey(definition, 'default', 'kubernetes'), signal)) !== undefined

/** How long a service may be on its way to the storage after its address is. */
const UNDER_WAY_MS = 2_000

async function freeLeftAddress({ storage, clock }: CoreParts, ip: string, { signal }: Call): Promise<void> {
  const left = await storage.get(ipKey(ip), signal)
  const record: unknown = left && JSON.parse(left.value)
  const sinceMs = isJsonObject(record) && isOfKubernetes(record) ? parseTime(metaText(record, 'creationTimestamp')) : undefined
  if (left && sinceMs !== undefined && Math.abs(clock.nowMs() - sinceMs) > UNDER_WAY_MS) await storage.write({ kind: 'delete', key: left.key, expect: { kind: 'revision', revision: left.revision } }, signal)
}

function isOfKubernetes({ spec }: JsonObject): boolean {
  const parent = isJsonObject(spec) ? spec['parentRef'] : undefined
  return isJsonObject(parent) && parent['namespace'] === 'default' && parent['name'] === 'kubernetes'
}
