import { expect, test } from 'vitest'
import type { Pod, Service } from '../../../shared/model/gen/api.ts'
import { TriggerTimes } from './trigger-time.ts'

const at = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, '0')}Z`
const service = (madeAt: number): Service => ({ metadata: { namespace: 'ns', name: 'web', creationTimestamp: at(madeAt) } })
const pod = (name: string, turnedAt?: number): Pod => ({ metadata: { namespace: 'ns', name }, ...(turnedAt !== undefined && { status: { conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: at(turnedAt) }] } }) })

test('the first look at a service: when it was made', () => {
  expect(new TriggerTimes().look(service(1), [pod('a', 9)])).toBe(at(1))
})

test('then the earliest pod that turned since the last look, and none if none did', () => {
  const times = new TriggerTimes()
  times.look(service(1), [pod('a', 2)])
  expect(times.look(service(1), [pod('a', 2), pod('b')])).toBe(undefined)
  expect(times.look(service(1), [pod('a', 8), pod('b', 6), pod('c', 7)])).toBe(at(6))
  expect(times.look(service(1), [pod('a', 8), pod('b', 6), pod('c', 7)])).toBe(undefined)
  expect(times.look(service(1), [pod('b', 6)])).toBe(undefined)
})

test('a service made again under its name: when that one was made, whether its end was seen or not', () => {
  const times = new TriggerTimes()
  times.look(service(1), [])
  expect(times.look(service(5), [pod('a', 9)])).toBe(at(5))
  times.forget('ns/web')
  expect(times.look(service(5), [])).toBe(at(5))
})
