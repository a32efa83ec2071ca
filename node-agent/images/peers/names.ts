import type { Digest } from '../digest.ts'
import type { Reference } from '../reference.ts'
import type { RegistryLogin } from '../registry/port.ts'
import { inOrder } from './choose.ts'
import type { NameAnswer, PeerNode, ShownLogin } from './port.ts'
import type { SupplyParts } from './supply.ts'

export interface NameSearch {
  readonly reference: Reference
  readonly shown: readonly ShownLogin[]
  readonly allowed: ReadonlyArray<'local' | 'open' | 'shown'>
  readonly signal: AbortSignal
}

export interface FoundName {
  readonly peer: string
  readonly digest: Digest
  readonly right: 'local' | 'open' | 'shown'
  /** The login that was shown, where it took one. */
  readonly login: RegistryLogin | undefined
}

const ASKED_AT_ONCE = 48

/** Asks all other nodes what a name stands for, some at a time; undefined where none says it. */
export async function askName({ self, peers, client }: Pick<SupplyParts, 'self' | 'peers' | 'client'>, { reference, shown, allowed, signal }: NameSearch): Promise<FoundName | undefined> {
  const all = new Map(peers().map((peer) => [peer.name, peer]))
  const names = inOrder([...all.keys()], `${self} ${reference.full}`)
  for (let at = 0; at < names.length; at += ASKED_AT_ONCE) {
    const asked = names.slice(at, at + ASKED_AT_ONCE).flatMap((name) => all.get(name) ?? [])
    const said = await Promise.all(asked.map(async (peer) => ({ peer, answer: await client.name(peer, reference.full, { shown, signal }) })))
    const best = mostSaid(said, { digest: reference.digest, allowed })
    if (best !== undefined) return { ...best, login: best.at === undefined ? undefined : shown[best.at]?.login }
  }
  return undefined
}

interface Said {
  readonly peer: Pick<PeerNode, 'name'>
  readonly answer: NameAnswer
}

/** What most say: tags move, and nodes pulled them at different times. A name with a digest stands for that and nothing else. Pure. */
export function mostSaid(said: readonly Said[], { digest: wanted, allowed }: { readonly digest: string | undefined; readonly allowed: NameSearch['allowed'] }): (Omit<FoundName, 'login'> & { readonly at: number | undefined }) | undefined {
  const found = said.flatMap(({ peer, answer }) => (answer.kind === 'found' && allowed.includes(answer.right) && (wanted === undefined || answer.digest === wanted) ? [{ peer: peer.name, answer }] : []))
  const votes = (digest: Digest): number => found.filter(({ answer }) => answer.digest === digest).length
  const [best] = found.toSorted((a, b) => votes(b.answer.digest) - votes(a.answer.digest) || (a.answer.digest < b.answer.digest ? -1 : 1))
  if (best === undefined) return undefined
  const { peer, answer } = best
  return { peer, digest: answer.digest, right: answer.right, at: answer.right === 'shown' ? answer.at : undefined }
}
