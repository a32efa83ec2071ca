import { expect, test } from 'vitest'
import { withLock } from './lock.ts'

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
