import { expect, test } from 'vitest'
import { withLock, withLocks } from './lock.ts'

const NAME = `gantry-lock-test-${process.pid}`

test('work under one lock is never done at the same time, whether it fails or not', async () => {
  let inside = 0
  const seen: number[] = []
  const work = async (): Promise<void> => {
    seen.push(++inside)
    await new Promise((resolve) => setTimeout(resolve, 5))
    inside--
    if (seen.length === 2) throw new Error('fails')
  }
  const ended = await Promise.allSettled(Array.from({ length: 4 }, () => withLock(NAME, work)))
  expect(seen).toEqual([1, 1, 1, 1])
  expect(ended.filter(({ status }) => status === 'rejected')).toHaveLength(1)
})

test('who waits too long is told', async () => {
  await withLock(NAME, async () => {
    await expect(withLock(NAME, () => Promise.resolve(), 30)).rejects.toThrow(/another command has held/)
  })
})

test('several locks are held together, and none is left when the work is over', async () => {
  const names = ['a', 'b'].map((name) => `${NAME}-${name}`)
  await withLocks(names, async () => {
    for (const name of names) await expect(withLock(name, () => Promise.resolve(), 0)).rejects.toThrow(/another command has held/)
  })
  for (const name of names) expect(await withLock(name, () => Promise.resolve('free'), 0)).toBe('free')
})
