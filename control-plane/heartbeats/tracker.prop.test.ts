import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import { membership, trackedWorld } from './testing.ts'

const names = ['n1', 'n2', 'n3', 'n4'] as const
const name = fc.constantFrom(...names)

type Step =
  | { readonly kind: 'links'; readonly name: (typeof names)[number]; readonly up: boolean; readonly down: boolean }
  | { readonly kind: 'restart' | 'close' | 'confirm' | 'forget'; readonly name: (typeof names)[number] }
  | { readonly kind: 'stall' | 'uncertain'; readonly ms: number }
  | { readonly kind: 'election' }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('links' as const), name, up: fc.boolean(), down: fc.boolean() }),
  fc.record({ kind: fc.constantFrom('restart' as const, 'close' as const, 'confirm' as const, 'forget' as const), name }),
  fc.record({ kind: fc.constantFrom('stall' as const, 'uncertain' as const), ms: fc.integer({ min: 1, max: 2_000 }) }),
  fc.constant({ kind: 'election' } as const),
)
const steps = fc.array(fc.record({ afterMs: fc.integer({ min: 0, max: 1_500 }), step }), { maxLength: 12 })

/** Plays the steps; calls `look` every 10 ms with the nodes judged since it was called before. */
function play(story: ReadonlyArray<{ readonly afterMs: number; readonly step: Step }>, look: (world: ReturnType<typeof trackedWorld>, fenced: readonly string[]) => void): void {
  const world = trackedWorld(...names)
  const { clock, tracker, agent, sights } = world
  const known = new Set<string>()
  const pass = (ms: number): void => {
    for (let left = ms; left > 0; left -= 10) {
      clock.advance(10)
      const fenced = names.filter((one) => sights.get(one)?.kind === 'fenced' && !known.has(one))
      for (const one of fenced) known.add(one)
      look(world, fenced)
    }
  }
  let restarts = 0
  const take = (one: Step): void => {
    if (one.kind === 'links') Object.assign(agent(one.name), { up: one.up, down: one.down })
    else if (one.kind === 'restart') agent(one.name).connect(tracker, { instance: `again ${++restarts}` })
    else if (one.kind === 'close') agent(one.name).close()
    else if (one.kind === 'confirm') tracker.fence(one.name, { kind: 'confirmed', by: 'somebody' })
    else if (one.kind === 'forget') tracker.forget(one.name)
    else if (one.kind === 'stall') clock.stall(one.ms)
    else if (one.kind === 'uncertain') {
      tracker.mayAckUntil(clock.monotonicMs())
      pass(one.ms)
      tracker.mayAckUntil(Number.POSITIVE_INFINITY)
    } else {
      const left = names.filter((each) => !known.has(each))
      tracker.lead({ inUse: [membership(1, ...names)], fenced: [...known].map((nodeName) => ({ nodeName, evidence: { kind: 'confirmed', by: 'before' } })), admitted: left.map((nodeName) => ({ nodeName, bootId: 'boot-1' })) })
      for (const each of left) tracker.setSession(each, true)
    }
  }
  pass(300)
  for (const { afterMs, step: one } of story) {
    pass(afterMs)
    take(one)
  }
  pass(4_000)
}

test('safety: when a node is fenced, whatever was granted to it is over, also by acks that arrive later', () => {
  fc.assert(
    fc.property(steps, (story) => {
      const fencedMs = new Map<string, number>()
      play(story, ({ clock, agent }, fenced) => {
        for (const one of fenced) fencedMs.set(one, clock.monotonicMs())
        for (const [one, sinceMs] of fencedMs) expect(agent(one).ackedBeatSentMs + DEFAULT_TERMS.leaseMs).toBeLessThanOrEqual(sinceMs)
      })
    }),
    { numRuns: 200 },
  )
})

test('safety: nobody is fenced by silence while fewer than half have received an ack of late', () => {
  fc.assert(
    fc.property(steps, (story) => {
      play(story, ({ clock, sights, agent }, fenced) => {
        for (const one of fenced) {
          const sight = sights.get(one)
          if (sight?.kind !== 'fenced' || sight.evidence.kind !== 'lease-ended') continue
          const reached = names.filter((each) => clock.monotonicMs() - agent(each).lastAckMs <= DEFAULT_TERMS.seenMs + 10)
          expect(2 * reached.length).toBeGreaterThanOrEqual(names.length)
        }
      })
    }),
    { numRuns: 200 },
  )
})

test('liveness: when at least half are heard without a break, who is not is fenced within a lease and a moment; who is, is acked', () => {
  fc.assert(
    fc.property(steps, fc.uniqueArray(name, { maxLength: 2 }), (story, silent) => {
      const { clock, tracker, agent, sights } = trackedWorld(...names)
      const left = (): readonly string[] => names.filter((each) => sights.get(each)?.kind !== 'fenced')
      const pass = (ms: number): void => {
        for (let passedMs = 0; passedMs < ms; passedMs += 100) {
          clock.advance(100)
          tracker.setMembership([membership(1, ...left())])
        }
      }
      for (const { afterMs, step: one } of story) {
        pass(afterMs)
        if (one.kind === 'links') Object.assign(agent(one.name), { up: one.up, down: one.down })
        if (one.kind === 'stall') clock.stall(one.ms)
      }
      for (const each of names) Object.assign(agent(each), { down: true, up: !silent.includes(each) })
      pass(2 * DEFAULT_TERMS.leaseMs + 300)
      const heard = left().filter((each) => !silent.some((one) => one === each))
      if (2 * heard.length >= left().length) expect(left()).toEqual(heard)
      for (const each of heard) expect(agent(each as (typeof names)[number]).isAcked()).toBe(true)
    }),
    { numRuns: 200 },
  )
})
