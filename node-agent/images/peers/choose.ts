import { createHash } from 'node:crypto'
import type { BlobState } from './port.ts'

/** Where some bytes are to come from. Pure. */
export type Choice =
  /** Any of these has them. */
  | { readonly kind: 'have'; readonly names: readonly string[] }
  /** This one brings them over the uplink, or is about to. */
  | { readonly kind: 'wait'; readonly name: string }
  /** From the registry, by this node. */
  | { readonly kind: 'fetch' }

export interface Situation {
  readonly self: string
  readonly digest: string
  /** What each node answered that did. */
  readonly answers: ReadonlyMap<string, BlobState>
  /** Who asked this node for the same since it asked them: their claim may be younger than their answer. */
  readonly rivals: ReadonlySet<string>
  /** Who was waited for in vain. */
  readonly ignored: ReadonlySet<string>
}

/**
 * Of several that want the same at once exactly one fetches it. Everybody claims before it asks, and a question is a claim too: so of any two at least one knows
 * of the other, and where both do, both agree who goes first. Who has begun to fetch is waited for whatever its place; who fetches waits for nobody.
 */
export function choose({ self, digest, answers, rivals, ignored }: Situation): Choice {
  const byState = (state: BlobState): readonly string[] => [...answers].flatMap(([name, said]) => (said === state && !ignored.has(name) ? [name] : []))
  const have = byState('have')
  if (have.length > 0) return { kind: 'have', names: inOrder(have, `${self} ${digest}`) }
  const [fetching] = inOrder(byState('fetching'), digest)
  if (fetching !== undefined) return { kind: 'wait', name: fetching }
  const claimants = new Set([...byState('claimed'), ...[...rivals].filter((name) => !ignored.has(name))])
  const [first] = inOrder([self, ...claimants], digest)
  return first === undefined || first === self ? { kind: 'fetch' } : { kind: 'wait', name: first }
}

/** Rendezvous hashing: everybody has the same order of the same names for a key, and another one for the next key. */
export function inOrder(names: readonly string[], key: string): readonly string[] {
  return names.map((name) => ({ name, score: createHash('sha256').update(`${key} ${name}`).digest('hex') })).sort((a, b) => (a.score < b.score ? -1 : 1)).map(({ name }) => name)
}
