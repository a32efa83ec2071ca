import type { Random } from '../../shared/kit/random.ts'
import { keyOf } from '../../shared/model/meta.ts'
import { between, happens, pick, whole } from './chance.ts'
import { calmCable } from './link.ts'
import { calmHost, type SimNode } from './node.ts'
import { calmStorage } from './storage.ts'
import type { World } from './world.ts'

interface Fate {
  readonly world: World
  readonly random: Random
  /** Later, while faults are still allowed. */
  readonly later: (ms: number, run: () => void) => void
}

type Strike = (fate: Fate) => void

/** What goes wrong, and how often. */
const STRIKES: ReadonlyArray<readonly [weight: number, strike: Strike]> = [
  [4, agentCrash],
  [2, powerLoss],
  [2, planeCrash],
  [3, cut],
  [2, slowLink],
  [2, slowStorage],
  [3, failingStorage],
  [1, compaction],
  [5, containerDies],
  [2, imagesMissing],
  [3, probesFail],
  [2, failingHost],
  [2, slowHost],
]

export function strikeOnce(fate: Fate): void {
  let at = fate.random.next() * STRIKES.reduce((sum, [weight]) => sum + weight, 0)
  for (const [weight, strike] of STRIKES) {
    at -= weight
    if (at < 0) return strike(fate)
  }
}

const anyNode = ({ world, random }: Fate): SimNode => pick(random, world.nodes) ?? (world.nodes[0] as SimNode)

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

function planeCrash({ world, random, later }: Fate): void {
  world.plane.crash()
  later(between(random, 10, 5_000), () => world.plane.start())
}

/** One direction or both, of one cable or of several. */
function cut(fate: Fate): void {
  const { world, random, later } = fate
  const cables = happens(random, 0.3) ? world.nodes.filter(() => happens(random, 0.6)) : [anyNode(fate)]
  const directions = pick(random, [{ upOpen: false }, { downOpen: false }, { upOpen: false, downOpen: false }]) ?? { upOpen: false }
  for (const { name, cable } of cables) {
    world.transcript.say(`FAULT the cable of ${name} is cut: ${Object.keys(directions).join(' and ').replaceAll('Open', '')}`)
    cable.set(directions)
  }
  later(between(random, 100, 20_000), () => {
    for (const { name, cable } of cables) {
      world.transcript.say(`the cable of ${name} is whole again`)
      cable.set({ upOpen: true, downOpen: true })
    }
  })
}

function slowLink(fate: Fate): void {
  const { world, random, later } = fate
  const { name, cable } = anyNode(fate)
  const maxDelayMs = between(random, 50, 800)
  world.transcript.say(`FAULT the cable of ${name} takes up to ${maxDelayMs.toFixed(0)} ms`)
  Object.assign(cable.weather, { minDelayMs: 1, maxDelayMs })
  later(between(random, 1_000, 10_000), () => Object.assign(cable.weather, { minDelayMs: calmCable.minDelayMs, maxDelayMs: calmCable.maxDelayMs }))
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
