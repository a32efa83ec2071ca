/** The leader's duty: the Service `kubernetes` leads to the replicas that live, and to no others. */
import { isApiError } from '../../shared/kit/api-error.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { EndpointSlice } from '../../shared/model/gen/api.ts'
import { endpointSlices } from '../../shared/model/resources.ts'
import type { ApiClient } from '../client/port.ts'
import type { Observer } from '../election/election.ts'
import type { Leadership } from '../election/port.ts'
import type { Lister } from '../informers/port.ts'
import type { Storage } from '../storage/port.ts'
import { aliveReplicas, type ReplicaSighting } from './alive.ts'
import { isReplicaKey, parseReplica, type ApiAddress } from './record.ts'

export interface EndpointsOptions {
  readonly storage: Storage
  readonly observer: Observer
  readonly slices: Lister<EndpointSlice>
  /** Resolves when the slices are known. */
  readonly whenServing: (signal: AbortSignal) => Promise<void>
  readonly clock: Clock
  readonly log: Log
  readonly prefix: string
  readonly api: ApiAddress
  /** How long a replica may be silent. */
  readonly graceMs: () => number
}

const AT = { namespace: 'default', name: 'kubernetes' } as const
/** How often it is looked whether somebody has fallen silent, in the time that this may take. */
const LOOKS = 6

export async function keepEndpoints(options: EndpointsOptions, leadership: Leadership, client: ApiClient): Promise<void> {
  const { clock, log, graceMs } = options
  const { signal } = leadership
  await options.whenServing(signal)
  const leadingSinceMs = clock.monotonicMs()
  const known = new Set<string>()
  while (!signal.aborted) {
    try {
      await look(options, { leadership, client, leadingSinceMs, known })
    } catch (error) {
      if (!signal.aborted) log.debug({ err: messageOf(error) }, 'the endpoints of the service kubernetes are not written yet')
    }
    await sleep(clock, graceMs() / LOOKS, signal).catch(() => {})
  }
}

interface Look {
  readonly leadership: Leadership
  readonly client: ApiClient
  readonly leadingSinceMs: number
  readonly known: Set<string>
}

async function look({ storage, observer, slices, clock, prefix, api, graceMs }: EndpointsOptions, { leadership, client, leadingSinceMs, known }: Look): Promise<void> {
  const sightings = observer.all().flatMap(({ entry, seenMs }): readonly ReplicaSighting[] => {
    const record = isReplicaKey(prefix, entry.key) ? parseReplica(entry) : undefined
    return record ? [{ key: entry.key, host: record.host, seenMs }] : []
  })
  for (const { host } of sightings) known.add(host)
  const slice = slices.get(`${AT.namespace}/${AT.name}`)
  const listed = (slice?.endpoints ?? []).flatMap(({ addresses }) => addresses)
  const { hosts, expired } = aliveReplicas({ own: api.host, sightings, listed, known, leadingSinceMs, graceMs: graceMs(), nowMs: clock.monotonicMs() })
  if (JSON.stringify(listed.toSorted()) !== JSON.stringify(hosts)) await write(client, hosts, api.port)
  // Only as it was seen: one that lives after all has written anew.
  for (const key of expired) {
    const seen = observer.find(key)
    if (seen) await storage.write({ kind: 'delete', key, expect: { kind: 'revision', revision: seen.entry.revision }, guard: leadership.guard })
  }
}

async function write(client: ApiClient, hosts: readonly string[], port: number): Promise<void> {
  const endpoints = hosts.map((address) => ({ addresses: [address], conditions: { ready: true } }))
  const ports = [{ name: 'https', port, protocol: 'TCP' }]
  try {
    const slice = await client.get(endpointSlices, AT)
    await client.update(endpointSlices, { ...slice, endpoints, ports })
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error
    await client.create(endpointSlices, { metadata: { ...AT, labels: { 'kubernetes.io/service-name': 'kubernetes' } }, addressType: 'IPv4', endpoints, ports })
  }
}
