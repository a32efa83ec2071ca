import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { seededRandom } from '../../shared/kit/random.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import { testCluster, type TestCluster } from './testing.ts'

// Hundreds of little clusters, also where many tests run at once.
vi.setConfig({ testTimeout: 60_000 })

type Fault =
  | { readonly kind: 'cut'; readonly from: number; readonly to: number }
  | { readonly kind: 'isolate'; readonly node: number }
  | { readonly kind: 'heal' }
  | { readonly kind: 'plane-down' }
  | { readonly kind: 'plane-up' }
  | { readonly kind: 'restart'; readonly node: number; readonly forMs: number }
  | { readonly kind: 'slow'; readonly maxDelayMs: number }

const at = fc.nat(5)
const fault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ kind: fc.constant('cut' as const), from: at, to: at }),
  fc.record({ kind: fc.constant('isolate' as const), node: at }),
  fc.record({ kind: fc.constant('heal' as const) }),
  fc.record({ kind: fc.constant('plane-down' as const) }),
  fc.record({ kind: fc.constant('plane-up' as const) }),
  fc.record({ kind: fc.constant('restart' as const), node: at, forMs: fc.nat(1_500) }),
  fc.record({ kind: fc.constant('slow' as const), maxDelayMs: fc.nat(60) }),
)
const story = fc.record({ size: fc.integer({ min: 1, max: 5 }), seed: fc.nat(), faults: fc.array(fc.record({ fault, forMs: fc.nat(1_200) }), { maxLength: 15 }) })

/** 0 is the control plane. */
const nameOf = (cluster: TestCluster, index: number): string => ['plane', ...cluster.nodes.map(({ name }) => name)][index % (cluster.nodes.length + 1)] ?? 'plane'
const nodeOf = (cluster: TestCluster, index: number): string => cluster.nodes[index % cluster.nodes.length]?.name ?? ''

async function strike(cluster: TestCluster, one: Fault): Promise<void> {
  const { wires, plane, nodes } = cluster
  switch (one.kind) {
    case 'cut':
      wires.cut.add(`${nameOf(cluster, one.from)}>${nameOf(cluster, one.to)}`)
      return
    case 'isolate':
      return wires.isolate(nodeOf(cluster, one.node), ['plane', ...nodes.map(({ name }) => name)])
    case 'heal':
      return wires.cut.clear()
    case 'plane-down':
      plane.isUp = false
      return
    case 'plane-up':
      if (!plane.isUp) plane.startOver()
      plane.isUp = true
      return
    case 'restart':
      return cluster.restart(nodeOf(cluster, one.node), one.forMs)
    case 'slow':
      wires.maxDelayMs = one.maxDelayMs
  }
}

test('never twice: whoever is judged has stopped its pods before, and does not start them again', async () => {
  await fc.assert(
    fc.asyncProperty(story, async ({ size, seed, faults }) => {
      const cluster = testCluster(size, DEFAULT_TERMS, seededRandom(seed))
      const { clock, plane, node } = cluster
      const wrong: string[] = []
      const look = (): void => {
        for (const name of plane.fenced) if (node(name).killedMs === undefined) wrong.push(`${name} runs pods at ${clock.monotonicMs()}`)
      }
      plane.onExpired = (name) => {
        const { killedMs } = node(name)
        if (killedMs === undefined || killedMs > clock.monotonicMs() - DEFAULT_TERMS.killMs) wrong.push(`${name} is judged at ${clock.monotonicMs()}, its pods were killed at ${killedMs}`)
      }
      await clock.advance(1_000)
      for (const { fault: one, forMs } of faults) {
        await strike(cluster, one)
        await clock.advance(forMs)
        look()
      }
      await clock.advance(3_000)
      look()
      expect(wrong).toEqual([])
    }),
    { numRuns: 150 },
  )
})

test('nothing stops because the control plane is away, however often it comes and goes', async () => {
  const away = fc.array(fc.record({ downMs: fc.nat(4_000), upMs: fc.integer({ min: 500, max: 3_000 }) }), { maxLength: 5 })
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.nat(), away, async (size, seed, outages) => {
      const cluster = testCluster(size, DEFAULT_TERMS, seededRandom(seed))
      const { clock, plane, nodes } = cluster
      await clock.advance(1_000)
      for (const { downMs, upMs } of outages) {
        plane.isUp = false
        await clock.advance(downMs)
        plane.isUp = true
        plane.startOver()
        await clock.advance(upMs)
      }
      expect([cluster.kills(), plane.fenced.size, nodes.filter(({ right }) => right.kind !== 'held').length]).toEqual([0, 0, 0])
    }),
    { numRuns: 80 },
  )
})

test('everybody who is not fenced is held again once everything works', async () => {
  await fc.assert(
    fc.asyncProperty(story, async ({ size, seed, faults }) => {
      const cluster = testCluster(size, DEFAULT_TERMS, seededRandom(seed))
      const { clock, plane, nodes, wires } = cluster
      await clock.advance(1_000)
      for (const { fault: one, forMs } of faults) {
        await strike(cluster, one)
        await clock.advance(forMs)
      }
      await strike(cluster, { kind: 'plane-up' })
      wires.cut.clear()
      wires.maxDelayMs = 3
      await clock.advance(6_000)
      expect(nodes.filter(({ name, right }) => right.kind !== (plane.fenced.has(name) ? 'ended' : 'held') && !(plane.fenced.has(name) && right.kind === 'none')).map(({ name, right }) => [name, right])).toEqual([])
    }),
    { numRuns: 60 },
  )
})
