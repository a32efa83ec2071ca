import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Node, Pod } from '../../../shared/model/gen/api.ts'
import { createMemory } from './memory.ts'
import { schedule } from './schedule.ts'
import { ClusterState, podInfo } from './state.ts'

const node = (index: number, cpu: number): Node => ({ metadata: { name: `n${index}`, labels: { zone: `z${index % 2}` } }, spec: index % 5 === 4 ? { taints: [{ key: 'k', effect: 'NoSchedule' }] } : {}, status: { allocatable: { cpu: String(cpu), memory: '4Gi', pods: '4' } } })
const pod = (index: number, kind: number): Pod => ({
  metadata: { name: `p${index}`, namespace: 'x', uid: String(index) },
  spec: { containers: [{ name: 'c', resources: { requests: { cpu: `${(kind + 1) * 300}m`, memory: '256Mi' } } }], ...(kind === 2 && { tolerations: [{ operator: 'Exists' }] }), ...(kind === 1 && { nodeSelector: { zone: 'z1' } }) },
})

const action = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('schedule' as const), kind: fc.nat(2), tie: fc.double({ min: 0, max: 0.999, noNaN: true }) }) },
  fc.record({ do: fc.constant('remove-pod' as const), index: fc.nat(30) }),
  fc.record({ do: fc.constant('set-node' as const), index: fc.nat(9), cpu: fc.integer({ min: 1, max: 8 }) }),
  fc.record({ do: fc.constant('remove-node' as const), index: fc.nat(9) }),
)

test('safety: a placement is the same with and without memory', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const state = new ClusterState()
      for (let i = 0; i < 6; i++) state.setNode(node(i, 2))
      const memory = createMemory()
      let next = 0
      let start = 0
      for (const one of actions) {
        if (one.do === 'remove-pod') state.removePod(`x/p${one.index}`)
        else if (one.do === 'set-node') state.setNode(node(one.index, one.cpu))
        else if (one.do === 'remove-node') state.removeNode(`n${one.index}`)
        else {
          const info = podInfo(pod(next++, one.kind))
          const at = state.nodes.length === 0 ? 0 : start % state.nodes.length
          const with_ = schedule(info, state, { tieBreak: one.tie, start: at, memory })
          expect(with_).toEqual(schedule(info, state, { tieBreak: one.tie, start: at }))
          start = with_.nextStart
          if (with_.kind === 'placed') state.setPod(info.pod, with_.node)
        }
      }
    }),
    { numRuns: 200 },
  )
})
