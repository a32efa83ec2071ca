import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'

/**
 * Looks names up one after the other. Each look-up takes one of the few threads that also read and write files, for half a minute where no name server answers:
 * several at once would hold up all else this process does.
 */
export const lookupInTurn: LookupFunction = (hostname, options, callback) => {
  const work = (): Promise<void> =>
    new Promise((resolve) =>
      lookup(hostname, options, (...answer) => {
        resolve()
        callback(...answer)
      }),
    )
  turn = turn.then(work)
}

let turn: Promise<void> = Promise.resolve()
