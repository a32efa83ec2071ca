import type { Clock } from '../../shared/kit/clock.ts'
import { isFault } from '../../shared/kit/faults.ts'

const isSilence = (error: unknown): boolean => isFault(error, 'unavailable') || isFault(error, 'timeout')

/**
 * Asks one after the other, the next one when nothing has been heard of those before for `ms` (one that vanished would take its whole time limit to say so), or
 * when they cannot be reached. The first answer counts. A refusal is an answer too, but for those who have been asked already: nobody else is asked after it.
 */
export function firstToAnswer<T>(asks: ReadonlyArray<() => Promise<T>>, { clock, ms }: { readonly clock: Clock; readonly ms: number }): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>()
  const waiting = [...asks]
  let running = 0
  let refusal: { readonly error: unknown } | undefined
  let cancel = (): void => {}
  const failed = (error: unknown): void => {
    running--
    if (!isSilence(error)) refusal ??= { error }
    if (!refusal && waiting.length > 0) next()
    else if (running === 0) {
      cancel()
      reject((refusal ? refusal.error : error) as Error)
    }
  }
  const next = (): void => {
    cancel()
    const ask = refusal ? undefined : waiting.shift()
    if (!ask) return
    running++
    if (waiting.length > 0) cancel = clock.after(ms, next)
    ask().then((answer) => {
      cancel()
      waiting.length = 0
      resolve(answer)
    }, failed)
  }
  next()
  return promise
}
