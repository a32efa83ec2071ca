/** Makes reservations and services agree again after a server died, or lost its storage, between the two writes. */
import { sleep } from '../../../../shared/kit/clock.ts'
import { messageOf } from '../../../../shared/kit/faults.ts'
import type { Log } from '../../../../shared/kit/log.ts'
import type { Service } from '../../../../shared/model/gen/api.ts'
import { isJsonObject, type JsonObject } from '../../../../shared/model/json.ts'
import { parseTime } from '../../../../shared/model/time.ts'
import { storageKey, type Entry, type Guard } from '../../../storage/port.ts'
import type { CachedObject } from '../../../storage/watch-cache-port.ts'
import { metaText } from '../../core/stored.ts'
import type { AdmissionSources } from '../sources.ts'
import { heldIps, heldPorts, specOf } from './fields.ts'
import { ipAddresses, ipKey, ipRecord, nodePorts, portKey, portRecord } from './reservations.ts'

const EVERY_MS = 180_000
/** A reservation this young may belong to a service that is just being written. */
const YOUNG_MS = 60_000

/** The leader's, as what was looked at must not be acted on by one that stood still meanwhile. */
export interface RepairRight {
  readonly guard?: (() => Guard | undefined) | undefined
  readonly signal: AbortSignal
}

/** Runs until the signal aborts. */
export async function repairReservations(sources: AdmissionSources, log: Log, right: RepairRight): Promise<void> {
  const { signal } = right
  while (!signal.aborted) {
    try {
      await repairOnce(sources, right)
    } catch (error) {
      if (!signal.aborted) log.warn({ err: messageOf(error) }, 'addresses and ports of services cannot be checked')
    }
    await sleep(sources.clock, EVERY_MS, signal).catch(() => {})
  }
}

export async function repairOnce(sources: AdmissionSources, { guard, signal }: RepairRight): Promise<void> {
  const services = sources.resources.find('', 'v1', 'services')
  if (!services) return
  await services.cache.waitFor(await sources.storage.currentRevision(signal), signal)
  const wanted = wantedRecords(sources, services.cache.list(storageKey(services.definition)))
  const there = new Map((await reservations(sources, signal)).map((entry) => [entry.key, entry]))
  for (const [key, record] of wanted) {
    if (!there.has(key)) await sources.storage.write({ kind: 'put', key, value: JSON.stringify(record), expect: { kind: 'absent' }, guard: guard?.() }, signal)
  }
  for (const entry of there.values()) {
    if (!wanted.has(entry.key) && isOld(sources, entry)) await sources.storage.write({ kind: 'delete', key: entry.key, expect: { kind: 'revision', revision: entry.revision }, guard: guard?.() }, signal)
  }
}

function wantedRecords(sources: AdmissionSources, services: readonly CachedObject[]): ReadonlyMap<string, JsonObject> {
  const wanted = new Map<string, JsonObject>()
  for (const { object } of services) {
    const holder = { namespace: metaText(object, 'namespace'), name: metaText(object, 'name') }
    const spec = specOf(object as unknown as Service)
    for (const ip of heldIps(spec)) wanted.set(ipKey(ip), ipRecord(sources, ip, holder))
    for (const port of heldPorts(spec)) wanted.set(portKey(port), portRecord(sources, port, holder))
  }
  return wanted
}

async function reservations({ storage }: AdmissionSources, signal: AbortSignal): Promise<readonly Entry[]> {
  const [ips, ports] = await Promise.all([storage.list(storageKey(ipAddresses), { signal }), storage.list(storageKey(nodePorts), { signal })])
  return [...ips.entries, ...ports.entries]
}

function isOld({ clock }: AdmissionSources, { value }: Entry): boolean {
  const record: unknown = JSON.parse(value)
  const since = isJsonObject(record) ? parseTime(metaText(record, 'creationTimestamp')) : undefined
  return since === undefined || clock.nowMs() - since > YOUNG_MS
}
