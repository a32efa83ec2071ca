/** The one place where the core writes to the storage. */
import { Fault } from '../../../shared/kit/faults.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import type { Entry, Expectation, Revision } from '../../storage/port.ts'
import type { Call } from './call.ts'
import type { CoreParts } from './parts.ts'

export type Committed = { readonly kind: 'committed'; readonly revision: Revision } | { readonly kind: 'conflict'; readonly current?: Entry | undefined }

export async function commitPut(parts: CoreParts, call: Call, write: { readonly key: string; readonly object: JsonObject; readonly expect: Expectation }): Promise<Committed> {
  const { key, object, expect } = write
  const result = await parts.storage.write({ kind: 'put', key, value: JSON.stringify(object), expect, guard: call.guard?.() }, call.signal)
  return orDeposed(result)
}

export async function commitDelete(parts: CoreParts, call: Call, { key, expect }: { readonly key: string; readonly expect: Expectation }): Promise<Committed> {
  return orDeposed(await parts.storage.write({ kind: 'delete', key, expect, guard: call.guard?.() }, call.signal))
}

function orDeposed(result: Committed | { readonly kind: 'deposed' }): Committed {
  if (result.kind === 'deposed') throw new Fault('deposed', 'this process is not the leader any more: nothing was written')
  return result
}
