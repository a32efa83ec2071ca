import { expect, test } from 'vitest'
import { networkOf } from './network.ts'

test('an instruction may have less than the caller gave, and no more', () => {
  const seen = (['default', 'none', 'host'] as const).map((given) => ([undefined, 'default', 'none'] as const).map((wanted) => networkOf(wanted, given)))
  expect(seen).toEqual([
    ['default', 'default', 'none'],
    ['none', 'none', 'none'],
    ['host', 'default', 'none'],
  ])
  expect(networkOf('host', 'host')).toBe('host')
  for (const given of ['default', 'none'] as const) expect(() => networkOf('host', given)).toThrow('build with --network=host')
})
