import { Fault } from '../../shared/kit/faults.ts'
import type { Revision } from './port.ts'

/** Refuses with `Fault('invalid')` what is no revision of any storage: a client may name any number, and above 2^53 numbers have gaps. */
export function checkPossible(revision: Revision | undefined): void {
  if (revision !== undefined && (!Number.isSafeInteger(revision) || revision < 0)) throw new Fault('invalid', `${revision} can be no revision`)
}
