/** What stands under the leader's key. */
import { isJsonObject } from '../../shared/model/json.ts'
import type { Entry } from '../storage/port.ts'
import type { Candidate } from './port.ts'

export interface LeaderRecord extends Candidate {
  /** Grows with each renewal: what makes a renewal a change that others see. */
  readonly renewals: number
  /** For so long after it has seen this version of the key nobody removes it. */
  readonly leaseMs: number
}

/** Whoever writes none waits for this long, and is waited for. */
const UNWRITTEN_LEASE_MS = 1_000

/** Everything of one election is below it, the records of its replicas too. */
export const electionPrefix = (name: string): string => `/gantry-election/${name}/`
export const leaderKey = (name: string): string => `${electionPrefix(name)}leader`

/** Below it one key per process that waits for the leader to fall silent. */
export const candidatesPrefix = (name: string): string => `${electionPrefix(name)}candidates/`
export const candidateKey = (name: string, { identity, address, machine }: Candidate): string => `${candidatesPrefix(name)}${encodeURIComponent(`${identity} ${address} ${machine}`)}`

export const formatRecord = ({ identity, address, machine }: Candidate, { renewals, leaseMs }: Pick<LeaderRecord, 'renewals' | 'leaseMs'>): string => JSON.stringify({ identity, address, machine, renewals, leaseMs } satisfies LeaderRecord)

/** `undefined` for what another version may have written: such a holder is nobody's, and outlives itself. A record of before leases were written promises one of then. */
export function parseRecord({ value }: Entry): LeaderRecord | undefined {
  const record: unknown = JSON.parse(value)
  if (!isJsonObject(record)) return undefined
  const { identity, address, machine, renewals, leaseMs = UNWRITTEN_LEASE_MS } = record
  if (typeof identity !== 'string' || typeof address !== 'string' || typeof machine !== 'string' || typeof renewals !== 'number' || typeof leaseMs !== 'number') return undefined
  return { identity, address, machine, renewals, leaseMs }
}

export const isSame = (a: Candidate, b: Candidate): boolean => a.identity === b.identity && a.address === b.address && a.machine === b.machine
