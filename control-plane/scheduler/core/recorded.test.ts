/** What the real scheduler did with generated clusters (test/conformance/scheduler/placements.json), as a table test of the core. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { Node, Pod } from '../../../shared/model/gen/api.ts'
import { explain } from './explain.ts'
import { isTolerated } from './match.ts'
import { schedule } from './schedule.ts'
import { ClusterState, podInfo } from './state.ts'

interface Case {
  readonly case: string
  readonly area: string
  readonly scenario: { readonly nodes: ReadonlyArray<{ readonly metadata: Node['metadata']; readonly spec: Node['spec']; readonly allocatable: Record<string, string> }>; readonly pods: readonly Pod[]; readonly pod: Pod }
  readonly steps: ReadonlyArray<{ readonly do: string; readonly answer: { readonly body: Record<string, unknown> } }>
}

const cases = JSON.parse(readFileSync(join(import.meta.dirname, '../../../test/conformance/scheduler/placements.json'), 'utf8')) as readonly Case[]

/** Pods that do not tolerate a NoExecute taint of their node were evicted before the pod came. */
const isEvicted = (pod: Pod, node: Case['scenario']['nodes'][number] | undefined): boolean => (node?.spec?.taints ?? []).some((taint) => taint.effect === 'NoExecute' && !isTolerated(taint, pod.spec?.tolerations ?? []))

function stateOf({ scenario, steps }: Case): ClusterState {
  const state = new ClusterState()
  for (const { metadata, spec, allocatable } of scenario.nodes) {
    const taints = tainted(steps, metadata.name ?? '') ?? spec?.taints
    state.setNode({ metadata, spec: { ...spec, taints }, status: { allocatable, capacity: allocatable } })
  }
  for (const pod of scenario.pods) {
    const placed = inNamespace(pod)
    const node = scenario.nodes.find((one) => one.metadata.name === placed.spec?.nodeName)
    if (placed.spec?.nodeName && !isEvicted(placed, node)) state.setPod(placed, placed.spec.nodeName)
  }
  return state
}

/** Nodes as the recording read them back, with the taints that the control plane had put on. */
function tainted(steps: Case['steps'], name: string): NonNullable<Node['spec']>['taints'] {
  const read = steps.find((step) => step.do === `GET /api/v1/nodes/${name}`)?.answer.body
  const spec = read?.['spec.taints'] ?? (read?.['spec'] as { taints?: unknown } | undefined)?.taints
  return spec as NonNullable<Node['spec']>['taints']
}

const inNamespace = (pod: Pod): Pod => ({ ...pod, metadata: { ...pod.metadata, namespace: 'ns' } })

interface Condition {
  readonly type: string
  readonly status: string
  readonly message?: string
}

const decided = cases.filter((one) => one.area !== 'scheduler/preemption' && one.area !== 'scheduler/gates')

describe('placements as the real scheduler made them', () => {
  test.each(decided.map((one) => [one.case, one] as const))('%s', (_name, one) => {
    const state = stateOf(one)
    const pod = podInfo(inNamespace(one.scenario.pod))
    const recorded = one.steps.at(-1)?.answer.body ?? {}
    const placement = schedule(pod, state, { tieBreak: 0, start: 0 })
    const nodeName = recorded['spec.nodeName'] as string | undefined
    if (nodeName === undefined) {
      const [condition] = (recorded['status.conditions'] as readonly Condition[] | undefined) ?? []
      expect(placement).toMatchObject({ kind: 'unschedulable', message: condition?.message })
      return
    }
    const verdicts = explain(pod, state).verdicts.flatMap((verdict) => (verdict.kind === 'feasible' ? [verdict] : []))
    expect(placement.kind).toBe('placed')
    const highest = Math.max(...verdicts.map(({ score }) => score))
    if (nodeName !== '<any>') expect(verdicts.filter(({ score }) => score === highest).map(({ node }) => node), JSON.stringify(verdicts)).toContain(nodeName)
  })
})
