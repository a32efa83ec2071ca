/** What a fault has at hand, and whom it befalls. */
import type { Random } from '../../shared/kit/random.ts'
import { happens, pick } from './chance.ts'
import type { SimNode } from './node.ts'
import type { SimPlane } from './plane.ts'
import type { World } from './world.ts'

export interface Fate {
  readonly world: World
  readonly random: Random
  /** Later, while faults are still allowed. */
  readonly later: (ms: number, run: () => void) => void
}

export type Strike = (fate: Fate) => void

export const anyNode = ({ world, random }: Fate): SimNode => pick(random, world.nodes) ?? (world.nodes[0] as SimNode)

const anyPlane = ({ world, random }: Fate): SimPlane => pick(random, world.planes) ?? (world.planes[0] as SimPlane)
/** Mostly who leads: what happens to others is of little interest. */
export const anyLeader = (fate: Fate): SimPlane => (happens(fate.random, 0.7) ? fate.world.planes.find(({ leadsAsFarAsItKnows }) => leadsAsFarAsItKnows) : undefined) ?? anyPlane(fate)
