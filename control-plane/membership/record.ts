/** Who may decide about life and death of pods, as it is stored: one value, changed only by whoever leads. */
import { isJsonObject } from '../../shared/model/json.ts'
import { stillInUse, type Membership } from '../../shared/model/fencing.ts'
import type { FencingTerms } from '../../shared/model/fencing-terms.ts'
import type { FenceEvidence, LeadStart } from '../heartbeats/port.ts'

export interface FencedRecord {
  readonly evidence: FenceEvidence
  /** Wall time of the verdict. */
  readonly atMs: number
}

export interface MembershipRecord {
  /** Oldest first; the last is the newest epoch. */
  readonly inUse: readonly Membership[]
  /** Under which boot id each member of the newest epoch was admitted. */
  readonly bootIds: Readonly<Record<string, string>>
  /** Judged, and not admitted since. */
  readonly fenced: Readonly<Record<string, FencedRecord>>
}

export const NOTHING_RECORDED: MembershipRecord = { inUse: [], bootIds: {}, fenced: {} }

export type MembershipChange =
  /** `fencedAtMs`: of the verdict that whoever admits it knows of. One that was judged since then is not admitted by this. */
  | { readonly kind: 'admit'; readonly nodeName: string; readonly bootId: string; readonly fencedAtMs?: number | undefined }
  | { readonly kind: 'fence'; readonly nodeName: string; readonly fenced: FencedRecord }
  /** Its Node object is gone, and nothing of it runs: nobody need remember it. */
  | { readonly kind: 'drop'; readonly nodeName: string }
  /** An agent decides by this epoch, which nobody stored: the storage was put back to what it held before. No agent takes an older one over. */
  | { readonly kind: 'overtake'; readonly epoch: number }
  | { readonly kind: 'terms'; readonly terms: FencingTerms }
  /** Memberships that nobody can decide by any more go. */
  | { readonly kind: 'settle'; readonly ackedEpoch: (nodeName: string) => number | undefined }

/** A number beyond that is nobody's that was ever told. */
const MOST_EPOCHS_LOST = 1_000_000

/** What the record is after the change; the same object if nothing changes. Taking a change in twice is as good as once. */
export function afterChange(record: MembershipRecord, change: MembershipChange, terms: FencingTerms): MembershipRecord {
  const members = membersOf(record)
  switch (change.kind) {
    case 'admit': {
      const { nodeName, bootId, fencedAtMs } = change
      const judged = record.fenced[nodeName]
      if (judged && judged.atMs !== fencedAtMs) return record
      if (members.includes(nodeName) && record.bootIds[nodeName] === bootId && !judged) return record
      const withNode = members.includes(nodeName) ? record : propose(record, [...members, nodeName].toSorted(), terms)
      return { ...withNode, bootIds: { ...record.bootIds, [nodeName]: bootId }, fenced: without(record.fenced, nodeName) }
    }
    case 'fence': {
      const { nodeName, fenced } = change
      // Whoever was admitted meanwhile may run what was granted to it; what was judged before stands.
      if (fenced.evidence.kind === 'never-admitted' && (members.includes(nodeName) || record.fenced[nodeName])) return record
      if (!members.includes(nodeName) && record.fenced[nodeName]?.atMs === fenced.atMs) return record
      return { ...leave(record, nodeName, terms), fenced: { ...record.fenced, [nodeName]: fenced } }
    }
    case 'drop': {
      const { nodeName } = change
      return record.fenced[nodeName] ? { ...record, fenced: without(record.fenced, nodeName) } : record
    }
    case 'terms':
      return record.inUse.length > 0 && !isSameTerms(record.inUse.at(-1)?.terms, change.terms) ? propose(record, members, change.terms) : record
    case 'overtake': {
      const newest = record.inUse.at(-1)
      const isAhead = newest !== undefined && change.epoch > newest.epoch && change.epoch - newest.epoch <= MOST_EPOCHS_LOST
      return isAhead ? { ...record, inUse: [...record.inUse, { ...newest, epoch: change.epoch + 1 }] } : record
    }
    case 'settle': {
      const inUse = stillInUse(record.inUse, change.ackedEpoch)
      return inUse.length === record.inUse.length ? record : { ...record, inUse }
    }
  }
}

export const membersOf = ({ inUse }: MembershipRecord): readonly string[] => inUse.at(-1)?.members ?? []

/** What a leadership begins with. */
export function startOf({ inUse, bootIds, fenced }: MembershipRecord): LeadStart {
  return {
    inUse,
    admitted: Object.entries(bootIds).map(([nodeName, bootId]) => ({ nodeName, bootId })),
    fenced: Object.entries(fenced).map(([nodeName, { evidence }]) => ({ nodeName, evidence })),
  }
}

/** The same where some are given up already and that is not stored yet. */
export const withVerdicts = ({ inUse, admitted, fenced }: LeadStart, verdicts: ReadonlyMap<string, FenceEvidence>): LeadStart => ({
  inUse,
  admitted: admitted.filter(({ nodeName }) => !verdicts.has(nodeName)),
  fenced: [...fenced.filter(({ nodeName }) => !verdicts.has(nodeName)), ...[...verdicts].map(([nodeName, evidence]) => ({ nodeName, evidence }))],
})

/** `undefined`: not a record. */
export function parseRecord(text: string): MembershipRecord | undefined {
  try {
    const parsed: unknown = JSON.parse(text)
    return isJsonObject(parsed) && Array.isArray(parsed['inUse']) && isJsonObject(parsed['bootIds']) && isJsonObject(parsed['fenced']) ? (parsed as unknown as MembershipRecord) : undefined
  } catch {
    return undefined
  }
}

function propose(record: MembershipRecord, members: readonly string[], terms: FencingTerms): MembershipRecord {
  return { ...record, inUse: [...record.inUse, { epoch: (record.inUse.at(-1)?.epoch ?? 0) + 1, members, terms }] }
}

function leave(record: MembershipRecord, nodeName: string, terms: FencingTerms): MembershipRecord {
  const members = membersOf(record)
  if (!members.includes(nodeName)) return record
  return {
    ...propose(record, members.filter((name) => name !== nodeName), terms),
    bootIds: without(record.bootIds, nodeName),
  }
}

const without = <T>(record: Readonly<Record<string, T>>, name: string): Readonly<Record<string, T>> => Object.fromEntries(Object.entries(record).filter(([key]) => key !== name))

const isSameTerms = (a: FencingTerms | undefined, b: FencingTerms): boolean => a !== undefined && (Object.keys(b) as ReadonlyArray<keyof FencingTerms>).every((key) => a[key] === b[key])
