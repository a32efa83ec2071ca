import { expect, test } from 'vitest'
import type { Node, Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { admitPlace } from './admit-place.ts'

const pod = (spec: Partial<PodSpec>, status: Pod['status'] = {}): Pod => ({ metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { containers: [], ...spec }, status })
const node: Node = { metadata: { name: 'n1', labels: { disk: 'fast', zone: '7' } }, spec: { taints: [{ key: 'gone', effect: 'NoExecute' }, { key: 'new', effect: 'NoSchedule' }] } }
const tolerant: Partial<PodSpec> = { tolerations: [{ key: 'gone', operator: 'Exists' }] }
const listens = (hostPort: number, hostIP?: string): Partial<PodSpec> => ({ ...tolerant, containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort, ...(hostIP === undefined ? {} : { hostIP }) }] }] })
const affinity = (operator: string, values: readonly string[]): Partial<PodSpec> => ({ ...tolerant, affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator, values }] }] } } } })

const NO_MATCH = { reason: 'NodeAffinity', message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector" }
const NO_PORT = { reason: 'NodePorts', message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports" }

test.each<readonly [string, Partial<PodSpec>, object | undefined]>([
  ['nothing asked', tolerant, undefined],
  ['a label it has', { ...tolerant, nodeSelector: { disk: 'fast' } }, undefined],
  ['a label it has not', { ...tolerant, nodeSelector: { disk: 'slow' } }, NO_MATCH],
  ['affinity that holds', affinity('Gt', ['6']), undefined],
  ['affinity that does not', affinity('NotIn', ['7']), NO_MATCH],
  ['a free port', listens(81), undefined],
  ['a port that is taken', listens(80), NO_PORT],
  ['a port taken of another address', listens(90, '192.0.2.2'), undefined],
  ['a port taken of this address', listens(90, '192.0.2.1'), NO_PORT],
  ['a taint not tolerated', {}, { reason: 'TaintToleration', message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate" }],
  ['another system', { ...tolerant, os: { name: 'windows' } }, { reason: 'PodOSNotSupported', message: "Failed to admit pod as the OS field doesn't match node OS" }],
])('%s', (_, spec, verdict) => {
  const others = [pod(listens(80)), pod(listens(90, '192.0.2.1'))]
  expect(admitPlace(pod(spec), others, node)).toEqual(verdict)
})

test('what the scheduler placed was looked at; of a node that is not known yet nothing is held against a pod', () => {
  expect(admitPlace(pod({ nodeSelector: { disk: 'slow' } }, { conditions: [{ type: 'PodScheduled', status: 'True' }] }), [], node)).toBeUndefined()
  expect(admitPlace(pod({ nodeSelector: { disk: 'slow' } }), [], undefined)).toBeUndefined()
})

test('static pods are on their node whatever its taints', () => {
  expect(admitPlace({ ...pod({}), metadata: { name: 'p', uid: 'h', annotations: { 'kubernetes.io/config.source': 'file', 'kubernetes.io/config.hash': 'h' } } }, [], node)).toBeUndefined()
})
