import { expect, test } from 'vitest'
import type { Clock } from '../../shared/kit/clock.ts'
import type { Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { hintOf } from './core/hints.ts'
import { schedule } from './core/schedule.ts'
import { ClusterState, podInfo } from './core/state.ts'
import { SchedulingQueue } from './queue.ts'

const WAITING = 1_000
const ROUNDS = 50

const pod = (name: string, cpu: string, spec: Partial<PodSpec> = {}): Pod => ({ metadata: { name, namespace: 'x', labels: { app: 'web' } }, spec: { ...spec, containers: [{ name: 'c', resources: { requests: { cpu } } }] } })

/** One node with room for one pod, a thousand that wait for it, and what the loop does with them; back-offs do not end. */
class Crowd {
  nowMs = 0
  tries = 0
  readonly #state = new ClusterState()
  readonly #pods = new Map<string, Pod>()
  readonly #queue: SchedulingQueue
  placed: string[] = []

  constructor(looks: (index: number) => Pod) {
    const clock: Clock = { nowMs: () => this.nowMs, monotonicMs: () => this.nowMs, after: () => () => {} }
    this.#queue = new SchedulingQueue(clock)
    this.#state.setNode({ metadata: { name: 'n1', labels: { zone: 'z' } }, spec: {}, status: { allocatable: { cpu: '1', memory: '4Gi', pods: '10' } } })
    for (let i = 0; i < WAITING; i++) {
      const one = looks(i)
      this.#pods.set(`x/${one.metadata.name}`, one)
      this.#queue.add(`x/${one.metadata.name}`, 0)
    }
  }

  /** Tries whoever is to be tried now. */
  work(): void {
    for (let key = this.#queue.take(); key !== undefined; key = this.#queue.take()) {
      this.tries++
      const info = podInfo(this.#pods.get(key) ?? pod('', '0'))
      const placement = schedule(info, this.#state, { tieBreak: 0, start: 0 })
      if (placement.kind === 'unschedulable') {
        this.#queue.parkUnschedulable(key, { pod: info, refusedBy: placement.refusedBy })
        continue
      }
      this.#queue.remove(key)
      this.#state.setPod(info.pod, placement.node)
      this.placed.push(key)
    }
  }

  /** Whoever has the room leaves it. */
  leave(): void {
    const key = this.placed.at(-1) ?? ''
    const [node, known] = [this.#state.findNode('n1'), this.#state.podOf(key)]
    this.#state.removePod(key)
    this.#queue.wake(hintOf({ kind: 'pod', pod: { before: known?.info }, node: { before: node, after: this.#state.findNode('n1') } }, this.#state))
  }
}

test.each([100, 20_000])('room that is left %i ms after the last time is taken at once, with few tries though a thousand wait', (everyMs) => {
  // A quarter asks for more than there is, the others are of ten sizes.
  const crowd = new Crowd((index) => pod(`p${index}`, index % 4 === 0 ? '2' : `${600 + (index % 10)}m`))
  crowd.work()
  expect([crowd.tries, crowd.placed.length]).toEqual([WAITING, 1])
  for (let round = 1; round <= ROUNDS; round++) {
    crowd.nowMs += everyMs
    crowd.leave()
    crowd.work()
    expect(crowd.placed.length).toBe(1 + round)
  }
  // Each time one took the room, and one of each of the ten sizes was refused.
  expect(crowd.tries - WAITING).toBeLessThanOrEqual(ROUNDS * 11)
})

test('where nobody speaks for others, so many are tried in a tenth of a second and no more', () => {
  const selector = { matchLabels: { app: 'web' } }
  const apart: Partial<PodSpec> = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: selector }] } } }
  const crowd = new Crowd((index) => pod(`p${index}`, '100m', apart))
  crowd.work()
  expect([crowd.tries, crowd.placed.length]).toEqual([WAITING, 1])
  for (let round = 1; round <= ROUNDS; round++) {
    crowd.nowMs += 10
    crowd.leave()
    crowd.work()
  }
  expect(crowd.tries - WAITING).toBeGreaterThan(0)
  expect(crowd.tries - WAITING).toBeLessThanOrEqual(64 * 5)
})
