import { assertNever } from '../../shared/model/assert.ts'
import { fromStored, toStored } from './envelope.ts'
import type { Compare, KeyValue, Operation, TxnRequest, TxnResponse } from './etcd-grpc/messages.ts'
import { modRevisionOf } from './events.ts'
import { listRevision, POSITIONS, type Entry, type Guard, type Write, type WriteResult } from './port.ts'
import type { Placed } from './positions.ts'

/** One write as a transaction of its own. */
function toOwnTxn(write: Write, position: number): TxnRequest {
  const { key, guard } = write
  const compare = [...expectation(write), ...(guard ? [holds(guard)] : [])]
  const success: Operation = write.kind === 'put' ? { kind: 'put', key, value: toStored(position, write.value) } : { kind: 'delete', key }
  const current: Operation = { kind: 'range', range: { key } }
  return { compare, success: [success], failure: guard ? [current, { kind: 'range', range: { key: guard.key, keysOnly: true } }] : [current] }
}

/**
 * The batch: each write nested in it as a transaction of its own, but for one that is alone. Its compare is empty and so always holds; the failure branch is there because
 * etcd does not count what is put by nested transactions: without a put at the top the space quota would not hold for us at all. Batches that only delete must go through when
 * it is used up.
 */
export function toTxn(batch: ReadonlyArray<Placed<Write>>): TxnRequest {
  const [first] = batch
  if (batch.length === 1 && first) return toOwnTxn(first.write, first.position)
  const success = batch.map(({ write, position }): Operation => ({ kind: 'txn', txn: toOwnTxn(write, position) }))
  return { compare: [], success, failure: batch.some(({ write }) => write.kind === 'put') ? [COUNTED] : [] }
}

const COUNTED: Operation = { kind: 'put', key: '/gantry-never-written', value: '' }

/** What became of each write of the batch, in order. */
export function fromTxn(batch: ReadonlyArray<Placed<Write>>, answer: TxnResponse): readonly WriteResult[] {
  return batch.map(({ write, position }, index) => resultOf(write, position, { own: batch.length === 1 ? answer : answer.responses[index]?.txn, modRevision: answer.revision }))
}

/** `modRevision` is the revision of the whole transaction. */
function resultOf(write: Write, position: number, { own, modRevision }: { readonly own: TxnResponse | undefined; readonly modRevision: number }): WriteResult {
  if (own?.succeeded) {
    const isNothing = write.kind === 'delete' && own.responses[0]?.deleted === 0
    return { kind: 'committed', revision: isNothing ? listRevision(modRevision) : modRevision * POSITIONS + position }
  }
  const guardKey = own?.responses[1]?.kvs[0]
  if (write.guard && (guardKey?.createRevision ?? 0) !== write.guard.createRevision) return { kind: 'deposed' }
  const current = own?.responses[0]?.kvs[0]
  return current ? { kind: 'conflict', current: toEntry(current) } : { kind: 'conflict' }
}

export function toEntry(stored: KeyValue): Entry {
  const { position, value } = fromStored(stored.value)
  return { key: stored.key, value, revision: stored.modRevision * POSITIONS + position }
}

function expectation({ key, expect }: Write): Compare[] {
  switch (expect.kind) {
    case 'any':
      return []
    case 'absent':
      return [{ key, target: 'create', revision: 0 }]
    case 'revision':
      return [{ key, target: 'mod', revision: modRevisionOf(expect.revision) }]
    default:
      return assertNever(expect)
  }
}

const holds = ({ key, createRevision }: Guard): Compare => ({ key, target: 'create', revision: createRevision })
