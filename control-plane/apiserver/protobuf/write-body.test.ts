import { expect, test } from 'vitest'
import type { JsonObject } from '../../../shared/model/json.ts'
import { eventFrames, itemPieces } from './write-body.ts'

const of = { apiVersion: 'v1', kind: 'ConfigMap' }
const configMap = (name: string, more = ''): JsonObject => ({ metadata: { name }, data: { more } })

/** What it comes to, and in how many steps. */
function through<T>(steps: Generator<void, T>): { readonly value: T; readonly count: number } {
  for (let count = 0; ; count++) {
    const step = steps.next()
    if (step.done) return { value: step.value, count }
  }
}

test('the loop can be left to others after each object of a list and of a watch', () => {
  const objects = [...Array(50).keys()].map((index) => configMap(`c${index}`))
  expect(through(itemPieces(objects, of)).count).toBe(50)
  expect(through(eventFrames(objects.map((object) => ({ type: 'ADDED', object, of })))).count).toBe(50)
})

test('what was written before is written again byte for byte, in pieces as well', () => {
  const objects = [...Array(50).keys()].map((index) => configMap(`c${index}`, 'ä'.repeat(30_000)))
  const all = (): Buffer => Buffer.concat(through(itemPieces(objects, of)).value)
  const events = objects.map((object) => ({ type: 'MODIFIED', object, of }))
  const first = all()
  expect(through(itemPieces(objects, of)).value.length).toBeGreaterThan(2)
  expect(all().equals(first)).toBe(true)
  // Each of its own, and in their order.
  const alone = events.map((event) => through(eventFrames([{ ...event, object: { ...event.object } }])).value)
  expect(Buffer.compare(through(eventFrames(events)).value, Buffer.concat(alone))).toBe(0)
})

test('the metadata of an object alone is another message than the object', () => {
  const object = configMap('c', 'more')
  const partial = { apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata' }
  const [whole, part] = [through(itemPieces([object], of)), through(itemPieces([object], partial))].map(({ value }) => Buffer.concat(value))
  expect(whole?.includes('more')).toBe(true)
  expect(part?.includes('more')).toBe(false)
})
