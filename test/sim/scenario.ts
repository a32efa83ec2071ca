import { termsForLease } from '../../shared/model/fencing-terms.ts'
import { Chronicle } from './chronicle.ts'
import { isNeverReady, leftovers, unquiet } from './invariants.ts'
import { play, scriptOf, type Script } from './script.ts'
import { SimUser } from './user.ts'
import { World } from './world.ts'

export interface Outcome {
  readonly seed: number
  readonly violations: readonly string[]
  readonly lines: readonly string[]
  /** Of every line and every byte that was stored. */
  readonly digest: string
}

/** After the faults have ended everything must be well within this long: the longest back-off is 5 minutes, and it may just have begun. */
const LIVENESS_MS = 700_000
/** Well is who needs nothing and has written nothing for this long: a rollout may rest while a pod backs off. */
const STILL_MS = 15_000
/** Once well, nothing is written but leases. */
const QUIET_MS = 60_000
/** But for pods whose probe fails every 2 s. */
const EVENTS_EACH = QUIET_MS / 2_000 + 10

/** Runs one seed from an empty storage to a quiet cluster. */
export const runSeed = (seed: number, onLine: (line: string) => void = () => {}): Promise<Outcome> => runScript(scriptOf(seed), onLine)

export async function runScript(script: Script, onLine: (line: string) => void = () => {}): Promise<Outcome> {
  const { seed, nodes, planes, leaseMs, onlyPlanesAway } = script
  const world = new World({ seed, nodes, planes, terms: termsForLease(leaseMs) })
  world.transcript.onLine = onLine
  world.transcript.say(`seed ${seed}: ${nodes} nodes, ${planes} control planes, a lease of ${leaseMs} ms${onlyPlanesAway ? ', nothing goes wrong but with control planes' : ''}`)
  try {
    await world.boot()
    const user = new SimUser(world)
    const chronicle = new Chronicle(world)
    chronicle.start()
    world.judge.onlyPlanesAway = onlyPlanesAway
    await play(world, user, script)
    chronicle.stop()
    await mustComeToRest(world, user)
    chronicle.judge()
  } finally {
    world.end()
  }
  const { lines, violations } = world.transcript
  return { seed, violations, lines, digest: world.transcript.digest() }
}

/** Liveness, then peace. */
export async function mustComeToRest(world: World, user?: SimUser): Promise<void> {
  let [writes, sinceMs] = [-1, 0]
  const isStill = (): boolean => {
    if (world.ledger.writes !== writes) [writes, sinceMs] = [world.ledger.writes, world.clock.monotonicMs()]
    return world.clock.monotonicMs() - sinceMs >= STILL_MS
  }
  const isWell = await world.until(() => isStill() && (user?.isIdle ?? true) && unquiet(world).length === 0, LIVENESS_MS, 1_000)
  if (!isWell) {
    const said = [...unquiet(world), ...(isStill() ? [] : [`something is still written: ${[...new Set(world.ledger.recent.slice(-20))].join(' ')}`]), ...((user?.isIdle ?? true) ? [] : ['a request is still not answered'])]
    for (const sentence of said) world.transcript.violate(`${LIVENESS_MS / 1000} s after the faults: ${sentence}`)
    return
  }
  world.transcript.say('the cluster is well')
  const [before, eventsBefore] = [world.ledger.writes, world.ledger.eventWrites]
  await world.advance(QUIET_MS)
  const [said, sayers] = [world.ledger.eventWrites - eventsBefore, world.ledger.pods().filter(isNeverReady).length]
  if (said > sayers * EVENTS_EACH) world.transcript.violate(`${said} writes of events within ${QUIET_MS / 1000} s of quiet, with ${sayers} pods that have something to say: ${[...new Set(world.ledger.recentEvents.slice(-said))].slice(0, 10).join(', ')}`)
  const { recent } = world.ledger
  const more = world.ledger.writes - before
  if (more > 0) world.transcript.violate(`${more} writes within ${QUIET_MS / 1000} s of quiet: ${[...new Set(recent.slice(-more))].slice(0, 10).join(' ')}`)
  for (const sentence of [...unquiet(world), ...(await leftovers(world)), ...(user?.missing() ?? [])]) world.transcript.violate(`at the end: ${sentence}`)
  world.transcript.say(`the end: ${world.ledger.writes} writes, ${world.ledger.leaseWrites} of leases, ${world.clock.ran} timers`)
}
