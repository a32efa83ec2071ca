import { expect, test } from 'vitest'
import { sharedRead, type Sharing } from './shared-read.ts'

/** Reads that the test answers, one after the other. */
function reads() {
  const open: Array<PromiseWithResolvers<number>> = []
  const read = (): Promise<number> => {
    const one = Promise.withResolvers<number>()
    open.push(one)
    return one.promise
  }
  return { open, read }
}

const settled = async (): Promise<void> => {
  for (let turns = 0; turns < 10; turns++) await Promise.resolve()
}

test('those who ask before it begins share a read; who asks while it is under way gets the next', async () => {
  const { open, read } = reads()
  const ask = sharedRead(read)
  const first = [ask(), ask()]
  await settled()
  expect(open).toHaveLength(1)
  const later = [ask(), ask()]
  await settled()
  expect(open).toHaveLength(1)
  open[0]?.resolve(1)
  expect(await Promise.all(first)).toEqual([1, 1])
  await settled()
  expect(open).toHaveLength(2)
  open[1]?.resolve(2)
  expect(await Promise.all(later)).toEqual([2, 2])
})

test('a read that fails fails those who shared it, and nobody after them', async () => {
  const { open, read } = reads()
  const ask = sharedRead(read)
  const first = ask()
  await settled()
  const second = ask()
  open[0]?.reject(new Error('no etcd'))
  await expect(first).rejects.toThrow('no etcd')
  await settled()
  open[1]?.resolve(2)
  expect(await second).toBe(2)
})

test('it begins when it may, which may depend on how many there were', async () => {
  const { open, read } = reads()
  const begins: Array<() => void> = []
  const numbers: number[] = []
  let current: Sharing | undefined
  const ask = sharedRead(read, (run, sharing) => void (begins.push(run), numbers.push(sharing.before), (current = sharing)))
  const both = [ask(), ask()]
  await settled()
  expect([open.length, begins.length, current?.now]).toEqual([0, 1, 2])
  begins[0]?.()
  open[0]?.resolve(7)
  expect(await Promise.all(both)).toEqual([7, 7])
  void ask()
  expect(numbers).toEqual([0, 2])
})
