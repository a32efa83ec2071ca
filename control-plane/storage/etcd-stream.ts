import { channel } from '../../shared/kit/channel.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { EtcdClient } from './etcd-client.ts'
import { etcdFault } from './etcd-errors.ts'
import { unreadable } from './etcd-grpc/grpc-error.ts'
import { WATCH, type WatchResponse } from './etcd-grpc/messages.ts'
import { prefixRange } from './prefix-range.ts'

/** The range of all keys there are. */
const EVERYTHING = { key: '\0', rangeEnd: '\0' } as const

export interface WatchStreamOptions {
  /** The first revision wanted; 0 is the next one. */
  readonly fromModRevision: number
  /** Of the keys; left out: all there are. */
  readonly prefix?: string | undefined
  readonly signal: AbortSignal
}

/**
 * One watch on one stream, as etcd answers it. Where it is of the whole key space, every revision of the store comes
 * by: how far the stream has come is known without asking, and progress notifications, which overtake events in etcd before
 * 3.4.25, are not needed. Ends when the signal aborts; throws `Fault('gone')` after compaction, `unavailable` when the stream breaks.
 */
export async function* watchStream(client: EtcdClient, { fromModRevision, prefix, signal }: WatchStreamOptions): AsyncGenerator<WatchResponse> {
  const responses = channel<WatchResponse>()
  const stream = client.stream(WATCH.path, {
    onMessage: (message) => afterAnswers(() => {
      try {
        responses.push(WATCH.read(message))
      } catch (error) {
        responses.close(etcdFault(unreadable(error)))
      }
    }),
    onEnd: (error) => afterAnswers(() => responses.close(signal.aborted ? undefined : etcdFault(error))),
  })
  const stop = (): void => {
    responses.close()
    stream.cancel()
  }
  signal.addEventListener('abort', stop)
  try {
    if (signal.aborted) return
    stream.send((writer) => WATCH.write(writer, { ...(prefix === undefined ? EVERYTHING : prefixRange(prefix)), startRevision: fromModRevision }))
    for await (const response of responses) {
      if (response.canceled) throw canceledFault(response)
      yield response
    }
  } finally {
    signal.removeEventListener('abort', stop)
    stop()
  }
}

/** Runs when what else came in with it has been dealt with: who wrote gets the answer before everybody is told of the write. */
const afterAnswers = (run: () => void): void => void setImmediate(run)

function canceledFault({ compactRevision, cancelReason }: WatchResponse): Fault {
  if (compactRevision > 0) return new Fault('gone', `the history before etcd revision ${compactRevision} has been compacted away: list again`)
  return new Fault('unavailable', `etcd cancelled the watch: ${cancelReason}`)
}
