import { expect, test } from 'vitest'
import { allDone } from './all-done.ts'

test('all values, in their order', async () => {
  expect(await allDone([Promise.resolve(1), Promise.resolve('two')])).toEqual([1, 'two'])
})

test('a failure is thrown when the others have ended, too; the first of several', async () => {
  let release = (): void => {}
  let hasEnded = false
  const slow = new Promise<void>((resolve) => (release = resolve)).then(() => void (hasEnded = true))
  const failing = Promise.reject(new Error('no'))
  const all = allDone([slow, failing, Promise.reject(new Error('later'))])
  all.catch(() => {})
  await failing.catch(() => {})
  expect(hasEnded).toBe(false)
  release()
  await expect(all).rejects.toThrow('no')
  expect(hasEnded).toBe(true)
})
