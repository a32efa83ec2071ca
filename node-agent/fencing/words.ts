import { assertNever } from '../../shared/model/assert.ts'
import type { KeeperNote } from './keeper.ts'

export type NoteLevel = 'info' | 'warn' | 'error'

/** What a keeper notes, as a line for the log. */
export function describeNote(note: KeeperNote): { readonly level: NoteLevel; readonly message: string } {
  switch (note.kind) {
    case 'acked':
      return { level: 'info', message: `heartbeats are acked by ${note.address}` }
    case 'link-closed':
      return { level: 'info', message: `no heartbeats to ${note.address}: ${note.why}` }
    case 'epoch':
      return { level: 'info', message: `membership ${note.epoch}: ${note.members.join(', ')}` }
    case 'silence':
      return { level: 'info', message: `no ack for ${note.forMs} ms: the other nodes are asked` }
    case 'silence-over':
      return { level: 'info', message: `acks again, after ${note.forMs} ms` }
    case 'agent-hangs':
      return { level: 'error', message: 'the main thread hangs: no more signs of life until it works again' }
    case 'no-ack':
      return { level: note.reason === 'doubled' ? 'error' : note.reason === 'fenced' ? 'warn' : 'info', message: describeNoAck(note) }
    default:
      return assertNever(note)
  }
}

function describeNoAck({ address, reason, message }: Extract<KeeperNote, { kind: 'no-ack' }>): string {
  const why = message === '' ? '' : `: ${message}`
  switch (reason) {
    case 'not-leading':
      return `${address} does not lead${why}`
    case 'not-registered':
      return `heartbeats are not acked, this node is not registered${why}`
    case 'fenced':
      return `this node is fenced, its pods were given to others: what is left of them is removed${why}`
    case 'doubled':
      return `another agent lives under this node's name: nothing is run here${why}`
    case 'unknown':
      return `heartbeats are not acked${why}`
    default:
      return assertNever(reason)
  }
}
