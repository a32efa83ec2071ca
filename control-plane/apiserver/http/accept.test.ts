import { expect, test } from 'vitest'
import { parseAccept } from './accept.ts'

test('a long header is sorted as fast as a short one', () => {
  const startMs = performance.now()
  const ranges = parseAccept(`${'*/*,'.repeat(20_000)}${'a/b,'.repeat(20_000)}c/d;q=1`)
  expect(ranges).toHaveLength(40_001)
  expect(ranges[0]).toMatchObject({ type: 'a/b' })
  expect(ranges.at(-1)).toMatchObject({ type: '*/*' })
  expect(performance.now() - startMs).toBeLessThan(5000)
})
