/** The one place where the core writes to the storage. */
import { Fault, isFault } from '../../../shared/kit/faults.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { NotWritten, type Entry, type Expectation, type Revision, type Write, type WriteResult } from '../../storage/port.ts'
import { OutcomeUnknown } from '../status.ts'
import type { Call } from './call.ts'
import type { CoreParts } from './parts.ts'

/** `text`: what was written. */
export type Put = { readonly kind: 'committed'; readonly revision: Revision; readonly text: string } | Extract<Committed, { readonly kind: 'conflict' }>

export type Committed = { readonly kind: 'committed'; readonly revision: Revision } | { readonly kind: 'conflict'; readonly current?: Entry | undefined }

export async function commitPut(parts: CoreParts, call: Call, write: { readonly key: string; readonly object: JsonObject; readonly expect: Expectation }): Promise<Put> {
  const { key, object, expect } = write
  const text = JSON.stringify(object)
  const result = await commit(parts, call, { kind: 'put', key, value: text, expect, guard: call.guard?.() })
  return result.kind === 'committed' ? { ...result, text } : result
}

export async function commitDelete(parts: CoreParts, call: Call, { key, expect }: { readonly key: string; readonly expect: Expectation }): Promise<Committed> {
  return commit(parts, call, { kind: 'delete', key, expect, guard: call.guard?.() })
}

async function commit(parts: CoreParts, call: Call, write: Write): Promise<Committed> {
  return orDeposed(await orUnknown(parts.storage.write(write, call.signal)))
}

/** @throws Fault('deposed') */
export function orDeposed(result: WriteResult): Committed {
  if (result.kind === 'deposed') throw new Fault('deposed', 'this process is not the leader any more: nothing was written')
  return result
}

/** Whoever wrote must not take a failure for a "no": the answer may be all that was lost. */
async function orUnknown(writing: Promise<WriteResult>): Promise<WriteResult> {
  try {
    return await writing
  } catch (error) {
    if (error instanceof NotWritten || !(isFault(error, 'unavailable') || isFault(error, 'timeout'))) throw error
    throw new OutcomeUnknown(error)
  }
}
