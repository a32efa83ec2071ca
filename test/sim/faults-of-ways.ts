/** Ways between machines that are cut or become slow. */
import type { Random } from '../../shared/kit/random.ts'
import { between, happens, pick } from './chance.ts'
import { anyLeader, anyNode, type Fate } from './fate.ts'
import { calmWay } from './ways.ts'

type OneWay = readonly [from: string, to: string]

export const bothWays = (a: string, b: string): readonly OneWay[] => [[a, b], [b, a]]
export const oneOrBoth = (random: Random, a: string, b: string): readonly OneWay[] => pick(random, [bothWays(a, b), bothWays(a, b).slice(0, 1), bothWays(a, b).slice(1)]) ?? bothWays(a, b)

export function cutWays({ world, later }: Fate, ways: readonly OneWay[], ms: number): void {
  const text = ways.map(([from, to]) => `${from}>${to}`).join(' ')
  world.transcript.say(`FAULT cut: ${text}`)
  for (const [from, to] of ways) world.ways.of(from, to).set({ isOpen: false })
  later(ms, () => {
    world.transcript.say(`whole again: ${text}`)
    for (const [from, to] of ways) world.ways.of(from, to).set({ isOpen: true })
  })
}

/** Between nodes and all control planes: one direction or both, of one node or of several. */
export function cut(fate: Fate): void {
  const { world, random } = fate
  const nodes = happens(random, 0.3) ? world.nodes.filter(() => happens(random, 0.6)) : [anyNode(fate)]
  const which = pick(random, ['up', 'down', 'both'] as const)
  const ways = nodes.flatMap(({ name }) => world.planes.flatMap((plane): readonly OneWay[] => (which === 'both' ? bothWays(name, plane.name) : which === 'up' ? [[name, plane.name]] : [[plane.name, name]])))
  if (ways.length > 0) cutWays(fate, ways, between(random, 100, 20_000))
}

export function cutOne(fate: Fate): void {
  const { random } = fate
  cutWays(fate, oneOrBoth(random, anyNode(fate).name, anyLeader(fate).name), between(random, 100, 15_000))
}

export function cutPeers(fate: Fate): void {
  const { world, random } = fate
  const { name } = anyNode(fate)
  const ways = world.nodes.filter((one) => one.name !== name && happens(random, 0.7)).flatMap((one) => oneOrBoth(random, name, one.name))
  if (ways.length > 0) cutWays(fate, ways, between(random, 500, 20_000))
}

/** From everybody. */
export function isolate(fate: Fate): void {
  const { world, random } = fate
  const { name } = anyNode(fate)
  const others = [...world.planes, ...world.nodes].map((one) => one.name).filter((one) => one !== name)
  cutWays(fate, others.flatMap((other) => bothWays(name, other)), between(random, 300, 15_000))
}

/** The leader loses the storage, and some nodes all control planes but the leader. */
export function split(fate: Fate): void {
  const { world, random } = fate
  const { name } = anyLeader(fate)
  const others = world.planes.filter((plane) => plane.name !== name)
  const ways = world.nodes.filter(() => happens(random, 0.4)).flatMap((node) => others.flatMap((plane) => bothWays(node.name, plane.name)))
  cutWays(fate, [...bothWays(name, 'etcd'), ...ways], 3_000 + between(random, 1, 3) * world.terms.leaseMs)
}

/** Most nodes hear no control plane any more, though they are heard; one is cut off both ways. */
export function oneWayMost(fate: Fate): void {
  const { world, random } = fate
  const [victim, ...others] = world.nodes.toSorted(() => random.next() - 0.5)
  const deaf = others.slice(0, Math.ceil(world.nodes.length / 2))
  const planes = world.planes.map((plane) => plane.name)
  if (victim) cutWays(fate, [...planes.flatMap((plane) => bothWays(victim.name, plane)), ...deaf.flatMap(({ name }) => planes.map((plane): OneWay => [plane, name]))], between(random, 2, 6) * world.terms.leaseMs)
}

/** As many as may be lost are; another one is cut off when they are given up, before it hears of the smaller membership. */
export function shrinking(fate: Fate): void {
  const { world, random, later } = fate
  const [victim, ...others] = world.nodes.toSorted(() => random.next() - 0.5)
  const { leaseMs, heartbeatPeriodMs } = world.terms
  const lost = others.slice(0, Math.max(1, Math.floor((world.nodes.length - 1) / 2)))
  const toPlanes = (name: string): readonly OneWay[] => world.planes.flatMap((plane) => bothWays(name, plane.name))
  cutWays(fate, lost.flatMap(({ name }) => toPlanes(name)), 5 * leaseMs)
  later(leaseMs + between(random, -1.5, 1) * heartbeatPeriodMs, () => {
    if (victim) cutWays(fate, toPlanes(victim.name), 3 * leaseMs)
  })
}

/** One is cut off for long, the others for a moment each, one after the other. */
export function staggered(fate: Fate): void {
  const { world, random, later } = fate
  const [victim, ...others] = world.nodes.toSorted(() => random.next() - 0.5)
  if (!victim) return
  const toPlanes = (name: string): readonly OneWay[] => world.planes.flatMap((plane) => bothWays(name, plane.name))
  const { seenMs, answerMs, leaseMs } = world.terms
  cutWays(fate, toPlanes(victim.name), 4 * leaseMs)
  const forMs = seenMs + between(random, -50, answerMs + 250)
  const atOnce = Math.max(1, Math.floor((world.nodes.length - 1) / 2))
  let atMs = between(random, 0, 300)
  for (let round = 0; round < 8; round++) {
    const those = others.filter((_, index) => Math.floor(index / atOnce) === round % Math.max(1, Math.ceil(others.length / atOnce)))
    later(atMs, () => void (those.length > 0 && cutWays(fate, those.flatMap(({ name }) => toPlanes(name)), forMs)))
    atMs += forMs - between(random, -60, answerMs)
  }
}

export function slowLink(fate: Fate): void {
  const { world, random, later } = fate
  const node = anyNode(fate)
  const maxDelayMs = between(random, 50, 800)
  world.transcript.say(`FAULT the cable of ${node.name} takes up to ${maxDelayMs.toFixed(0)} ms`)
  const slow = { minDelayMs: 1, maxDelayMs }
  node.setCable({ up: slow, down: slow })
  const { minDelayMs, maxDelayMs: most } = calmWay
  later(between(random, 1_000, 10_000), () => node.setCable({ up: { minDelayMs, maxDelayMs: most }, down: { minDelayMs, maxDelayMs: most } }))
}

/** Between a node and the others. */
export function slowPeers(fate: Fate): void {
  const { world, random, later } = fate
  const { name } = anyNode(fate)
  const maxDelayMs = between(random, 50, 800)
  world.transcript.say(`FAULT between ${name} and the other nodes it takes up to ${maxDelayMs.toFixed(0)} ms`)
  const set = (weather: { readonly minDelayMs: number; readonly maxDelayMs: number }): void => {
    for (const other of world.nodes) for (const [from, to] of bothWays(name, other.name)) world.ways.of(from, to).set(weather)
  }
  set({ minDelayMs: 1, maxDelayMs })
  later(between(random, 1_000, 10_000), () => set({ minDelayMs: calmWay.minDelayMs, maxDelayMs: calmWay.maxDelayMs }))
}
