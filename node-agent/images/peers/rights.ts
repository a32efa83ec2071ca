import { createHmac } from 'node:crypto'
import type { Right } from './port.ts'

/**
 * How a node shows another that it knows a login, without telling it: a private image is given only to who knows one by which it was pulled. Good for one pair of
 * nodes and one direction, so that who was shown it cannot show it on.
 */
export const proofOf = (hash: string, { giver, asker }: { readonly giver: string; readonly asker: string }): string => createHmac('sha256', hash).update(JSON.stringify(['gantry image', giver, asker])).digest('hex')

/** Which of the proofs shows one of the rights; -1 where none does. Everybody shows what is open. */
export function shownAt(rights: readonly Right[], proofs: readonly string[], pair: { readonly giver: string; readonly asker: string }): number {
  const wanted = new Set(rights.flatMap((right) => (right.kind === 'secret' ? [proofOf(right.hash, pair)] : [])))
  return proofs.findIndex((proof) => wanted.has(proof))
}

export const mayHave = (rights: readonly Right[], proofs: readonly string[], pair: { readonly giver: string; readonly asker: string }): boolean => rights.some(({ kind }) => kind === 'open') || shownAt(rights, proofs, pair) >= 0
