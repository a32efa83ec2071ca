import { backoffMs, type BackoffPolicy } from '../../shared/kit/backoff.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Entry, Revision, Storage } from '../storage/port.ts'
import { modRevisionOf } from '../storage/storage.ts'
import { holdLeadership } from './leadership.ts'
import type { Election, HeldKey, Leader, Leadership, Leases } from './port.ts'

export interface ElectionOptions {
  readonly storage: Storage
  readonly leases: Leases
  readonly clock: Clock
  readonly log: Log
  /** What is led: `control-plane`. */
  readonly name: string
  /** How long a leader that is not heard of keeps the others waiting; 5 s by default. */
  readonly ttlMs?: number | undefined
}

const backoff: BackoffPolicy = { baseMs: 50, capMs: 1000, factor: 2 }

export function createElection(options: ElectionOptions): Election {
  const prefix = `/gantry-election/${options.name}/`
  return {
    campaign: (identity, signal) => campaign({ ...options, prefix, ttlMs: options.ttlMs ?? 5000 }, identity, signal),
    leaders: (signal) => leaders(options, prefix, signal),
  }
}

interface Campaign extends ElectionOptions {
  readonly prefix: string
  readonly ttlMs: number
}

async function campaign(options: Campaign, identity: string, signal: AbortSignal): Promise<Leadership> {
  const { storage, leases, clock, log, prefix, ttlMs } = options
  const request = { key: `${prefix}leader`, value: JSON.stringify({ identity }), ttlMs }
  for (let failures = 0; !signal.aborted; ) {
    try {
      const sentAtMs = clock.monotonicMs()
      const held = await leases.acquire(request)
      if (held) return await lead(options, { identity, held, sentAtMs }, signal)
      failures = 0
      await untilFree(storage, prefix, signal)
    } catch (error) {
      if (signal.aborted || isFault(error, 'cancelled')) break
      log.warn({ election: options.name, err: messageOf(error) }, 'cannot campaign now')
      await sleep(clock, backoffMs(backoff, ++failures), signal).catch(() => {})
    }
  }
  throw new Fault('cancelled', `${identity} does not want to lead any more`, { cause: signal.reason })
}

interface Won {
  readonly identity: string
  readonly held: HeldKey
  readonly sentAtMs: number
}

async function lead({ storage, clock, log, prefix, ttlMs, name }: Campaign, won: Won, signal: AbortSignal): Promise<Leadership> {
  if (signal.aborted) {
    await won.held.release().catch(() => {})
    throw new Fault('cancelled', `${won.identity} does not want to lead any more`, { cause: signal.reason })
  }
  log.info({ election: name, identity: won.identity, createRevision: won.held.createRevision }, 'leading')
  return holdLeadership({ ...won, storage, clock, log, prefix, ttlMs })
}

/** Resolves when nobody holds the key, or when the history was lost (then it is worth a try). */
async function untilFree(storage: Storage, prefix: string, signal: AbortSignal): Promise<void> {
  const { entries, revision } = await storage.list(prefix, { signal })
  if (entries.length === 0) return
  for await (const batch of storage.watch(prefix, { after: revision, signal })) {
    if (batch.events.some((event) => event.kind === 'delete')) return
  }
}

async function* leaders({ storage, clock, log }: ElectionOptions, prefix: string, signal: AbortSignal): AsyncGenerator<Leader | undefined> {
  let known: { readonly leader: Leader | undefined } | undefined
  for (let failures = 0; !signal.aborted; ) {
    try {
      const { entries, revision } = await storage.list(prefix, { signal })
      const leader = entries[0] && leaderOf(entries[0], known?.leader)
      if (known === undefined || known.leader?.createRevision !== leader?.createRevision) yield leader
      known = { leader }
      failures = 0
      for await (const change of changes(storage, prefix, { after: revision, signal })) {
        yield change
        known = { leader: change }
      }
    } catch (error) {
      if (signal.aborted) return
      log.debug({ err: messageOf(error) }, 'looking for the leader again')
      await sleep(clock, backoffMs(backoff, ++failures), signal).catch(() => {})
    }
  }
}

async function* changes(storage: Storage, prefix: string, options: { readonly after: Revision; readonly signal: AbortSignal }): AsyncGenerator<Leader | undefined> {
  for await (const batch of storage.watch(prefix, options)) {
    for (const event of batch.events) {
      if (event.kind === 'delete') yield undefined
      else if (event.created) yield leaderOf(event.entry, undefined)
    }
  }
}

/** The key is written once in its life, so its revision is that of its creation. */
function leaderOf(entry: Entry, known: Leader | undefined): Leader {
  const createRevision = modRevisionOf(entry.revision)
  if (known?.createRevision === createRevision) return known
  const { identity } = JSON.parse(entry.value) as { readonly identity: string }
  return { identity, createRevision }
}
