/** Which replicas the Service `kubernetes` leads to. PURE. */

export interface ReplicaSighting {
  readonly key: string
  readonly host: string
  /** When its record was last seen to change. */
  readonly seenMs: number
}

export interface AliveInput {
  /** Of the leader, who needs no record. */
  readonly own: string
  readonly sightings: readonly ReplicaSighting[]
  /** What the slice says now. */
  readonly listed: readonly string[]
  /** Those whose record this leader has seen at some time. */
  readonly known: ReadonlySet<string>
  readonly leadingSinceMs: number
  readonly graceMs: number
  readonly nowMs: number
}

export interface Alive {
  readonly hosts: readonly string[]
  /** Keys of those that are not heard of any more. */
  readonly expired: readonly string[]
}

/**
 * The leader, whoever renews its record, and, while the leader is new, whoever was listed before: a replica that has just followed another one as leader has
 * had no time to say that it lives.
 */
export function aliveReplicas({ own, sightings, listed, known, leadingSinceMs, graceMs, nowMs }: AliveInput): Alive {
  const isYoung = nowMs - leadingSinceMs < graceMs
  const [living, expired] = [sightings.filter(({ seenMs }) => nowMs - seenMs < graceMs), sightings.filter(({ seenMs }) => nowMs - seenMs >= graceMs)]
  const kept = isYoung ? listed.filter((host) => !known.has(host)) : []
  return { hosts: [...new Set([own, ...living.map(({ host }) => host), ...kept])].toSorted(), expired: expired.map(({ key }) => key) }
}
