import { expect, test } from 'vitest'
import type { MetricSpec, Pod } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { proposalFor, type Proposal, type Seen } from './proposal.ts'

const NOW = 1_770_000_000_000
const utilization = (percent: number): MetricSpec => ({ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: percent } } })
const average = (name: string, value: string): MetricSpec => ({ type: 'Resource', resource: { name, target: { type: 'AverageValue', averageValue: value } } })

interface Given {
  /** Thousandths of a processor; absent: nothing was measured. */
  readonly cpu?: number
  readonly request?: string | undefined
  readonly phase?: string
  readonly ready?: boolean
  /** Ago. */
  readonly startedMs?: number
  readonly changedMs?: number
}

function seen(pods: readonly Given[]): Seen {
  const made = pods.map(({ request = '100m', phase = 'Running', ready = true, startedMs = 3_600_000, changedMs = 3_500_000 }, index): Pod => ({
    metadata: { name: `p${index}`, namespace: 'ns', uid: `u${index}` },
    spec: { containers: [{ name: 'c', resources: request === '' ? {} : { requests: { cpu: request } } }] },
    status: { phase, startTime: formatTime(NOW - startedMs), conditions: [{ type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: formatTime(NOW - changedMs) }] },
  }))
  const usage = new Map(pods.flatMap(({ cpu }, index) => (cpu === undefined ? [] : [[`u${index}`, { uid: `u${index}`, atMs: NOW, windowMs: 15_000, containers: [{ name: 'c', cpuNanoCores: cpu * 1e6, memoryBytes: cpu * 1000 }] }] as const])))
  return { replicas: pods.length, pods: made, usage, nowMs: NOW, tolerance: { up: 0.1, down: 0.1 } }
}
const replicasOf = (proposal: Proposal): number | string => (proposal.kind === 'replicas' ? proposal.replicas : proposal.message)

test.each([
  ['twice the target: twice as many', [{ cpu: 100 }, { cpu: 100 }], 4],
  ['half the target: half as many', [{ cpu: 25 }, { cpu: 25 }], 1],
  ['within a tenth nothing is done', [{ cpu: 54 }, { cpu: 46 }], 2],
  ['what is missing is taken for idle when more are wanted', [{ cpu: 100 }, {}], 2],
  ['what is missing is taken for busy when fewer are wanted', [{ cpu: 10 }, { cpu: 10 }, { cpu: 10 }, {}], 3],
  ['a pod that is not ready yet does not count', [{ cpu: 100 }, { cpu: 1000, ready: false, startedMs: 10_000, changedMs: 10_000 }], 2],
  ['one that was ready and is not does', [{ cpu: 100 }, { cpu: 100, ready: false }], 4],
  ['one that was ready for less than the window does not', [{ cpu: 25 }, { cpu: 1000, startedMs: 20_000, changedMs: 5000 }], 1],
  ['pending ones are idle when more are wanted', [{ cpu: 200 }, { phase: 'Pending' }], 4],
] satisfies ReadonlyArray<readonly [string, readonly Given[], number]>)('%s', (_, pods, replicas) => {
  expect(replicasOf(proposalFor(utilization(50), seen(pods)))).toBe(replicas)
})

test('what cannot be told is told so', () => {
  expect(replicasOf(proposalFor(utilization(50), seen([{}])))).toBe('failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API')
  expect(replicasOf(proposalFor(utilization(50), seen([{ cpu: 1, ready: false, startedMs: 1000, changedMs: 1000 }])))).toBe('failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)')
  expect(replicasOf(proposalFor(utilization(50), seen([{ cpu: 1, request: '' }])))).toBe('failed to get cpu utilization: missing request for cpu in container c of Pod p0')
  expect(replicasOf(proposalFor(utilization(50), seen([{ cpu: 500, request: '0' }])))).toBe('failed to get cpu utilization: no metrics returned matched known pods')
})

test('what a pod asked for as a whole counts before what its containers asked for', () => {
  const { pods, ...rest } = seen([{ cpu: 100, request: '' }])
  const asking = (requests: Readonly<Record<string, string>>) => pods.map((pod): Pod => ({ ...pod, spec: { ...pod.spec, containers: pod.spec?.containers ?? [], resources: { requests } } }))
  expect(replicasOf(proposalFor(utilization(50), { ...rest, pods: asking({ cpu: '50m' }) }))).toBe(4)
  expect(replicasOf(proposalFor(utilization(50), { ...rest, pods: asking({ memory: '1' }) }))).toBe('failed to get cpu utilization: missing pod-level request for cpu in Pod p0')
})

test('averages of processors and memory, and those of one container', () => {
  expect(proposalFor(average('cpu', '50m'), seen([{ cpu: 100 }, { cpu: 50 }]))).toEqual({ kind: 'replicas', replicas: 3, metric: 'cpu resource', status: { type: 'Resource', resource: { name: 'cpu', current: { averageValue: '75m' } } } })
  expect(proposalFor(average('memory', '50k'), seen([{ cpu: 200 }]))).toMatchObject({ replicas: 4, status: { resource: { current: { averageValue: '200k' } } } })
  const ofOne: MetricSpec = { type: 'ContainerResource', containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 50 } } }
  expect(proposalFor(ofOne, seen([{ cpu: 100 }]))).toMatchObject({ replicas: 2, metric: 'cpu container resource utilization (percentage of request)', status: { containerResource: { container: 'c', current: { averageUtilization: 100, averageValue: '100m' } } } })
  expect(proposalFor({ ...ofOne, containerResource: { name: 'cpu', container: 'c', target: { type: 'AverageValue', averageValue: '50m' } } }, seen([{ cpu: 100 }]))).toMatchObject({ replicas: 2, metric: 'cpu resource' })
  expect(proposalFor({ ...ofOne, containerResource: { name: 'cpu', container: 'other', target: { type: 'Utilization', averageUtilization: 50 } } }, seen([{}, { cpu: 100 }]))).toEqual({ kind: 'unknown', message: 'failed to get cpu utilization: unable to get metrics for resource cpu: failed to get container metrics: container other not present in metrics for pod ns/p1' })
})
