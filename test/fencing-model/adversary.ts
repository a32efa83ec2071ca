import type { Random } from '../../shared/kit/random.ts'
import { between, happens, pick } from '../sim/chance.ts'
import type { ModelNode } from './node.ts'
import type { ModelPlane } from './plane.ts'
import type { FencingWorld } from './world.ts'

type Strike = (world: FencingWorld, random: Random) => void

const anyNode = (world: FencingWorld, random: Random): ModelNode | undefined => pick(random, [...world.nodes.values()])
const anyPlane = (world: FencingWorld, random: Random): ModelPlane | undefined => pick(random, [...world.planes.values()])
const leader = (world: FencingWorld): string => world.store.holder?.split('.')[0] ?? 'c1'

/** Times near those that the protocol turns on. */
function turningMs(world: FencingWorld, random: Random): number {
  const { seenMs, answerMs, leaseMs, heartbeatPeriodMs } = world.terms
  const near = pick(random, [heartbeatPeriodMs, answerMs, seenMs, seenMs + answerMs, seenMs + answerMs, leaseMs - seenMs, leaseMs, leaseMs + answerMs, 3 * leaseMs]) ?? seenMs
  return Math.max(5, near + between(random, -120, 120))
}

/** Cuts one way between two parts for a while. */
function cut(world: FencingWorld, { from, to, ms }: { readonly from: string; readonly to: string; readonly ms: number }): void {
  if (world.isOver) return
  world.links.of(from, to).isOpen = false
  world.arena.say(`cut ${from} > ${to} for ${ms.toFixed(0)} ms`)
  world.arena.after(ms, () => {
    world.arena.say(`whole ${from} > ${to}`)
    world.links.open(from, to)
  })
}

/** From every control plane to a node, or back, or both. */
function cutFromPlanes(world: FencingWorld, { node, ways, ms }: { readonly node: string; readonly ways: 'up' | 'down' | 'both'; readonly ms: number }): void {
  for (const plane of world.planes.keys()) {
    if (ways !== 'down') cut(world, { from: node, to: plane, ms })
    if (ways !== 'up') cut(world, { from: plane, to: node, ms })
  }
}

const ways = (random: Random): 'up' | 'down' | 'both' => pick(random, ['up', 'down', 'both'] as const) ?? 'both'

const STRIKES: ReadonlyArray<readonly [weight: number, strike: Strike]> = [
  [4, (world, random) => cutFromPlanes(world, { node: anyNode(world, random)?.name ?? '', ways: ways(random), ms: turningMs(world, random) })],
  // One after the other, each for long enough to be missed.
  [4, staggered],
  // A side of the cluster without the control planes.
  [2, (world, random) => {
    const ms = turningMs(world, random)
    for (const node of world.nodes.keys()) if (happens(random, 0.5)) cutFromPlanes(world, { node, ways: ways(random), ms: ms + between(random, 0, 200) })
  }],
  [2, (world, random) => {
    const [a, b] = [anyNode(world, random), anyNode(world, random)]
    if (a && b && a !== b) cut(world, { from: a.name, to: b.name, ms: turningMs(world, random) })
  }],
  [2, (world, random) => {
    const [a, b] = [anyPart(world, random), anyPart(world, random)]
    Object.assign(world.links.of(a, b), { loss: pick(random, [0.1, 0.5, 0.9]) ?? 0.5 })
    world.arena.after(turningMs(world, random), () => void Object.assign(world.links.of(a, b), { loss: 0 }))
  }],
  [3, (world, random) => {
    const [a, b] = [anyPart(world, random), anyPart(world, random)]
    Object.assign(world.links.of(a, b), { maxDelayMs: pick(random, [100, 500, 3_000]) ?? 500 })
    world.arena.after(turningMs(world, random), () => void Object.assign(world.links.of(a, b), { maxDelayMs: 5 }))
  }],
  [2, (world, random) => stop(world, leader(world), turningMs(world, random))],
  [1, (world, random) => stop(world, anyPlane(world, random)?.name ?? 'c1', turningMs(world, random))],
  [2, (world, random) => crash(world, happens(random, 0.7) ? leader(world) : (anyPlane(world, random)?.name ?? 'c1'), turningMs(world, random))],
  [2, (world, random) => {
    const ms = turningMs(world, random)
    cut(world, { from: leader(world), to: 'etcd', ms })
    if (happens(random, 0.5)) cut(world, { from: 'etcd', to: leader(world), ms })
  }],
  [2, (world, random) => {
    const node = anyNode(world, random)
    const ms = turningMs(world, random)
    world.arena.say(`${node?.name} agent stands still for ${ms.toFixed(0)} ms`)
    node?.agent.stopFor(ms)
  }],
  [2, (world, random) => {
    const node = anyNode(world, random)
    if (!node?.isOn) return
    world.arena.say(`${node.name} agent is killed`)
    node.crashAgent()
    world.arena.after(turningMs(world, random) / 2, () => void (node.isOn && !node.agent.isUp && node.startAgent()))
  }],
  [1, (world, random) => reboot(world, anyNode(world, random), 1_000 + turningMs(world, random))],
  [1, (world, random) => {
    const node = anyNode(world, random)
    if (!node) return
    node.agent.latenessMs = between(random, 20, 300)
    world.arena.after(turningMs(world, random), () => void (node.agent.latenessMs = 0))
  }],
  // The leader loses etcd, and some node all others.
  [2, (world, random) => {
    const old = leader(world)
    const ms = 4 * world.terms.leaseMs
    cut(world, { from: old, to: 'etcd', ms })
    for (const node of world.nodes.keys()) if (happens(random, 0.3)) for (const plane of world.planes.keys()) if (plane !== old) cut(world, { from: node, to: plane, ms })
  }],
  // One is cut off, and the agent of another starts anew while that matters.
  [2, (world, random) => {
    const [victim, other] = [anyNode(world, random), anyNode(world, random)]
    if (!victim || !other || victim === other) return
    cutFromPlanes(world, { node: victim.name, ways: ways(random), ms: 3 * world.terms.leaseMs })
    world.arena.after(between(random, 300, world.terms.leaseMs), () => {
      other.crashAgent()
      world.arena.after(between(random, 0, 200), () => void (other.isOn && !other.agent.isUp && other.startAgent()))
    })
  }],
  [1, (world) => void (world.nodes.size < 7 && world.addNode())],
]

const anyPart = (world: FencingWorld, random: Random): string => (happens(random, 0.6) ? anyNode(world, random)?.name : anyPlane(world, random)?.name) ?? 'c1'

function staggered(world: FencingWorld, random: Random): void {
  const { seenMs, answerMs } = world.terms
  const order = [...world.nodes.keys()].toSorted(() => random.next() - 0.5)
  const victim = order[0] ?? ''
  const atOnce = Math.max(1, Math.floor((order.length - 1) / 2))
  const [way, forMs] = [ways(random), seenMs + between(random, -50, answerMs + 250)]
  cutFromPlanes(world, { node: victim, ways: way, ms: 3 * world.terms.leaseMs })
  let atMs = between(random, 0, 300)
  for (let round = 0; round < 8; round++) {
    const those = order.slice(1).filter((_, index) => Math.floor(index / atOnce) === round % Math.ceil((order.length - 1) / atOnce))
    world.arena.after(atMs, () => {
      for (const node of those) cutFromPlanes(world, { node, ways: way, ms: forMs })
    })
    atMs += forMs - between(random, -60, answerMs)
  }
}

function stop(world: FencingWorld, plane: string, ms: number): void {
  world.arena.say(`${plane} stands still for ${ms.toFixed(0)} ms`)
  world.planes.get(plane)?.process.stopFor(ms)
}

function crash(world: FencingWorld, name: string, ms: number): void {
  const plane = world.planes.get(name)
  if (!plane?.process.isUp) return
  world.arena.say(`${name} is killed`)
  plane.crash()
  world.arena.after(ms, () => void (plane.process.isUp || plane.start()))
}

function reboot(world: FencingWorld, node: ModelNode | undefined, ms: number): void {
  if (!node?.isOn) return
  world.arena.say(`${node.name} loses power`)
  node.losePower()
  world.arena.after(ms, () => void (node.isOn || node.startAgent()))
}

/** One thing that goes wrong. */
export function strikeOnce(world: FencingWorld, random: Random): void {
  let at = random.next() * STRIKES.reduce((sum, [weight]) => sum + weight, 0)
  for (const [weight, strike] of STRIKES) {
    at -= weight
    if (at < 0) return strike(world, random)
  }
}

/** The control planes go away, and come back: together or one by one, crashed, stopped, cut off from etcd or from all nodes. */
export function takePlanesAway(world: FencingWorld, random: Random): void {
  const ms = pick(random, [200, 700, 1_500, 4_000, 9_000]) ?? 1_500
  const how = pick(random, ['crash', 'stop', 'etcd', 'cables'] as const)
  world.arena.say(`the control planes go away (${how}) for ${ms} ms`)
  for (const plane of world.planes.keys()) {
    const forMs = ms + between(random, 0, 300)
    if (how === 'crash') crash(world, plane, forMs)
    else if (how === 'stop') stop(world, plane, forMs)
    else if (how === 'etcd') cut(world, { from: plane, to: 'etcd', ms: forMs })
    else for (const node of world.nodes.keys()) cutFromPlanes(world, { node, ways: 'both', ms: ms + between(random, 0, 300) })
  }
}
