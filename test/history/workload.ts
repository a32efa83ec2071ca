/** What clients do by chance, so that every promise is put to the test. */
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import type { Random } from '../../shared/kit/random.ts'
import type { Client } from './client.ts'
import type { Freshness, Item, List } from './history.ts'

export interface WorkloadParts {
  readonly client: Client
  readonly clock: Clock
  readonly random: Random
  /** Between two things, at most. */
  readonly restMs: number
}

type Act = (parts: WorkloadParts) => Promise<void>

const ACTS: ReadonlyArray<readonly [weight: number, act: Act]> = [
  [5, increment],
  [2, create],
  [2, overwrite],
  [2, patch],
  [1, writeTheSame],
  [2, remove],
  [3, get],
  [4, list],
]

/** Does one thing after the other until the signal aborts; what is under way then is still waited for. */
export async function work(parts: WorkloadParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    let at = parts.random.next() * ACTS.reduce((sum, [weight]) => sum + weight, 0)
    const act = ACTS.find(([weight]) => (at -= weight) < 0)?.[1] ?? get
    if (parts.client.parts.door()) await act(parts)
    await sleep(parts.clock, parts.random.next() * parts.restMs, signal).catch(() => {})
  }
}

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random.next() * from.length)] as T
const aName = ({ client, random }: WorkloadParts): string => pick(random, client.parts.subject.names)

/** The item as it is now. */
async function look(parts: WorkloadParts, name: string): Promise<Item | undefined> {
  const found = await parts.client.get(name, { kind: 'newest' })
  return found.kind === 'found' ? found.item : undefined
}

/** Compare-and-set on what was read. */
async function increment(parts: WorkloadParts): Promise<void> {
  const name = aName(parts)
  const item = await look(parts, name)
  if (item) await parts.client.update(name, parts.client.newValue(), item.revision)
  else await parts.client.create(name)
}

async function create(parts: WorkloadParts): Promise<void> {
  await parts.client.create(aName(parts))
}

async function overwrite(parts: WorkloadParts): Promise<void> {
  await parts.client.update(aName(parts), parts.client.newValue())
}

async function patch(parts: WorkloadParts): Promise<void> {
  await parts.client.patch(aName(parts))
}

/** Writes what it has read, perhaps after others have written something else. */
async function writeTheSame(parts: WorkloadParts): Promise<void> {
  const name = aName(parts)
  const found = await parts.client.get(name, { kind: pick(parts.random, ['newest', 'any']) })
  if (found.kind === 'found') await parts.client.update(name, found.item.value, parts.random.next() < 0.5 ? found.item.revision : undefined)
}

async function remove(parts: WorkloadParts): Promise<void> {
  const name = aName(parts)
  if (parts.random.next() < 0.5) return void (await parts.client.delete(name))
  const item = await look(parts, name)
  if (item) await parts.client.delete(name, item.revision)
}

/** The freshness of a read; what others were told of may be asked for too. */
function freshness({ client, random }: WorkloadParts): Freshness {
  const { newest } = client.parts.recorder
  return pick<Freshness>(random, [{ kind: 'newest' }, { kind: 'newest' }, { kind: 'any' }, newest > 0 ? { kind: 'not-older', revision: newest } : { kind: 'any' }])
}

async function get(parts: WorkloadParts): Promise<void> {
  await parts.client.get(aName(parts), freshness(parts))
}

async function list(parts: WorkloadParts): Promise<void> {
  const { newest } = parts.client.parts.recorder
  const fresh: List['fresh'] = newest > 0 && parts.random.next() < 0.2 ? { kind: 'exact', revision: newest } : freshness(parts)
  const isPaged = parts.random.next() < 0.3 && (fresh.kind === 'newest' || fresh.kind === 'exact')
  await parts.client.list(fresh, isPaged ? 2 : undefined)
}
