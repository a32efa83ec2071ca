import { Fault } from './faults.ts'

/** What many wait for, as one of them does. Throws `Fault('cancelled')` as soon as his signal aborts; it goes on for the others. */
export function unlessAborted<T>(awaited: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(new Fault('cancelled', 'nobody waits for it any more'))
    const end = (): void => signal.removeEventListener('abort', leave)
    awaited.then(resolve, reject).then(end, end)
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
}
