/** Watches, resumed where they broke off. */
import { isFault } from '../../shared/kit/faults.ts'
import { linesOf } from '../../shared/kit/rest-client.ts'
import type { ApiCall, Cluster } from './cluster.ts'
import { StatusProblem, type Status } from './status-problem.ts'

export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: T
}

interface Versioned {
  readonly metadata?: { readonly resourceVersion?: string | undefined } | undefined
}

/** Events after a revision, until the signal ends it or the server says that the revision is too old. @throws StatusProblem */
export async function* watch<T extends Versioned>(cluster: Cluster, call: ApiCall & { readonly resourceVersion: string | undefined }): AsyncGenerator<WatchEvent<T>> {
  let resourceVersion = call.resourceVersion
  for (;;) {
    const { chunks } = await cluster.stream({ ...call, query: { ...call.query, watch: 'true', allowWatchBookmarks: 'true', resourceVersion } })
    for await (const line of unlessEnded(linesOf(chunks as AsyncIterable<Buffer>), call.signal)) {
      const event = JSON.parse(line) as WatchEvent<T>
      if (event.type === 'ERROR') throw new StatusProblem(event.object as Status)
      resourceVersion = event.object.metadata?.resourceVersion ?? resourceVersion
      if (event.type !== 'BOOKMARK') yield event
    }
    if (call.signal?.aborted) return
  }
}

/** A stream that the caller ended, or whose server went away, is over. */
async function* unlessEnded(lines: AsyncGenerator<string>, signal: AbortSignal | undefined): AsyncGenerator<string> {
  try {
    yield* lines
  } catch (error) {
    if (signal?.aborted || isFault(error) || (error as NodeJS.ErrnoException).code === 'ECONNRESET') return
    throw error
  }
}
