import { parentPort, workerData } from 'node:worker_threads'
import { raiseThread } from './thread-priority.ts'

/** What a thread is: begun with what it was given, it answers who takes the messages of the main thread. */
export type ThreadBody<Start, To, From> = (start: Start, say: (message: From) => void) => (message: To) => void

/** Every such thread can be ended, and has something to tell when it may not go before others. */
interface Stop {
  readonly kind: 'stop'
}
interface Trouble {
  readonly kind: 'trouble'
  readonly message: string
}

/**
 * Runs `body` as this worker thread, before others if it may; `stop` closes its port. Does nothing in a process of its own, where there is no main thread.
 * @param what of which it is said that it has no priority, if it has none
 */
export function runAsThread<Start, To extends { readonly kind: string }, From>(what: string, body: ThreadBody<Start, To | Stop, From | Trouble>): void {
  if (!parentPort) return
  const port = parentPort
  const say = (message: From | Trouble): void => port.postMessage(message)
  const refused = raiseThread()
  if (refused !== undefined) say({ kind: 'trouble', message: `${what} have no priority: ${refused}` })
  const take = body(workerData as Start, say)
  port.on('message', (message: To | Stop) => {
    take(message)
    if (message.kind === 'stop') port.close()
  })
}
