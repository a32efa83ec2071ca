import type { ICompare, IKeyValue, IRequestOp, IResponseOp, ITxnRequest, ITxnResponse } from 'etcd3'
import { assertNever } from '../../shared/model/assert.ts'
import { fromStored, toStored } from './envelope.ts'
import { modRevisionOf } from './events.ts'
import { listRevision, POSITIONS, type Entry, type Guard, type Write, type WriteResult } from './port.ts'

/**
 * One write as a transaction of its own, nested in the batch's. Enum names are the library's (`'Mod'`, `'Equal'`): one it does not
 * know would silently compare the version with 0.
 */
export function toNestedTxn(write: Write, position: number): IRequestOp {
  const key = Buffer.from(write.key)
  const compare = [...expectation(key, write), ...(write.guard ? [holds(write.guard)] : [])]
  const success: IRequestOp = write.kind === 'put' ? { request_put: { key, value: toStored(position, write.value) } } : { request_delete_range: { key } }
  const failure: IRequestOp[] = [{ request_range: { key } }]
  if (write.guard) failure.push({ request_range: { key: Buffer.from(write.guard.key), keys_only: true } })
  return { request_txn: { compare, success: [success], failure } }
}

/**
 * The batch. Its compare is empty and so always holds; the failure branch is there because etcd does not count what is put by nested
 * transactions: without a put at the top the space quota would not hold for us at all. Batches that only delete must go through when it is used up.
 */
export function toTxn(operations: IRequestOp[], hasPuts: boolean): ITxnRequest {
  return { compare: [], success: operations, failure: hasPuts ? [COUNTED] : [] }
}

const COUNTED: IRequestOp = { request_put: { key: Buffer.from('/gantry-never-written'), value: Buffer.alloc(0) } }

/** What became of one write; `modRevision` is the revision of the whole transaction. */
export function fromNestedTxn(write: Write, position: number, answer: { readonly response: IResponseOp | undefined; readonly modRevision: number }): WriteResult {
  const nested: ITxnResponse | undefined = answer.response?.response_txn
  if (nested?.succeeded) {
    const isNothing = write.kind === 'delete' && Number(nested.responses[0]?.response_delete_range.deleted) === 0
    return { kind: 'committed', revision: isNothing ? listRevision(answer.modRevision) : answer.modRevision * POSITIONS + position }
  }
  const guardKey = nested?.responses[1]?.response_range.kvs[0]
  if (write.guard && Number(guardKey?.create_revision ?? 0) !== write.guard.createRevision) return { kind: 'deposed' }
  const current = nested?.responses[0]?.response_range.kvs[0]
  return current ? { kind: 'conflict', current: toEntry(current) } : { kind: 'conflict' }
}

export function toEntry(stored: IKeyValue): Entry {
  const { position, value } = fromStored(stored.value)
  return { key: stored.key.toString('utf8'), value, revision: Number(stored.mod_revision) * POSITIONS + position }
}

function expectation(key: Buffer, { expect }: Write): ICompare[] {
  switch (expect.kind) {
    case 'any':
      return []
    case 'absent':
      return [{ key, result: 'Equal', target: 'Create', create_revision: 0 }]
    case 'revision':
      return [{ key, result: 'Equal', target: 'Mod', mod_revision: modRevisionOf(expect.revision) }]
    default:
      return assertNever(expect)
  }
}

const holds = (guard: Guard): ICompare => ({ key: Buffer.from(guard.key), result: 'Equal', target: 'Create', create_revision: guard.createRevision })
