import { describe, expect, test } from 'vitest'
import type { Node, NodeSpec, Pod, PodSpec } from '../../../shared/model/gen/api.ts'
import type { ClusterEvent } from './framework.ts'
import { hintOf, refusedClass } from './hints.ts'
import { schedule } from './schedule.ts'
import { ClusterState, podInfo } from './state.ts'

const node = (name: string, { labels = {}, ...more }: Partial<NodeSpec> & { readonly labels?: Record<string, string>; readonly cpu?: string; readonly pods?: string } = {}): Node => {
  const { cpu = '2', pods = '10', ...spec } = more
  return { metadata: { name, labels: { zone: name, ...labels } }, spec, status: { allocatable: { cpu, memory: '4Gi', pods } } }
}
const pod = (name: string, spec: Partial<PodSpec> = {}, labels: Record<string, string> = {}): Pod => ({ metadata: { name, namespace: 'default', labels }, spec: { containers: [{ name: 'c' }], ...spec } })
const asks = (cpu: string, memory = '0'): Partial<PodSpec> => ({ containers: [{ name: 'c', resources: { requests: { cpu, memory } } }] })
const listens = (hostPort: number, hostIP?: string, protocol = 'TCP'): Partial<PodSpec> => ({ containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort, protocol, ...(hostIP !== undefined && { hostIP }) }] }] })
const beside = (app: string): Partial<PodSpec> => ({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app } } }] } } })
const apart = (app: string): Partial<PodSpec> => ({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone', labelSelector: { matchLabels: { app } } }] } } })
const spread = (app: string): Partial<PodSpec> => ({ topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app } } }] })
const app = (name: string): Record<string, string> => ({ app: name })

/** One change of a cluster, told as the loop tells it. */
type Change = readonly ['node', Node] | readonly ['no node', string] | readonly ['pod', Pod, on: string] | readonly ['no pod', string]

function apply(state: ClusterState, [kind, what, on = '']: Change): ClusterEvent {
  const key = typeof what === 'string' ? `default/${what}` : `default/${what.metadata.name}`
  const nodeName = kind === 'node' ? (what.metadata.name ?? '') : kind === 'no node' ? what : kind === 'pod' ? on : (state.podOf(key)?.node ?? '')
  const [node, before] = [state.findNode(nodeName), state.podOf(key)?.info]
  if (kind === 'node') state.setNode(what)
  if (kind === 'no node') state.removeNode(what)
  if (kind === 'pod') state.setPod(what, on)
  if (kind === 'no pod') state.removePod(key)
  const changed = { before: node, after: state.findNode(nodeName) }
  return kind === 'node' || kind === 'no node' ? { kind: 'node', node: changed } : { kind: 'pod', pod: { before, after: state.podOf(key)?.info }, node: changed }
}

type Row = readonly [what: string, given: readonly Change[], waiting: Pod, change: Change, helps: boolean]

describe('an event wakes a waiting pod only if it can help it', () => {
  test.each<Row>([
    ['the pod that had the port went', [['node', node('n1')], ['pod', pod('a', listens(80)), 'n1']], pod('w', listens(80)), ['no pod', 'a'], true],
    ['a pod with another port went', [['node', node('n1')], ['pod', pod('a', listens(80)), 'n1'], ['pod', pod('b', listens(81)), 'n1']], pod('w', listens(80)), ['no pod', 'b'], false],
    ['a pod with that port, but of another protocol, went', [['node', node('n1')], ['pod', pod('a', listens(80)), 'n1'], ['pod', pod('b', listens(80, undefined, 'UDP')), 'n1']], pod('w', listens(80)), ['no pod', 'b'], false],
    ['one of two addresses with the port went', [['node', node('n1')], ['pod', pod('a', listens(80, '192.0.2.1')), 'n1'], ['pod', pod('b', listens(80, '192.0.2.2')), 'n1']], pod('w', listens(80)), ['no pod', 'b'], false],
    ['the address with the port went', [['node', node('n1')], ['pod', pod('a', listens(80, '192.0.2.1')), 'n1'], ['pod', pod('b', listens(80, '192.0.2.2')), 'n1']], pod('w', listens(80, '192.0.2.2')), ['no pod', 'b'], true],
    ['a pod without ports went', [['node', node('n1')], ['pod', pod('a', listens(80)), 'n1'], ['pod', pod('b'), 'n1']], pod('w', listens(80)), ['no pod', 'b'], false],
    ['enough went', [['node', node('n1')], ['pod', pod('a', asks('2')), 'n1']], pod('w', asks('1')), ['no pod', 'a'], true],
    ['too little went', [['node', node('n1')], ['pod', pod('a', asks('1500m')), 'n1'], ['pod', pod('b', asks('500m')), 'n1']], pod('w', asks('1')), ['no pod', 'b'], false],
    ['something else went', [['node', node('n1')], ['pod', pod('a', asks('2')), 'n1'], ['pod', pod('b', asks('0', '1Gi')), 'n1']], pod('w', asks('1')), ['no pod', 'b'], false],
    ['a place for a pod went', [['node', node('n1', { pods: '1' })], ['pod', pod('a'), 'n1']], pod('w'), ['no pod', 'a'], true],
    ['a pod was made smaller', [['node', node('n1')], ['pod', pod('a', asks('2')), 'n1']], pod('w', asks('1')), ['pod', pod('a', asks('1')), 'n1'], true],
    ['the node grew', [['node', node('n1')]], pod('w', asks('3')), ['node', node('n1', { cpu: '4' })], true],
    ['the node grew too little', [['node', node('n1')]], pod('w', asks('3')), ['node', node('n1', { cpu: '2500m' })], false],
    ['a node came', [['node', node('n1')]], pod('w', asks('3')), ['node', node('n2', { cpu: '4' })], true],
    ['a small node came', [['node', node('n1')]], pod('w', asks('3')), ['node', node('n2')], false],
    ['the first node came', [], pod('w'), ['node', node('n1')], true],
    ['a node got the label', [['node', node('n1')]], pod('w', { nodeSelector: { disk: 'fast' } }), ['node', node('n1', { labels: { disk: 'fast' } })], true],
    ['a node got another label', [['node', node('n1')]], pod('w', { nodeSelector: { disk: 'fast' } }), ['node', node('n1', { labels: { disk: 'slow' } })], false],
    ['the taint went', [['node', node('n1', { taints: [{ key: 'a', effect: 'NoSchedule' }] })]], pod('w'), ['node', node('n1')], true],
    ['one of two taints went', [['node', node('n1', { taints: [{ key: 'a', effect: 'NoSchedule' }, { key: 'b', effect: 'NoExecute' }] })]], pod('w'), ['node', node('n1', { taints: [{ key: 'b', effect: 'NoExecute' }] })], false],
    ['the node is uncordoned', [['node', node('n1', { unschedulable: true })]], pod('w'), ['node', node('n1')], true],
    ['whom it wants beside it came', [['node', node('n1')]], pod('w', beside('db')), ['pod', pod('a', {}, app('db')), 'n1'], true],
    ['somebody else came', [['node', node('n1')]], pod('w', beside('db')), ['pod', pod('a', {}, app('web')), 'n1'], false],
    ['somebody became whom it wants', [['node', node('n1')], ['pod', pod('a', {}, app('web')), 'n1']], pod('w', beside('db')), ['pod', pod('a', {}, app('db')), 'n1'], true],
    ['whom it does not want went', [['node', node('n1')], ['pod', pod('a', {}, app('db')), 'n1']], pod('w', apart('db')), ['no pod', 'a'], true],
    ['somebody else went', [['node', node('n1')], ['pod', pod('a', {}, app('db')), 'n1'], ['pod', pod('b'), 'n1']], pod('w', apart('db')), ['no pod', 'b'], false],
    ['who does not want it went', [['node', node('n1')], ['pod', pod('a', apart('web')), 'n1']], pod('w', {}, app('web')), ['no pod', 'a'], true],
    ['one more of those it does not want came', [['node', node('n1')], ['pod', pod('a', {}, app('db')), 'n1']], pod('w', apart('db')), ['pod', pod('b', {}, app('db')), 'n1'], false],
    ['of those to be spread one went where they are many', [['node', node('n1')], ['node', node('n2', { unschedulable: true })], ['pod', pod('a', {}, app('web')), 'n1']], pod('w', spread('web'), app('web')), ['no pod', 'a'], true],
    ['of others one went', [['node', node('n1')], ['node', node('n2', { unschedulable: true })], ['pod', pod('a', {}, app('web')), 'n1'], ['pod', pod('b'), 'n1']], pod('w', spread('web'), app('web')), ['no pod', 'b'], false],
    ['the empty domain went', [['node', node('n1')], ['node', node('n2', { unschedulable: true })], ['pod', pod('a', {}, app('web')), 'n1']], pod('w', spread('web'), app('web')), ['no node', 'n2'], true],
  ])('%s', (_, given, waiting, change, helps) => {
    const state = new ClusterState()
    for (const one of given) apply(state, one)
    const refused = schedule(podInfo(waiting), state, { tieBreak: 0, start: 0 })
    if (refused.kind !== 'unschedulable') throw new Error('it was to wait')
    expect(hintOf(apply(state, change), state)({ pod: podInfo(waiting), refusedBy: refused.refusedBy })).toBe(helps)
  })

  test('a refusal speaks for those that ask the same of every node, unless others have to do with it', () => {
    const info = podInfo(pod('w', asks('1')))
    expect(refusedClass({ pod: info, refusedBy: ['NodeResourcesFit', 'NodePorts'] })).toBe(podInfo(pod('x', asks('1'))).classKey)
    expect(refusedClass({ pod: info, refusedBy: ['NodeResourcesFit', 'InterPodAffinity'] })).toBeUndefined()
    expect(refusedClass({ pod: info, refusedBy: [] })).toBeUndefined()
  })
})
