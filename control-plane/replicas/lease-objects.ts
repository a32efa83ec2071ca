/** The leader's duty: the Leases by which clients of Kubernetes see who leads. For their eyes alone: who really leads is the election's to say. */
import { isApiError } from '../../shared/kit/api-error.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Lease } from '../../shared/model/gen/api.ts'
import { leases } from '../../shared/model/resources.ts'
import { formatMicroTime } from '../../shared/model/time.ts'
import type { ApiClient } from '../client/port.ts'
import type { Leadership } from '../election/port.ts'

/** One per program of Kubernetes that leads; here they are one process. */
const NAMES = ['kube-scheduler', 'kube-controller-manager'] as const
const NAMESPACE = 'kube-system'
/** Kubernetes renews every 2 s for 15 s; nobody waits for these. */
const EVERY_MS = 10_000
const DURATION_SECONDS = 15

export interface LeaseObjectsOptions {
  readonly clock: Clock
  readonly log: Log
  readonly whenServing: (signal: AbortSignal) => Promise<void>
}

export async function keepLeaseObjects({ clock, log, whenServing }: LeaseObjectsOptions, { identity, signal }: Leadership, client: ApiClient): Promise<void> {
  await whenServing(signal)
  while (!signal.aborted) {
    await Promise.all(NAMES.map((name) => renew(client, clock, { name, identity }))).catch((error: unknown) => {
      if (!signal.aborted) log.debug({ err: messageOf(error) }, 'who leads is not written into the leases yet')
    })
    await sleep(clock, EVERY_MS, signal).catch(() => {})
  }
}

async function renew(client: ApiClient, clock: Clock, { name, identity }: { readonly name: string; readonly identity: string }): Promise<void> {
  const now = formatMicroTime(clock.nowMs())
  const fresh: Lease['spec'] = { holderIdentity: identity, leaseDurationSeconds: DURATION_SECONDS, acquireTime: now, renewTime: now, leaseTransitions: 0 }
  try {
    const { spec, ...lease } = await client.get(leases, { namespace: NAMESPACE, name })
    const isOwn = spec?.holderIdentity === identity
    await client.update(leases, { ...lease, spec: isOwn ? { ...spec, renewTime: now } : { ...fresh, leaseTransitions: (spec?.leaseTransitions ?? 0) + 1 } })
  } catch (error) {
    if (!isApiError(error, 'NotFound')) throw error
    await client.create(leases, { metadata: { namespace: NAMESPACE, name }, spec: fresh })
  }
}
