import { expect, test } from 'vitest'
import { collectGarbage } from '../../test/held-memory.ts'
import { channel } from './channel.ts'

test('what has been taken is let go, though more waits behind it', async () => {
  const queue = channel<object>()
  const reading = queue[Symbol.asyncIterator]()
  const refs = [...Array(3).keys()].map((index) => {
    const item = { index }
    queue.push(item)
    return new WeakRef(item)
  })
  await (async () => void (await reading.next()))()
  await (async () => void (await reading.next()))()
  for (let tries = 0; tries < 100 && refs[0]?.deref() !== undefined; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    collectGarbage()
  }
  expect(refs[0]?.deref()).toBe(undefined)
  expect(queue.size).toBe(1)
  expect((await reading.next()).value).toEqual({ index: 2 })
})

test('items come in order, whether they waited or were waited for, and then the end', async () => {
  const queue = channel<number>(3)
  const seen: number[] = []
  const reading = (async () => {
    for await (const item of queue) seen.push(item)
  })()
  for (let round = 0; round < 5; round++) {
    expect([queue.push(round * 10), queue.push(round * 10 + 1)]).toEqual([true, true])
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  queue.close()
  await reading
  expect(seen).toEqual([0, 1, 10, 11, 20, 21, 30, 31, 40, 41])
  expect(queue.push(1)).toBe(false)
})
