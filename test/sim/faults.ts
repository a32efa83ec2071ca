import type { Random } from '../../shared/kit/random.ts'
import { keyOf } from '../../shared/model/meta.ts'
import { between, happens, pick, whole } from './chance.ts'
import { anyLeader, anyNode, type Fate, type Strike } from './fate.ts'
import { bothWays, cut, cutOne, cutPeers, cutWays, isolate, oneOrBoth, oneWayMost, shrinking, slowLink, slowPeers, split, staggered } from './faults-of-ways.ts'
import { calmHost } from './node.ts'
import { calmStorage } from './storage.ts'

/** What goes wrong, and how often. */
const STRIKES: Readonly<Record<string, readonly [weight: number, strike: Strike]>> = {
  agentCrash: [4, agentCrash],
  agentLoop: [1, agentLoop],
  agentStops: [2, (fate) => agentStops(fate, 'all')],
  agentHangs: [1, (fate) => agentStops(fate, 'main')],
  busyNode: [1, busyNode],
  powerLoss: [2, powerLoss],
  planeCrash: [2, planeCrash],
  planeStops: [2, planeStops],
  planeAlone: [2, planeAlone],
  busyPlane: [1, busyPlane],
  cut: [3, cut],
  cutOne: [2, cutOne],
  cutPeers: [1, cutPeers],
  isolate: [2, isolate],
  split: [1, split],
  oneWayMost: [1, oneWayMost],
  shrinking: [1, shrinking],
  staggered: [1, staggered],
  clocks: [1, clocks],
  slowLink: [2, slowLink],
  slowPeers: [1, slowPeers],
  slowStorage: [2, slowStorage],
  failingStorage: [3, failingStorage],
  fullStorage: [1, fullStorage],
  compaction: [1, compaction],
  containerDies: [5, containerDies],
  imagesMissing: [2, imagesMissing],
  probesFail: [3, probesFail],
  failingHost: [2, failingHost],
  slowHost: [2, slowHost],
}

/** Those that no node notices but by the absence of its control plane. */
const OF_PLANES: ReadonlySet<string> = new Set(['planeCrash', 'planeStops', 'planeAlone', 'allPlanesAway', 'busyPlane', 'slowStorage', 'failingStorage', 'fullStorage', 'compaction', 'containerDies', 'probesFail', 'imagesMissing'])
/** Those that befall single machines, with those that turn on their names: in worlds where nodes neither lose the control plane nor each other. A clone of a machine that goes on by a proof is one of the limits of fencing. */
const OF_NAMES: ReadonlySet<string> = new Set(['agentCrash', 'agentLoop', 'agentHangs', 'busyNode', 'powerLoss', 'clocks', 'containerDies', 'imagesMissing', 'probesFail', 'failingHost', 'slowHost'])
const NAMES: typeof STRIKES = { doubled: [10, doubled], renamed: [4, renamed] }
const AWAY: typeof STRIKES = { allPlanesAway: [6, allPlanesAway] }

/** What may go wrong in a world. */
export type Troubles = 'all' | 'planes' | 'names'

const OF: Readonly<Record<Troubles, typeof STRIKES>> = {
  all: STRIKES,
  planes: Object.fromEntries(Object.entries({ ...STRIKES, ...AWAY }).filter(([name]) => OF_PLANES.has(name))),
  names: { ...Object.fromEntries(Object.entries(STRIKES).filter(([name]) => OF_NAMES.has(name))), ...NAMES },
}

/** The names of what may go wrong, each as often as its weight says. */
export function chooseFault(random: Random, troubles: Troubles): string {
  const all = Object.entries(OF[troubles])
  let at = random.next() * all.reduce((sum, [, [weight]]) => sum + weight, 0)
  for (const [name, [weight]] of all) {
    at -= weight
    if (at < 0) return name
  }
  return 'agentCrash'
}

export function strike(name: string, fate: Fate): void {
  const found = STRIKES[name] ?? AWAY[name] ?? NAMES[name]
  if (!found) throw new Error(`no fault is called ${name}`)
  found[1](fate)
}

function agentCrash(fate: Fate): void {
  const node = anyNode(fate)
  node.crashAgent()
  fate.later(between(fate.random, 10, 6_000), () => node.start())
}

function powerLoss(fate: Fate): void {
  const node = anyNode(fate)
  node.losePower()
  fate.later(between(fate.random, 200, 15_000), () => node.start())
}

function planeCrash(fate: Fate): void {
  const plane = anyLeader(fate)
  plane.crash()
  fate.later(between(fate.random, 10, 5_000), () => plane.start())
}

/** Another machine has its name and its certificate, for a while. The first may die meanwhile: its containers run on. */
function doubled(fate: Fate): void {
  const { world, random, later } = fate
  const node = anyNode(fate)
  const double = world.doubleOf(node)
  // One that is alone never stops its pods; so a clone of it is one of the limits of fencing.
  if (double.isOn || node.nodeName !== node.name || node.right.kind !== 'held' || node.right.untilMs === Number.POSITIVE_INFINITY) return
  world.transcript.say(`FAULT ${double.name} is called ${node.name} too`)
  double.start()
  const untilMs = between(random, 500, 12_000)
  if (happens(random, 0.7)) {
    const atMs = between(random, 0, untilMs)
    later(atMs, () => node.crashAgent())
    later(atMs + between(random, 10, 6_000), () => node.start())
  }
  later(untilMs, () => void (double.isOn && double.losePower()))
}

/** Its agent is started under another name, and later under its own again. */
function renamed(fate: Fate): void {
  const { random, later } = fate
  const node = anyNode(fate)
  if (!node.isUp || node.nodeName !== node.name) return
  node.rename(`${node.name}x`)
  later(between(random, 500, 12_000), () => node.rename(node.name))
}

/** Killed again and again, each time soon after its start. */
function agentLoop(fate: Fate): void {
  const node = anyNode(fate)
  const { random, later } = fate
  let atMs = 0
  for (let times = whole(random, 3, 8); times > 0; times--) {
    later(atMs, () => node.crashAgent())
    atMs += between(random, 50, 1_000)
    later(atMs, () => node.start())
    atMs += between(random, 100, 1_500)
  }
}

function agentStops(fate: Fate, what: 'all' | 'main'): void {
  const node = anyNode(fate)
  node.stopAgent(what)
  fate.later(pick(fate.random, [between(fate.random, 100, 2_500), between(fate.random, 2_000, 20_000)]) ?? 1_000, () => node.continueAgent())
}

/** All its processors are taken: timers come late. */
function busyNode(fate: Fate): void {
  const { world, random, later } = fate
  const node = anyNode(fate)
  const mostMs = between(random, 50, 800)
  world.transcript.say(`FAULT ${node.name} is busy: timers come up to ${mostMs.toFixed(0)} ms late`)
  node.burden(() => random.next() * mostMs)
  later(between(random, 1_000, 15_000), () => node.burden(undefined))
}

function busyPlane(fate: Fate): void {
  const { world, random, later } = fate
  const plane = anyLeader(fate)
  const mostMs = between(random, 20, 400)
  world.transcript.say(`FAULT ${plane.name} is busy: timers come up to ${mostMs.toFixed(0)} ms late`)
  plane.burden(() => random.next() * mostMs)
  later(between(random, 1_000, 15_000), () => plane.burden(undefined))
}

function planeStops(fate: Fate): void {
  const plane = anyLeader(fate)
  plane.pause()
  fate.later(pick(fate.random, [between(fate.random, 100, 2_500), between(fate.random, 2_000, 15_000)]) ?? 1_000, () => plane.resume())
}

/** From the storage, from the other control planes, or from both; one way or both. */
function planeAlone(fate: Fate): void {
  const { world, random } = fate
  const { name } = anyLeader(fate)
  const others = world.planes.filter((plane) => plane.name !== name).map((plane) => plane.name)
  const far = pick(random, [['etcd'], others, [...others, 'etcd']]) ?? ['etcd']
  cutWays(fate, far.flatMap((other) => oneOrBoth(random, name, other)), between(random, 200, 12_000))
}

/** Each in its own way, at about the same time. */
function allPlanesAway(fate: Fate): void {
  const { world, random, later } = fate
  const awayMs = pick(random, [800, 2_000, 5_000, 15_000]) ?? 2_000
  const how = pick(random, ['crash', 'stop', 'cables'] as const)
  for (const plane of world.planes) {
    const ms = awayMs + between(random, 0, 300)
    if (how === 'crash') {
      plane.crash()
      later(ms, () => plane.start())
    } else if (how === 'stop') {
      plane.pause()
      later(ms, () => plane.resume())
    }
  }
  if (how === 'cables') for (const node of world.nodes) cutWays(fate, world.planes.flatMap((plane) => bothWays(node.name, plane.name)), awayMs + between(random, 0, 300))
}

/** Somebody sets a wall clock, by hours. */
function clocks({ world, random, later }: Fate): void {
  const machine = pick(random, [...world.nodes, ...world.planes])
  if (!machine) return
  const hours = pick(random, [-30, -3, 1, 26]) ?? 1
  world.transcript.say(`FAULT the wall clock of ${machine.name} is ${hours} h wrong`)
  machine.clock.wallOffsetMs = hours * 3_600_000
  later(between(random, 1_000, 20_000), () => {
    world.transcript.say(`the wall clock of ${machine.name} is right again`)
    machine.clock.wallOffsetMs = 0
  })
}

/** No write is taken. */
function fullStorage({ world, random, later }: Fate): void {
  world.transcript.say('FAULT the storage is full')
  world.storage.weather.isFull = true
  later(between(random, 300, 6_000), () => {
    world.transcript.say('the storage has room again')
    world.storage.weather.isFull = false
  })
}

function slowStorage({ world, random, later }: Fate): void {
  const maxDelayMs = between(random, 20, 400)
  world.transcript.say(`FAULT the storage takes up to ${maxDelayMs.toFixed(0)} ms`)
  Object.assign(world.storage.weather, { minDelayMs: 1, maxDelayMs })
  later(between(random, 500, 6_000), () => Object.assign(world.storage.weather, { minDelayMs: calmStorage.minDelayMs, maxDelayMs: calmStorage.maxDelayMs }))
}

function failingStorage({ world, random, later }: Fate): void {
  const failures = pick(random, [0.05, 0.3, 1]) ?? 0.1
  world.transcript.say(`FAULT the storage fails ${failures * 100}% of the calls`)
  Object.assign(world.storage.weather, { failures, lostAnswers: failures / 3, brokenWatches: failures / 20 })
  later(between(random, 200, 5_000), () => {
    world.transcript.say('the storage works again')
    Object.assign(world.storage.weather, { failures: 0, lostAnswers: 0, brokenWatches: 0 })
  })
}

function compaction({ world }: Fate): void {
  world.transcript.say('FAULT the storage forgets its history')
  void world.storage.compact()
}

function containerDies({ world, random }: Fate): void {
  const pod = pick(random, world.ledger.pods().filter(({ spec }) => spec?.nodeName !== undefined))
  if (pod) world.killContainer(pod, happens(random, 0.3) ? { exitCode: 137, oomKilled: true } : { exitCode: whole(random, 0, 2) })
}

function imagesMissing(fate: Fate): void {
  const { world, random, later } = fate
  const { name, host } = anyNode(fate)
  world.transcript.say(`FAULT ${name} gets no images`)
  host.images.isBroken = true
  later(between(random, 1_000, 15_000), () => {
    host.images.isBroken = false
  })
}

function probesFail({ world, random, later }: Fate): void {
  const pod = pick(random, world.ledger.pods().filter(({ status }) => status?.podIP !== undefined))
  const node = world.nodes.find(({ name }) => name === pod?.spec?.nodeName)
  const target = `${pod?.status?.podIP}:8080`
  if (!pod || !node) return
  world.transcript.say(`FAULT ${keyOf(pod)} answers no probe`)
  const { answers } = node.host.probes
  answers.set(target, { kind: 'failure', output: 'connection refused' })
  later(between(random, 500, 12_000), () => void answers.delete(target))
}

function failingHost(fate: Fate): void {
  const { world, random, later } = fate
  const node = anyNode(fate)
  const failures = pick(random, [0.1, 0.5, 1]) ?? 0.1
  world.transcript.say(`FAULT ${node.name} fails ${failures * 100}% of the calls to its kernel`)
  node.weather.failures = failures
  later(between(random, 200, 5_000), () => {
    node.weather.failures = 0
  })
}

function slowHost(fate: Fate): void {
  const { world, random, later } = fate
  const node = anyNode(fate)
  const maxDelayMs = between(random, 50, 1_000)
  world.transcript.say(`FAULT ${node.name} takes up to ${maxDelayMs.toFixed(0)} ms for a call`)
  Object.assign(node.weather, { minDelayMs: 1, maxDelayMs })
  later(between(random, 500, 8_000), () => Object.assign(node.weather, { minDelayMs: calmHost.minDelayMs, maxDelayMs: calmHost.maxDelayMs }))
}
