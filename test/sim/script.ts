import type { Random } from '../../shared/kit/random.ts'
import { between, happens, streamOf, whole } from './chance.ts'
import { chooseFault, strike, type Troubles } from './faults.ts'
import type { SimUser } from './user.ts'
import { act, chooseAct } from './workload.ts'
import type { World } from './world.ts'

/** One thing that people do or that goes wrong; what it comes to is drawn from `chance` alone, so that it is the same whatever else is left out. */
export interface Deed {
  readonly atMs: number
  readonly kind: 'act' | 'fault'
  readonly what: string
  readonly chance: number
}

/** Everything that happens to a world from outside. */
export interface Script {
  readonly seed: number
  readonly nodes: number
  readonly planes: number
  /** L of the terms; the others in proportion. */
  readonly leaseMs: number
  /** Nothing goes wrong but with control planes and their storage. */
  readonly onlyPlanesAway: boolean
  readonly durationMs: number
  readonly deeds: readonly Deed[]
}

export function scriptOf(seed: number): Script {
  const random = streamOf(seed, 'script')
  const areNames = happens(streamOf(seed, 'names'), 0.1)
  const [given, planes] = [whole(random, 2, 5), happens(random, 0.6) ? 1 : whole(random, 2, 3)]
  const leaseMs = happens(random, 0.5) ? 1_200 : 6_000
  const onlyPlanesAway = happens(random, 0.2) && !areNames
  const troubles: Troubles = areNames ? 'names' : onlyPlanesAway ? 'planes' : 'all'
  const nodes = areNames ? Math.max(4, given) : given
  const durationMs = between(random, 15_000, 45_000)
  const deeds = [...deedsOf(random, { kind: 'act', durationMs, leastMs: 100, mostMs: 3_000, choose: chooseAct }), ...deedsOf(random, { kind: 'fault', durationMs, leastMs: 200, mostMs: 5_000, choose: (one) => chooseFault(one, troubles) })]
  const first = Array.from({ length: 3 }, (): Deed => ({ atMs: 0, kind: 'act', what: chooseAct(random), chance: chanceOf(random) }))
  return { seed, nodes, planes, leaseMs, onlyPlanesAway, durationMs, deeds: [...first, ...deeds].toSorted((a, b) => a.atMs - b.atMs) }
}

interface Kind {
  readonly kind: Deed['kind']
  readonly durationMs: number
  readonly leastMs: number
  readonly mostMs: number
  readonly choose: (random: Random) => string
}

function deedsOf(random: Random, { kind, durationMs, leastMs, mostMs, choose }: Kind): readonly Deed[] {
  const deeds: Deed[] = []
  for (let atMs = between(random, leastMs, mostMs); atMs < durationMs; atMs += between(random, leastMs, mostMs)) deeds.push({ atMs: Math.round(atMs), kind, what: choose(random), chance: chanceOf(random) })
  return deeds
}

const chanceOf = (random: Random): number => Math.floor(random.next() * 1_000_000)

/** Lets it all happen; whatever was to be mended later is mended by {@link World.calm}. */
export async function play(world: World, user: SimUser, { deeds, durationMs }: Pick<Script, 'deeds' | 'durationMs'>): Promise<void> {
  let isOver = false
  const later = (ms: number, run: () => void): void => void world.clock.after(ms, () => void (isOver || run()))
  for (const { atMs, kind, what, chance } of deeds) {
    later(atMs, () => {
      const random = streamOf(chance, what)
      if (kind === 'act') act(what, { world, user, random })
      else strike(what, { world, random, later })
    })
  }
  await world.advance(durationMs)
  isOver = true
  world.calm()
}
