import { expect, test } from 'vitest'
import type { Pod, PodStatus, ResourceRequirements } from '../../../shared/model/gen/api.ts'
import { podGraceSeconds, prepareChangedPod, prepareNewPod } from './pod.ts'
import { qosClass } from './qos.ts'

const context = { nowMs: 0, subresource: '', userName: 'someone' }
const pod = (part: Partial<Pod> = {}): Pod => ({ metadata: { name: 'p' }, spec: { containers: [{ name: 'a', image: 'i' }] }, ...part })
const asking = (...resources: readonly ResourceRequirements[]): Pod => pod({ spec: { containers: resources.map((one, index) => ({ name: `c${index}`, resources: one })) } })

test('the class of service follows from what is asked', () => {
  expect(qosClass(asking({}))).toBe('BestEffort')
  expect(qosClass(asking({ requests: { cpu: '0' } }))).toBe('BestEffort')
  expect(qosClass(asking({ limits: { cpu: '1' }, requests: { cpu: '1' } }))).toBe('Burstable')
  const whole = { cpu: '1', memory: '1Gi' }
  expect(qosClass(asking({ limits: whole, requests: whole }))).toBe('Guaranteed')
  expect(qosClass(asking({ limits: whole, requests: whole }, {}))).toBe('Burstable')
})

test('a new pod waits, whatever status it came with', () => {
  expect(prepareNewPod(pod({ status: { phase: 'Running' } }), context).status).toEqual({ phase: 'Pending', qosClass: 'BestEffort' })
})

test('label keys become part of the selectors beside them', () => {
  const spread = { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {}, matchLabelKeys: ['hash', 'absent'] }
  const made = prepareNewPod(pod({ metadata: { name: 'p', labels: { hash: 'h' } }, spec: { containers: [], topologySpreadConstraints: [spread] } }), context)
  expect(made.spec?.topologySpreadConstraints?.[0]?.labelSelector).toEqual({ matchExpressions: [{ key: 'hash', operator: 'In', values: ['h'] }] })
})

test('each subresource lets through its own part', () => {
  const old = pod({ status: { phase: 'Pending', qosClass: 'BestEffort' } })
  const wanted = pod({ spec: { containers: [{ name: 'a', image: 'other', resources: { requests: { cpu: '1' } } }] }, status: { phase: 'Running' } })
  expect(prepareChangedPod(wanted, old, context).status).toEqual(old.status)
  expect(prepareChangedPod(wanted, old, { ...context, subresource: 'status' })).toEqual({ ...old, status: { phase: 'Running', qosClass: 'BestEffort' } })
  expect(prepareChangedPod(wanted, old, { ...context, subresource: 'resize' }).spec?.containers).toEqual([{ name: 'a', image: 'i', resources: { requests: { cpu: '1' } } }])
  expect(prepareChangedPod(wanted, old, { ...context, subresource: 'ephemeralcontainers' }).spec).toEqual(old.spec)
})

test('of a status what is not switched on is dropped', () => {
  const claims: PodStatus = { nodeAllocatableResourceClaimStatuses: [{ resourceClaimName: 'c', resources: {} }] }
  expect(prepareChangedPod(pod({ status: { phase: 'Running', ...claims } }), pod({ status: { phase: 'Pending', qosClass: 'BestEffort' } }), { ...context, subresource: 'status' }).status).toEqual({ phase: 'Running', qosClass: 'BestEffort' })
})

test('grace is given only to what may be running', () => {
  const bound = pod({ spec: { containers: [], nodeName: 'n', terminationGracePeriodSeconds: 30 } })
  expect(podGraceSeconds(bound, undefined)).toBe(30)
  expect(podGraceSeconds(bound, 5)).toBe(5)
  expect(podGraceSeconds(bound, -1)).toBe(1)
  expect(podGraceSeconds(pod(), 5)).toBe(0)
  expect(podGraceSeconds({ ...bound, status: { phase: 'Failed' } }, 5)).toBe(0)
})
