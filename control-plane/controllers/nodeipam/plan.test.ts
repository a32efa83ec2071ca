import { expect, test } from 'vitest'
import { formatCidr, nextCidr, parseCidr } from './plan.ts'

const cluster = parseCidr('10.244.0.0/16') ?? { base: 0, bits: 0 }

test('the lowest free range is taken, whatever the sizes of the others', () => {
  expect(nextCidr(cluster, [])).toBe('10.244.0.0/24')
  expect(nextCidr(cluster, ['10.244.0.0/24', '10.244.2.0/24'])).toBe('10.244.1.0/24')
  expect(nextCidr(cluster, ['10.244.0.0/22', '10.244.4.128/25', 'fd00::/64'])).toBe('10.244.5.0/24')
  expect(nextCidr(cluster, ['10.244.0.0/16'])).toBeUndefined()
})

test('ranges are read strictly and written in their base form', () => {
  expect(formatCidr(parseCidr('10.244.7.9/24') ?? cluster)).toBe('10.244.7.0/24')
  expect([parseCidr('10.244.0.0'), parseCidr('300.0.0.0/8'), parseCidr('10.0.0.0/33')]).toEqual([undefined, undefined, undefined])
})
