import { expect, test } from 'vitest'
import type { Clock } from '../../shared/kit/clock.ts'
import type { JsonObject } from '../../shared/model/json.ts'
import { noCache } from '../apiserver/core/no-cache.ts'
import type { Shows } from '../apiserver/core/shown.ts'
import { itemOf } from '../apiserver/core/stored.ts'
import type { CachedObject } from '../storage/watch-cache-port.ts'
import { KEPT_MS, webhookViews } from './webhook-store.ts'

const never = new AbortController().signal

interface Asked {
  readonly objects: readonly JsonObject[]
  readonly answer: PromiseWithResolvers<readonly JsonObject[]>
}

/** What shows v2 of what is stored as v1, by a webhook that answers when it is told to. */
function setup(): { readonly show: Shows; readonly asked: readonly Asked[]; readonly answer: (asked: Asked | undefined) => void; readonly pass: (ms: number) => void } {
  let nowMs = 0
  const clock: Clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => {} }
  const asked: Asked[] = []
  const convert = (objects: readonly JsonObject[]): Promise<readonly JsonObject[]> => {
    const one = { objects, answer: Promise.withResolvers<readonly JsonObject[]>() }
    asked.push(one)
    return one.answer.promise
  }
  const { show } = webhookViews({ apiVersion: 'g/v2', storedAs: 'g/v1', kind: 'K', cache: noCache, clock, ended: never, read: (object) => object, convert })
  if (!show) throw new Error('nobody shows anything')
  return { show, asked, answer: (one) => one?.answer.resolve(one.objects.map((object) => ({ ...object, apiVersion: 'g/v2' }))), pass: (ms) => (nowMs += ms) }
}

const item = (name: string, more: JsonObject = {}): CachedObject => itemOf(`/${name}`, 1, { kind: 'K', apiVersion: 'g/v1', metadata: { name }, ...more })
const items = (count: number, more: JsonObject = {}): readonly CachedObject[] => Array.from({ length: count }, (_, index) => item(`n${index}`, more))
const versions = (all: readonly CachedObject[]): ReadonlySet<unknown> => new Set(all.map(({ object }) => object['apiVersion']))

/** Answers each review as it comes, until the list is there; how many objects each of them held. */
async function sizesOf(all: readonly CachedObject[]): Promise<readonly number[]> {
  const { show, asked, answer } = setup()
  let isDone = false
  const listed = show.all(all, never).finally(() => (isDone = true))
  for (let next = 0; !isDone; await Promise.resolve()) if (next < asked.length) answer(asked[next++])
  expect((await listed).map(({ key }) => key)).toEqual(all.map(({ key }) => key))
  expect(versions(await listed)).toEqual(new Set(['g/v2']))
  return asked.map(({ objects }) => objects.length)
}

test('a long list is converted in reviews of a size that a webhook can answer', async () => {
  expect(await sizesOf(items(250))).toEqual([100, 100, 50])
  expect(await sizesOf(items(5, { spec: 'x'.repeat(500_000) }))).toEqual([2, 2, 1])
  expect(await sizesOf(items(2, { spec: 'x'.repeat(2_000_000) }))).toEqual([1, 1])
})

test('all who look at the same at the same time ask once; who leaves takes nothing from the others', async () => {
  const { show, asked, answer } = setup()
  const [one, other] = [item('a'), item('b')]
  const leaves = new AbortController()
  const left = expect(show.all([one], leaves.signal)).rejects.toThrow('nobody waits')
  const watchers = [show.all([one], never), show.all([one], never), show.all([one, other], never)]
  leaves.abort()
  await left
  for (const each of asked) answer(each)
  expect((await Promise.all(watchers)).map(versions)).toEqual([new Set(['g/v2']), new Set(['g/v2']), new Set(['g/v2'])])
  expect(asked.map(({ objects }) => objects.length)).toEqual([1, 1])
})

test('an answer is kept for a moment; what failed, and what a single read asks, is not', async () => {
  const { show, asked, answer, pass } = setup()
  const one = item('a')
  const failed = expect(show.all([one], never)).rejects.toThrow('broken')
  asked[0]?.answer.reject(new Error('broken'))
  await failed
  const listed = show.all([one], never)
  answer(asked[1])
  await listed
  pass(KEPT_MS - 1)
  await show.all([one], never)
  expect(asked).toHaveLength(2)
  pass(1)
  const again = show.all([one], never)
  answer(asked[2])
  await again
  const read = show.one(one, never)
  answer(asked[3])
  await read
  expect(asked).toHaveLength(4)
})

test('what is stored in the version is shown as it is', async () => {
  const { show, asked } = setup()
  const own = itemOf('/a', 1, { kind: 'K', apiVersion: 'g/v2', metadata: { name: 'a' } })
  expect((await show.all([own], never))[0]?.object).toEqual(own.object)
  expect((await show.one(own, never)).object).toEqual(own.object)
  expect(asked).toEqual([])
})
