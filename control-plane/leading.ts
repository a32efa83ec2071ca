/** A replica's life in leaderships: campaigns, leads, ends, and campaigns again. */
import type { ApiServer } from './apiserver/apiserver.ts'
import type { User } from './apiserver/request.ts'
import { createInProcessClient } from './client/in-process.ts'
import type { ApiClient } from './client/port.ts'
import type { Election, Leadership } from './election/port.ts'
import type { Informers } from './informers/port.ts'
import { createLeader, type Leader, type LeaderOptions } from './leader.ts'
import { watchNodes, type WatchNodesOptions } from './node-watch.ts'
import { listRevision, type Guard } from './storage/port.ts'

/** Something the leader does beside its main parts, from its election until the leadership is over. The client's writes carry the leadership's guard. */
export type Duty = (leadership: Leadership, client: ApiClient) => Promise<void>

export interface LeadingOptions extends Omit<LeaderOptions, 'leadership' | 'client' | 'watch'>, Omit<WatchNodesOptions, 'leadership' | 'client' | 'guard'> {
  readonly api: ApiServer
  readonly informers: Informers
  readonly election: Election
  /** Whose name the leader's writes bear. */
  readonly user: User
  readonly duties?: readonly Duty[] | undefined
}

export interface Leading {
  /** Undefined while another leads, or this replica is not ready to. */
  leader(): Leader | undefined
  /** Leads whenever it can, until the signal aborts. */
  campaign(signal: AbortSignal): Promise<void>
}

const TELL_MS = 500

export function createLeading(options: LeadingOptions): Leading {
  const { api, informers, election, user, clock, log } = options
  let current: Leader | undefined

  async function work(leadership: Leadership): Promise<void> {
    const { signal } = leadership
    const guard = (): Guard => {
      signal.throwIfAborted()
      return leadership.guard
    }
    const client = createInProcessClient({ core: api.core, user, guard, signal })
    const wonMs = clock.monotonicMs()
    const nodes = watchNodes({ ...options, leadership, client, guard })
    const main = async (): Promise<void> => {
      await catchUp(leadership, { api, informers, clock })
      signal.throwIfAborted()
      nodes.watch.knowsNodes()
      await nodes.watch.begun
      signal.throwIfAborted()
      current = createLeader({ ...options, leadership, client, watch: nodes.watch })
      log.info({ identity: leadership.identity, afterMs: Math.round(clock.monotonicMs() - wonMs) }, 'everything that was written before is known: the leader works')
      await Promise.all([current.run(), nodes.tell(), api.repair({ guard, signal })])
    }
    await Promise.all([main(), nodes.run(), ...(options.duties ?? []).map((duty) => duty(leadership, client))])
  }

  /** Until the leadership is over. What is still under way then cannot write any more: nobody waits for it. */
  async function lead(leadership: Leadership): Promise<void> {
    const { signal } = leadership
    const over = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => {
        current = undefined
        resolve()
      }, { once: true })
    })
    const working = work(leadership).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    await Promise.race([working, over])
  }

  return {
    leader: () => current,
    async campaign(signal) {
      while (!signal.aborted) {
        const leadership = await election.campaign(signal)
        const resign = (): void => void leadership.resign()
        signal.addEventListener('abort', resign, { once: true })
        try {
          await lead(leadership)
        } finally {
          signal.removeEventListener('abort', resign)
          await leadership.resign()
        }
      }
    },
  }
}

/** Everything the leaders before wrote is seen before anything is decided: their last write came before this leadership's first. */
async function catchUp({ guard, signal }: Leadership, { api, informers, clock }: Pick<LeadingOptions, 'api' | 'informers' | 'clock'>): Promise<void> {
  await api.whenReady(signal)
  const revision = listRevision(guard.createRevision)
  const caches = api.core.resources.all.map(({ cache }) => cache)
  const areThere = (): Promise<boolean> => Promise.all(caches.map((cache) => cache.waitFor(revision, signal))).then(
    () => true,
    () => false,
  )
  while (!(await areThere())) signal.throwIfAborted()
  // Told again and again: an informer that was just between two watches has not heard it.
  let cancel = (): void => {}
  const tell = (): void => {
    for (const cache of caches) cache.tellProgress()
    cancel = clock.after(TELL_MS, tell)
  }
  const reached = informers.whenReached(revision, signal)
  tell()
  await reached.finally(() => cancel())
}
