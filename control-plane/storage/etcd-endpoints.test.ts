import { expect, test } from 'vitest'
import type { Clock } from '../../shared/kit/clock.ts'
import { Endpoints } from './etcd-endpoints.ts'

const FAILED = new Error('no answer')
const fails = (): never => {
  throw FAILED
}
const always = (): boolean => true

function three() {
  let nowMs = 0
  const clock = { monotonicMs: () => nowMs } as Clock
  const endpoints = new Endpoints(3, clock)
  return { endpoints, pass: (ms: number) => (nowMs += ms), next: () => [0, 1, 2].find((index) => endpoints.isNext(index)), fail: (index: number) => endpoints.run(index, fails, always).catch(() => {}) }
}

test('the first that works is taken; one that failed rests ever longer and is then tried by one call', async () => {
  const { endpoints, pass, next, fail } = three()
  expect(next()).toBe(0)
  await fail(0)
  expect(next()).toBe(1)
  await fail(1)
  expect(next()).toBe(2)
  pass(500)
  expect(next()).toBe(0)
  const trial = Promise.withResolvers<string>()
  const trying = endpoints.run(0, () => trial.promise, always)
  // While it is tried the others go on elsewhere.
  expect(next()).toBe(1)
  trial.reject(FAILED)
  await expect(trying).rejects.toBe(FAILED)
  await fail(1)
  pass(500)
  expect(next()).toBe(2)
  pass(500)
  expect(next()).toBe(0)
  await endpoints.run(0, () => 'an answer', always)
  expect(next()).toBe(0)
})

test('while none works each is tried often, by one call at a time, and a refusal is an answer', async () => {
  const { endpoints, pass, next, fail } = three()
  for (let round = 0; round < 20; round++) for (const index of [0, 1, 2]) await fail(index)
  expect(next()).toBe(undefined)
  pass(200)
  expect(next()).toBe(0)
  await endpoints.run(0, fails, () => false).catch(() => {})
  expect(next()).toBe(0)
})

test('one that keeps a call waiting is passed over until it answers, as long as another does not', async () => {
  let nowMs = 0
  const endpoints = new Endpoints(2, { monotonicMs: () => nowMs } as Clock, 200)
  const next = (): number | undefined => [0, 1].find((index) => endpoints.isNext(index))
  const slow = Promise.withResolvers<string>()
  const waiting = endpoints.run(0, () => slow.promise, always)
  expect(next()).toBe(0)
  nowMs = 200
  expect(next()).toBe(1)
  const other = Promise.withResolvers<string>()
  const alsoWaiting = endpoints.run(1, () => other.promise, always)
  nowMs = 400
  expect(next()).toBe(0)
  other.resolve('an answer')
  await alsoWaiting
  expect(next()).toBe(1)
  slow.resolve('an answer')
  await waiting
  expect(next()).toBe(0)
})

test('a call that another, begun later, has overtaken says nothing of its endpoint, neither while it waits nor when it is given up', async () => {
  let nowMs = 0
  const endpoints = new Endpoints(2, { monotonicMs: () => nowMs } as Clock, 200)
  const next = (): number | undefined => [0, 1].find((index) => endpoints.isNext(index))
  const lost = Promise.withResolvers<string>()
  const waiting = endpoints.run(0, () => lost.promise, always)
  nowMs = 100
  const later = Promise.withResolvers<string>()
  const overtaking = endpoints.run(0, () => later.promise, always)
  nowMs = 250
  expect(next()).toBe(1)
  later.resolve('an answer')
  await overtaking
  expect(next()).toBe(0)
  lost.reject(FAILED)
  await expect(waiting).rejects.toBe(FAILED)
  expect(next()).toBe(0)
})
