import { expect, test } from 'vitest'
import { pemBlocks } from './certificate-text.ts'

const block = (type: string, body: string): string => `-----BEGIN ${type}-----\n${body}-----END ${type}-----\n`
const found = (text: string): readonly string[] => pemBlocks(text).map(({ type, headers, bytes }) => `${type} ${headers} ${Buffer.from(bytes).toString()}`)

test('blocks are found wherever they stand', () => {
  expect(found(`junk\n${block('A', 'eHk=\n')}between\n${block('B', 'k: v\n\neHk=\n')}`)).toEqual(['A false xy', 'B true xy'])
  expect(found(`-----BEGIN A-----\r\neHk=\r\n-----END A-----`)).toEqual(['A false xy'])
  expect(found(block('A', ''))).toEqual(['A false '])
  expect(found(`-----BEGIN B-----\n${block('A', 'eHk=\n')}`)).toEqual(['A false xy'])
  expect(found(`-----END A-----\n${block('A', 'eHk=\n')}-----END A-----`)).toEqual(['A false xy'])
  expect(found('-----BEGIN A-----\neHk=\n-----END B-----')).toEqual([])
})

test('what begins again and again takes no longer than it is', () => {
  const before = performance.now()
  expect(found('-----BEGIN A-----\n'.repeat(40_000))).toEqual([])
  expect(found('-----END A-----'.repeat(40_000) + '-----BEGIN A-----\n'.repeat(40_000))).toEqual([])
  expect(found(`-----BEGIN A-----\n${':'.repeat(500_000)}-----END A-----`)).toEqual([])
  expect(performance.now() - before).toBeLessThan(5_000)
})
