/** Nothing is made in a namespace beyond its quotas. What an object costs is added to them by compare-and-set before it is stored. */
import type { ResourceQuota } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { boundedNames, judge, whyUncountable } from '../../registry/quota/charge.ts'
import { type Counted, grownUsage, usageOf } from '../../registry/quota/usage.ts'
import type { ResourceList } from '../../registry/resource-list.ts'
import { storageKey } from '../../storage/port.ts'
import { orDeposed } from '../core/commit.ts'
import { canonical, itemOfEntry, metadataOf, withoutRevision } from '../core/stored.ts'
import { updateManagedFields } from '../field-manager/update.ts'
import { conflict, modifiedMessage } from '../status.ts'
import type { AdmissionPlugin, AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import { listCached, resourceQuotasResource, type AdmissionSources } from './sources.ts'

const SCHEMA = 'io.k8s.api.core.v1.ResourceQuota'
/** How often a charge that lost a race is tried again. */
const TRIES = 32

export function resourceQuota(sources: AdmissionSources): AdmissionPlugin {
  const inTurn = turns()
  return {
    name: 'ResourceQuota',
    validate(request) {
      const { namespace, store } = request
      if (namespace === '' || !store.definition.namespaced || !isCharged(request)) return
      const quotas = listCached(sources, resourceQuotasResource, namespace) as unknown as readonly ResourceQuota[]
      return quotas.length === 0 ? undefined : chargeAll(request, quotas)
    },
  }

  async function chargeAll(request: AdmissionRequest, quotas: readonly ResourceQuota[]): Promise<void> {
    const { namespace, object, old, store } = request
    const resource: Counted = store.definition
    const nowMs = sources.clock.nowMs()
    const usage = usageOf(resource, object, nowMs)
    const grown = grownUsage(usage, old && request.operation === 'UPDATE' ? usageOf(resource, old, nowMs) : {})
    const concerned = quotas.filter((quota) => boundedNames(quota, { resource, object }).length > 0)
    if (concerned.length === 0 || Object.keys(grown).length === 0) return
    const names = concerned.map(({ metadata }) => metadata.name ?? '').toSorted()
    // All are asked before any is charged: whether they can count it, then whether there is room.
    const uncountable = concerned.flatMap((quota) => whyUncountable(quota, { resource, object }) ?? [])[0]
    if (uncountable !== undefined) throw forbid(request, uncountable)
    for (const quota of concerned) check(request, quota, { resource, grown })
    await inTurn(namespace, async () => {
      for (const name of names) await charge(sources, request, { name, resource, grown })
    })
  }
}

/** Events, under either of their names, never counted. */
const isEvent = ({ group, plural }: Counted): boolean => plural === 'events' && (group === '' || group === 'events.k8s.io')

/** Objects count when they are made; those that count as more than one also when they change. */
function isCharged({ operation, subresource, store }: AdmissionRequest): boolean {
  const { group, plural } = store.definition
  if (isEvent(store.definition)) return false
  if (subresource !== '') return operation === 'UPDATE' && group === '' && ((plural === 'pods' && subresource === 'resize') || (plural === 'persistentvolumeclaims' && subresource === 'status'))
  if (operation === 'CREATE') return true
  return operation === 'UPDATE' && group === '' && (plural === 'services' || plural === 'persistentvolumeclaims')
}

interface Cost {
  readonly resource: Counted
  readonly grown: ResourceList
}

/** What is used with the object; `undefined`: as before. Throws a 403. */
function check(request: AdmissionRequest, quota: ResourceQuota, cost: Cost): ResourceList | undefined {
  const verdict = judge(quota, { ...cost, object: request.object })
  if (verdict.kind === 'refused') throw forbid(request, verdict.message)
  return verdict.kind === 'charged' ? verdict.used : undefined
}

async function charge(sources: AdmissionSources, request: AdmissionRequest, { name, ...cost }: Cost & { readonly name: string }): Promise<void> {
  const { call, namespace } = request
  const key = storageKey(resourceQuotasResource, namespace, name)
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const entry = await sources.storage.get(key, call.signal)
    if (!entry) return
    const live = withoutRevision(itemOfEntry(entry))
    const used = check(request, live as unknown as ResourceQuota, cost)
    if (!used || call.dryRun) return
    const value = JSON.stringify(charged(live, used, sources.clock.nowMs()))
    const result = orDeposed(await sources.storage.write({ kind: 'put', key, value, expect: { kind: 'revision', revision: entry.revision }, guard: call.guard?.() }, call.signal))
    if (result.kind === 'committed') return
  }
  throw conflict({ group: '', name: 'resourcequotas' }, name, modifiedMessage)
}

function charged(live: JsonObject, used: ResourceList, nowMs: number): JsonObject {
  const status = { ...(live['status'] as JsonObject | undefined), used }
  const changed = updateManagedFields({ live, changed: { ...live, metadata: metadataOf(live), status }, schema: SCHEMA, kind: 'ResourceQuota', manager: 'kube-apiserver', apiVersion: 'v1', subresource: 'status', nowMs })
  return canonical(changed, 'ResourceQuota', 'v1')
}

/** Charges of one namespace made by this process go one after the other: they would only lose races to each other. */
function turns(): (namespace: string, work: () => Promise<void>) => Promise<void> {
  const last = new Map<string, Promise<void>>()
  return async (namespace, work) => {
    const mine = (last.get(namespace) ?? Promise.resolve()).then(work)
    const settled = mine.catch(() => {})
    last.set(namespace, settled)
    await mine.finally(() => {
      if (last.get(namespace) === settled) last.delete(namespace)
    })
  }
}
