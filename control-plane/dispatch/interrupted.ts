/** Why streams to nodes end before their time, in words for whoever sits before them. */
import { Fault, messageOf } from '../../shared/kit/faults.ts'

/** A stream that was under way has ended, and not by what it was about. */
export class StreamInterrupted extends Fault {
  constructor(why: string, options?: ErrorOptions) {
    super('unavailable', `${why}: run the command again`, options)
  }
}

export const leadershipOver = (): StreamInterrupted => new StreamInterrupted('the leader of the control planes has changed, and this stream ended with the old leadership')

export const leaderLost = (cause: unknown): StreamInterrupted => new StreamInterrupted(`the control plane that led cannot be reached any more (${messageOf(cause)}), and this stream ended with its leadership`, { cause })

export const nodeLost = (nodeName: string, cause: unknown): StreamInterrupted => new StreamInterrupted(`the connection to node ${nodeName} has broken (${messageOf(cause)})`, { cause })

/** The frames, and what breaks them off in the words of `explain`; what has been explained already stays. */
export async function* explained<T>(frames: AsyncIterator<T>, explain: (cause: unknown) => StreamInterrupted): AsyncGenerator<T> {
  try {
    for (let next = await frames.next(); !next.done; next = await frames.next()) yield next.value
  } catch (error) {
    throw error instanceof StreamInterrupted ? error : explain(error)
  }
}

/** The frames for as long as the leadership lasts. */
export async function* whileLeading<T>(frames: AsyncIterable<T>, leadership: AbortSignal): AsyncGenerator<T> {
  const iterator = frames[Symbol.asyncIterator]()
  let fail: (reason: Error) => void = () => {}
  const abort = (): void => fail(leadershipOver())
  leadership.addEventListener('abort', abort, { once: true })
  try {
    for (;;) {
      // A promise of its own for each frame: racing one that lasts as long as the leadership would keep every frame's reaction in memory.
      const next = await new Promise<IteratorResult<T>>((resolve, reject) => {
        fail = reject
        if (leadership.aborted) return reject(leadershipOver())
        iterator.next().then(resolve, reject)
      })
      if (next.done) return
      yield next.value
    }
  } catch (error) {
    // An agent may hear of it before we do, and hang up.
    throw leadership.aborted ? leadershipOver() : error
  } finally {
    leadership.removeEventListener('abort', abort)
    void iterator.return?.().catch(() => {})
  }
}
