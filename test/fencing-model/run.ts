import { seededRandom } from '../../shared/kit/random.ts'
import { between, happens, whole } from '../sim/chance.ts'
import { strikeOnce, takePlanesAway } from './adversary.ts'
import { realRules, type Rules } from './rules.ts'
import { FencingWorld } from './world.ts'

export interface Walk {
  readonly seed: number
  readonly violations: readonly string[]
  readonly story: readonly string[]
  readonly steps: number
  readonly verdicts: number
}

const tell = (world: FencingWorld, seed: number): Walk => ({ seed, violations: world.arena.violations, story: world.arena.story, steps: world.arena.ran, verdicts: world.verdicts.size })

function newWorld(seed: number, rules: Rules): FencingWorld {
  const random = seededRandom(seed)
  const world = new FencingWorld({ random, nodes: whole(random, 1, 6), planes: whole(random, 1, 3), rules })
  for (let waited = 0; waited < 20 && !world.isWell; waited++) world.arena.advance(500)
  if (!world.isWell) world.arena.violate('not every node runs its pods after the start')
  return world
}

/** Anything may go wrong; then all is well again, and a dead node is judged in time. */
export function walkSafely(seed: number, mistake: Partial<Rules> = {}): Walk {
  const world = newWorld(seed, { ...realRules, ...mistake })
  const { arena } = world
  const { random } = arena
  const strikes = whole(random, 2, 25)
  for (let count = 0; count < strikes; count++) {
    strikeOnce(world, random)
    arena.advance(happens(random, 0.3) ? between(random, 0, 30) : between(random, 20, 1_500))
  }
  arena.advance(4_000)
  mustRecover(world)
  return tell(world, seed)
}

function mustRecover(world: FencingWorld): void {
  const { arena, links } = world
  world.isOver = true
  links.calm()
  for (const plane of world.planes.values()) if (!plane.process.isUp) plane.start()
  for (const node of world.nodes.values()) {
    node.agent.latenessMs = 0
    if (!node.agent.isUp) node.startAgent()
  }
  for (let waited = 0; waited < 30 && !world.isWell; waited++) arena.advance(500)
  if (!world.isWell) arena.violate('not every node runs its pods 15 s after everything')
  arena.advance(2 * world.terms.leaseMs)
  if (world.nodes.size < 2) return
  const dead = world.nodes.get(`n${whole(arena.random, 1, world.nodes.size)}`)
  dead?.losePower()
  world.verdicts.clear()
  const { leaseMs, heartbeatPeriodMs } = world.terms
  arena.advance(leaseMs + 3 * heartbeatPeriodMs)
  if (world.verdicts.size !== 1 || !world.verdicts.has(dead?.name ?? '')) arena.violate(`${dead?.name} is dead, judged are: ${[...world.verdicts.keys()].join()}`)
}

/** Only the control planes are away, now and then: nobody's pods stop. */
export function walkWithoutPlanes(seed: number, mistake: Partial<Rules> = {}): Walk {
  const world = newWorld(seed, { ...realRules, ...mistake })
  const { arena } = world
  arena.advance(2 * world.terms.leaseMs)
  world.isCalmForNodes = true
  for (let round = whole(arena.random, 1, 4); round > 0; round--) {
    if (happens(arena.random, 0.3)) world.addNode()
    arena.advance(between(arena.random, 0, 300))
    takePlanesAway(world, arena.random)
    arena.advance(between(arena.random, 2_000, 14_000))
  }
  mustRecover(world)
  return tell(world, seed)
}
