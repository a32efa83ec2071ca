import { afterEach, expect, test, vi } from 'vitest'
import { readPaxRecords } from './tar-header.ts'

afterEach(() => vi.restoreAllMocks())

/** With its own length in front, which counts its digits, too. */
function record(text: string): string {
  const rest = Buffer.byteLength(text) + 2
  const digits = String(rest + String(rest).length).length
  return `${rest + digits} ${text}\n`
}

test('the pairs of a sparse file become one list', () => {
  const body = Buffer.from(['path=f', 'GNU.sparse.offset=0', 'GNU.sparse.numbytes=5', 'GNU.sparse.offset=512', 'GNU.sparse.numbytes=7', 'uid=1'].map(record).join(''))
  expect([...readPaxRecords(body)].map(([key, value]) => `${key}=${value.toString()}`).toSorted()).toEqual(['GNU.sparse.map=0,5,512,7', 'path=f', 'uid=1'])
})

test('a header full of pairs is not copied anew for each of them', () => {
  const count = 40_000
  const body = Buffer.from(record('GNU.sparse.offset=1').repeat(count))
  const copies = [vi.spyOn(Buffer, 'concat'), vi.spyOn(Buffer, 'from')]
  const list = readPaxRecords(body).get('GNU.sparse.map')
  expect(copies.reduce((sum, { mock }) => sum + mock.calls.length, 0)).toBeLessThan(10)
  expect(list?.length).toBe(2 * count - 1)
})
