import { expect, test } from 'vitest'
import type { Container, Pod } from '../../shared/model/gen/api.ts'
import { checkMemoryQos, containerProtection, DEFAULT_MEMORY_QOS, podProtection, type MemoryQos } from './memory-qos.ts'
import { podLimits } from './pod-limits.ts'

const MI = 2 ** 20
const both: MemoryQos = { memoryThrottlingFactor: 0.9, memoryReservationPolicy: 'TieredReservation', allocatableBytes: 1000 * MI }
const container = (request?: string, limit?: string): Container => ({ name: 'c', resources: { ...(request !== undefined && { requests: { memory: request } }), ...(limit !== undefined && { limits: { memory: limit } }) } })
const pod = (qosClass: string, ...containers: readonly Container[]): Pod => ({ metadata: { name: 'p' }, spec: { containers }, status: { qosClass } })

test.each<readonly [string, string, Container, object]>([
  ['what is kept for it, and no slowing on the way to its own', 'Guaranteed', container('512Mi', '512Mi'), { memoryMinBytes: 512 * MI }],
  ['what is taken from it last, and slowing nine tenths of the way to its limit', 'Burstable', container('100Mi', '200Mi'), { memoryLowBytes: 100 * MI, memoryHighBytes: 190 * MI }],
  ['without a limit, all that the node gives stands for it', 'Burstable', container('100Mi'), { memoryLowBytes: 100 * MI, memoryHighBytes: 910 * MI }],
  ['whole pages', 'Burstable', container('0', '100001'), { memoryHighBytes: 21 * 4096 }],
  ['a container of a Burstable pod that may use what it asked for', 'Burstable', container('64Mi', '64Mi'), { memoryLowBytes: 64 * MI }],
  ['one that asked for nothing', 'BestEffort', container(), { memoryHighBytes: 900 * MI }],
])('a container: %s', (_, qosClass, one, expected) => {
  expect(containerProtection(pod(qosClass, one), one, both)).toEqual(expected)
})

test('each setting acts by itself, and by default neither does', () => {
  const one = container('100Mi', '200Mi')
  const of = (settings: Partial<MemoryQos>): object => containerProtection(pod('Burstable', one), one, { ...both, ...settings })
  expect([of({ memoryThrottlingFactor: null }), of({ memoryReservationPolicy: 'None' }), of(DEFAULT_MEMORY_QOS)]).toEqual([{ memoryLowBytes: 100 * MI }, { memoryHighBytes: 190 * MI }, {}])
  expect(podProtection(pod('Burstable', one), { ...both, ...DEFAULT_MEMORY_QOS })).toEqual({})
})

test('a limit of the pod as a whole stands for that of a container without one', () => {
  const whole: Pod = { ...pod('Burstable', container('100Mi')), spec: { containers: [container('100Mi')], resources: { requests: { memory: '150Mi' }, limits: { memory: '200Mi' } } } }
  expect(containerProtection(whole, container('100Mi'), both)).toEqual({ memoryLowBytes: 100 * MI, memoryHighBytes: 190 * MI })
  expect(podProtection(whole, both)).toEqual({ memoryLowBytes: 150 * MI })
})

test('a pod: what its containers ask for together, and never slowed', () => {
  expect(podProtection(pod('Guaranteed', container('64Mi', '64Mi'), container('32Mi', '32Mi')), both)).toEqual({ memoryMinBytes: 96 * MI })
  expect(podProtection(pod('Burstable', container('64Mi', '128Mi'), container()), both)).toEqual({ memoryLowBytes: 64 * MI })
  expect(podLimits(pod('Burstable', container('64Mi', '128Mi')), { memoryQos: both })).toMatchObject({ memoryBytes: 128 * MI, memoryLowBytes: 64 * MI })
})

test('a pod’s huge pages: of each size of the host what its containers may use together, none unless they say so', () => {
  const huge = (amount: string): Container => ({ name: 'c', resources: { limits: { 'hugepages-2Mi': amount, memory: '1Mi' } } })
  expect(podLimits(pod('Burstable', huge('4Mi'), huge('8Mi'), container()), { hugePageSizes: [2 * MI, 2 ** 30] }).hugePageBytes).toEqual({ [2 * MI]: 12 * MI, [2 ** 30]: 0 })
  expect(podLimits(pod('Burstable', huge('4Mi'))).hugePageBytes).toBeUndefined()
})

test.each<readonly [object, string]>([
  [{ memoryThrottlingFactor: 0 }, 'memoryThrottlingFactor: 0 must be above 0 and at most 1'],
  [{ memoryThrottlingFactor: 1.5 }, 'memoryThrottlingFactor: 1.5 must be'],
  [{ memoryThrottlingFactor: '0.9' }, 'memoryThrottlingFactor: "0.9" must be'],
  [{ memoryReservationPolicy: 'Tiered' }, 'memoryReservationPolicy: "Tiered": there are None, TieredReservation'],
])('%j is refused', (given, message) => {
  expect(() => checkMemoryQos({ ...DEFAULT_MEMORY_QOS, ...given })).toThrow(message)
})
