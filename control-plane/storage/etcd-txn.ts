import { assertNever } from '../../shared/model/assert.ts'
import { fromStored, toStored } from './envelope.ts'
import type { Compare, KeyValue, Operation, OperationResponse, TxnRequest } from './etcd-grpc/messages.ts'
import { modRevisionOf } from './events.ts'
import { listRevision, POSITIONS, type Entry, type Guard, type Write, type WriteResult } from './port.ts'

/** One write as a transaction of its own, nested in the batch's. */
export function toNestedTxn(write: Write, position: number): Operation {
  const { key, guard } = write
  const compare = [...expectation(write), ...(guard ? [holds(guard)] : [])]
  const success: Operation = write.kind === 'put' ? { kind: 'put', key, value: toStored(position, write.value) } : { kind: 'delete', key }
  const current: Operation = { kind: 'range', range: { key } }
  return { kind: 'txn', txn: { compare, success: [success], failure: guard ? [current, { kind: 'range', range: { key: guard.key, keysOnly: true } }] : [current] } }
}

/**
 * The batch. Its compare is empty and so always holds; the failure branch is there because etcd does not count what is put by nested
 * transactions: without a put at the top the space quota would not hold for us at all. Batches that only delete must go through when it is used up.
 */
export function toTxn(operations: readonly Operation[], hasPuts: boolean): TxnRequest {
  return { compare: [], success: operations, failure: hasPuts ? [COUNTED] : [] }
}

const COUNTED: Operation = { kind: 'put', key: '/gantry-never-written', value: '' }

/** What became of one write; `modRevision` is the revision of the whole transaction. */
export function fromNestedTxn(write: Write, position: number, answer: { readonly response: OperationResponse | undefined; readonly modRevision: number }): WriteResult {
  const nested = answer.response?.txn
  if (nested?.succeeded) {
    const isNothing = write.kind === 'delete' && nested.responses[0]?.deleted === 0
    return { kind: 'committed', revision: isNothing ? listRevision(answer.modRevision) : answer.modRevision * POSITIONS + position }
  }
  const guardKey = nested?.responses[1]?.kvs[0]
  if (write.guard && (guardKey?.createRevision ?? 0) !== write.guard.createRevision) return { kind: 'deposed' }
  const current = nested?.responses[0]?.kvs[0]
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
