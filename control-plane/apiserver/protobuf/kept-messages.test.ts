import { expect, test } from 'vitest'
import { KeptMessages } from './kept-messages.ts'
import { messageOf } from './message.ts'

const [whole, part] = [messageOf('Whole', []), messageOf('Part', [])]
const bytes = (length: number): Uint8Array => new Uint8Array(length)

test('what was kept is found again, by the object and by the message that it was written as', () => {
  const kept = new KeptMessages()
  const object = { a: 1 }
  const said = bytes(5)
  kept.keep(object, whole, said)
  expect(kept.find(object, whole)).toBe(said)
  expect(kept.find(object, part)).toBeUndefined()
  expect(kept.find({ a: 1 }, whole)).toBeUndefined()
})

test('no more is kept than may be, and what is used stays the longest', () => {
  const kept = new KeptMessages(100)
  const objects = [...Array(20).keys()].map((index) => ({ index }))
  const [used] = objects as [object: { index: number }]
  for (const object of objects) {
    kept.keep(object, whole, bytes(10))
    expect(kept.find(used, whole)).toBeDefined()
  }
  const found = objects.filter((object) => kept.find(object, whole))
  expect(found.length * 10).toBeLessThanOrEqual(100)
  expect(found).toContain(objects.at(-1))
  expect(found).not.toContain(objects[1])
})
