import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Node, Pod, PodSpec } from '../../../shared/model/gen/api.ts'
import type { ClusterEvent } from './framework.ts'
import { hintOf, refusedClass, type Unschedulable } from './hints.ts'
import { schedule } from './schedule.ts'
import { ClusterState, podInfo } from './state.ts'

const labelSelector = { matchLabels: { app: 'a' } }
const KINDS: ReadonlyArray<Partial<PodSpec>> = [
  {},
  { nodeSelector: { disk: 'fast' } },
  { tolerations: [{ operator: 'Exists' }] },
  { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] },
  { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector }] } } },
  { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector }] } } },
  { topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector, nodeTaintsPolicy: 'Honor' }] },
]
const node = (index: number, { cpu, flags }: { readonly cpu: number; readonly flags: number }): Node => ({
  metadata: { name: `n${index}`, labels: { ...((flags & 1) === 0 && { zone: `z${index % 2}` }), ...((flags & 2) > 0 && { disk: 'fast' }) } },
  spec: { ...((flags & 4) > 0 && { taints: [{ key: 'k', effect: 'NoSchedule' }] }), ...((flags & 8) > 0 && { unschedulable: true }) },
  status: { allocatable: { cpu: String(cpu), memory: '4Gi', pods: '3' } },
})
const pod = (index: number, { kind, cpu, app }: { readonly kind: number; readonly cpu: number; readonly app: string }): Pod => {
  const spec = KINDS[kind] ?? {}
  return { metadata: { name: `p${index}`, namespace: 'x', labels: { app } }, spec: { ...spec, containers: [{ name: 'c', ...spec.containers?.[0], resources: { requests: { cpu: String(cpu) } } }] } }
}

const looks = fc.record({ kind: fc.nat(KINDS.length - 1), cpu: fc.nat(2), app: fc.constantFrom('a', 'b') })
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('come' as const), looks }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pod' as const), index: fc.nat(20), looks }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('no pod' as const), index: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('node' as const), index: fc.nat(3), cpu: fc.integer({ min: 1, max: 4 }), flags: fc.nat(15) }) },
  fc.record({ do: fc.constant('no node' as const), index: fc.nat(3) }),
)

/** Makes the change as the loop does, and tells it. */
function changed(state: ClusterState, { key, on, change }: { readonly key: string; readonly on: string; readonly change: () => void }): ClusterEvent {
  const [node, known] = [state.findNode(on), state.podOf(key)?.info]
  change()
  return key === '' ? { kind: 'node', node: { before: node, after: state.findNode(on) } } : { kind: 'pod', pod: { before: known, after: state.podOf(key)?.info }, node: { before: node, after: state.findNode(on) } }
}

test('liveness: a pod that waits is woken by whatever lets a node take it', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 50 }), (actions) => {
      const state = new ClusterState()
      for (let i = 0; i < 3; i++) state.setNode(node(i, { cpu: 2, flags: 0 }))
      const waiting = new Map<string, Unschedulable>()
      let next = 0
      const attempt = (one: Pod): void => {
        const placement = schedule(podInfo(one), state, { tieBreak: 0, start: 0 })
        if (placement.kind === 'unschedulable') return void waiting.set(one.metadata.name ?? '', { pod: podInfo(one), refusedBy: placement.refusedBy })
        const on = placement.node
        tell(changed(state, { key: podInfo(one).key, on, change: () => state.setPod(one, on) }))
      }
      const tell = (event: ClusterEvent): void => {
        const helps = hintOf(event, state)
        const woken = [...waiting].filter(([, refused]) => helps(refused))
        for (const [name] of woken) waiting.delete(name)
        for (const [, refused] of woken) attempt(refused.pod.pod)
      }
      for (const one of actions) {
        if (one.do === 'come') attempt(pod(next++, one.looks))
        else if (one.do === 'node') tell(changed(state, { key: '', on: `n${one.index}`, change: () => state.setNode(node(one.index, one)) }))
        else if (one.do === 'no node') tell(changed(state, { key: '', on: `n${one.index}`, change: () => state.removeNode(`n${one.index}`) }))
        else {
          const [key, known] = [`x/p${one.index}`, state.podOf(`x/p${one.index}`)]
          // A pod that runs may change its labels and be made smaller.
          const now = one.do === 'pod' && known ? { ...known.info.pod, metadata: { ...known.info.pod.metadata, labels: { app: one.looks.app } } } : undefined
          if (known) tell(changed(state, { key, on: known.node, change: () => (now ? state.setPod(now, known.node) : state.removePod(key)) }))
        }
        for (const [name, refused] of waiting) expect([name, schedule(refused.pod, state, { tieBreak: 0, start: 0 }).kind]).toEqual([name, 'unschedulable'])
      }
    }),
    { numRuns: 300 },
  )
})

test('safety: where a refusal speaks for a class, whoever is of it is refused too', () => {
  fc.assert(
    fc.property(fc.array(looks, { minLength: 1, maxLength: 12 }), (pods) => {
      const state = new ClusterState()
      for (let i = 0; i < 3; i++) state.setNode(node(i, { cpu: 2, flags: i === 2 ? 6 : 0 }))
      const refused = new Set<string>()
      for (const [index, one] of pods.entries()) {
        const info = podInfo(pod(index, one))
        const placement = schedule(info, state, { tieBreak: 0, start: 0 })
        if (placement.kind === 'placed') {
          expect(refused.has(info.classKey)).toBe(false)
          state.setPod(info.pod, placement.node)
        } else refused.add(refusedClass({ pod: info, refusedBy: placement.refusedBy }) ?? '')
      }
    }),
  )
})
