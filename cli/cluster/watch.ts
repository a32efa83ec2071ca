/** Watches, resumed where they broke off: whatever server answers next, nothing is lost and nothing comes twice. */
import { sleep, systemClock } from '../../shared/kit/clock.ts'
import { isFault, messageOf } from '../../shared/kit/faults.ts'
import { linesOf } from '../../shared/kit/rest-client.ts'
import { readJson } from '../../shared/model/json.ts'
import type { ApiCall, ApiMetadata, Cluster } from './cluster.ts'
import { isPassing, pauseMs } from './patience.ts'
import { isStatusProblem, StatusProblem, type Status } from './status-problem.ts'

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: T
}

interface Versioned {
  readonly metadata?: { readonly resourceVersion?: string | undefined } | undefined
}

/** A stream that ends sooner is not asked for again at once. */
const SHORT_MS = 1_000
/** An absence that is shorter is not worth a word. */
const QUIET_MS = 1_000

/**
 * Events after a revision, until the signal ends it. A server that goes away is waited for, however long it takes.
 * @throws StatusProblem when the server refuses; 410 when it has forgotten the revision
 */
export async function* watch<T extends Versioned>(cluster: Cluster, call: ApiCall & { readonly resourceVersion: string | undefined }): AsyncGenerator<WatchEvent<T>> {
  const absence = createAbsence(cluster)
  let resourceVersion = call.resourceVersion
  for (let failures = 0; !call.signal?.aborted; failures++) {
    const beganMs = systemClock.monotonicMs()
    try {
      const { chunks } = await cluster.stream({ ...call, query: { ...call.query, watch: 'true', allowWatchBookmarks: 'true', resourceVersion } })
      absence.ended()
      for await (const line of linesOf(chunks as AsyncIterable<Buffer>)) {
        const event = parsed<T>(line)
        if (!event) break
        if (event.type === 'ERROR') throw new StatusProblem(event.object as Status)
        resourceVersion = event.object.metadata?.resourceVersion ?? resourceVersion
        failures = 0
        if (event.type !== 'BOOKMARK') yield event
      }
      if (systemClock.monotonicMs() - beganMs >= SHORT_MS) failures = -1
    } catch (error) {
      if (call.signal?.aborted) return
      if (!isPassing(error, { onlyReads: true })) throw error
      absence.goesOn(error)
    }
    if (failures >= 0) await sleep(systemClock, pauseMs(failures), call.signal).catch(() => {})
  }
}

/** The last line of a stream that was cut off may be half a line. */
function parsed<T>(line: string): WatchEvent<T> | undefined {
  try {
    return readJson(line) as unknown as WatchEvent<T>
  } catch {
    return undefined
  }
}

interface Absence {
  goesOn(error: unknown): void
  ended(): void
}

/** Says once that the server is away, and once that it is back. */
function createAbsence({ target, note }: Pick<Cluster, 'target' | 'note'>): Absence {
  const { host } = new URL(target.rest.server)
  let sinceMs: number | undefined
  let isTold = false
  return {
    goesOn(error) {
      sinceMs ??= systemClock.monotonicMs()
      if (isTold || systemClock.monotonicMs() - sinceMs < QUIET_MS) return
      isTold = true
      note(`The server ${host} is away (${isStatusProblem(error) || isFault(error) ? messageOf(error) : String(error)}); waiting for it.`)
    },
    ended() {
      if (isTold && sinceMs !== undefined) note(`The server ${host} is back after ${((systemClock.monotonicMs() - sinceMs) / 1000).toFixed(1)} s.`)
      sinceMs = undefined
      isTold = false
    },
  }
}

export interface Listed<T> {
  readonly items: readonly T[]
  readonly resourceVersion: string | undefined
}

export interface Follow<T> {
  readonly call: ApiCall
  /** What the caller knows already, and as of when. */
  readonly known: Listed<T>
  /** Lists anew, when the server has forgotten where the watch was. */
  readonly list: () => Promise<Listed<T>>
  readonly metadataOf: (object: T) => ApiMetadata | undefined
}

/** What happens to a collection after `known`, for as long as the signal lets it: a watch whose revision was forgotten goes on from a new list, of which only what is new is told. */
export async function* follow<T extends Versioned>(cluster: Cluster, { call, known, list, metadataOf }: Follow<T>): AsyncGenerator<WatchEvent<T>> {
  const kept = new Map<string, T>()
  const keyOf = (object: T): string => metadataOf(object)?.uid ?? `${metadataOf(object)?.namespace ?? ''}/${metadataOf(object)?.name ?? ''}`
  for (const item of known.items) kept.set(keyOf(item), item)
  let { resourceVersion } = known
  for (;;) {
    try {
      for await (const event of watch<T>(cluster, { ...call, resourceVersion })) {
        if (event.type === 'DELETED') kept.delete(keyOf(event.object))
        else kept.set(keyOf(event.object), event.object)
        yield event
      }
      return
    } catch (error) {
      if (!isStatusProblem(error) || error.code !== 410) throw error
    }
    const listed = await untilListed(list, call.signal)
    if (!listed) return
    for (const event of differences(kept, listed.items, { keyOf, metadataOf })) yield event
    resourceVersion = listed.resourceVersion
  }
}

interface Named extends Versioned {
  readonly metadata: { readonly resourceVersion?: string | undefined; readonly uid?: string | undefined; readonly name?: string | undefined; readonly namespace?: string | undefined }
}

/** The objects of a list path, and as of when. */
export async function listed<T>(cluster: Cluster, call: ApiCall): Promise<Listed<T>> {
  const { items, metadata } = await cluster.json<{ readonly items: readonly T[]; readonly metadata?: ApiMetadata }>(call)
  return { items, resourceVersion: metadata?.resourceVersion }
}

/** What happens to the objects of a list path after `known`. */
export const followObjects = <T extends Named>(cluster: Cluster, call: ApiCall, known: Listed<T>): AsyncGenerator<WatchEvent<T>> =>
  follow<T>(cluster, { call, known, list: () => listed<T>(cluster, call), metadataOf: ({ metadata }) => metadata })

async function untilListed<T>(list: () => Promise<Listed<T>>, signal: AbortSignal | undefined): Promise<Listed<T> | undefined> {
  for (let times = 0; !signal?.aborted; times++) {
    try {
      return await list()
    } catch (error) {
      if (!isPassing(error, { onlyReads: true })) throw error
      await sleep(systemClock, pauseMs(times), signal).catch(() => {})
    }
  }
  return undefined
}

interface Reading<T> {
  readonly keyOf: (object: T) => string
  readonly metadataOf: Follow<T>['metadataOf']
}

/** What must have happened between the two, and brings `kept` up to date. */
function differences<T>(kept: Map<string, T>, items: readonly T[], { keyOf, metadataOf }: Reading<T>): ReadonlyArray<WatchEvent<T>> {
  const now = new Map(items.map((item) => [keyOf(item), item]))
  const events: Array<WatchEvent<T>> = []
  for (const [key, object] of kept) if (!now.has(key)) events.push({ type: 'DELETED', object })
  for (const [key, object] of now) {
    const before = kept.get(key)
    if (before === undefined) events.push({ type: 'ADDED', object })
    else if (metadataOf(before)?.resourceVersion !== metadataOf(object)?.resourceVersion) events.push({ type: 'MODIFIED', object })
  }
  kept.clear()
  for (const [key, object] of now) kept.set(key, object)
  return events
}
