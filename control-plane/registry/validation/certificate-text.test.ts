import { expect, test } from 'vitest'
import { pemBlocks, whyNotSigned } from './certificate-text.ts'

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

test.each([
  ['', 'asn1: syntax error: sequence truncated'],
  ['30', 'asn1: syntax error: truncated tag or length'],
  ['3082', 'asn1: syntax error: truncated tag or length'],
  ['3080', 'asn1: syntax error: indefinite length found (not DER)'],
  ['30820100', 'asn1: syntax error: data truncated'],
  [Buffer.from('hello').toString('hex'), "asn1: structure error: tags don't match (16 vs {class:1 tag:8 length:101 isCompound:true}) {optional:false explicit:false application:false private:false defaultValue:<nil> tag:<nil> stringType:0 timeType:0 set:false omitEmpty:false} certificateRequest @2"],
  ['30023000', 'asn1: syntax error: sequence truncated'],
  ['3007300030000302', 'asn1: syntax error: data truncated'],
  ['30083000300003020041', undefined],
  ['3008300030000302004100', 'asn1: syntax error: trailing data'],
])('what is not signed as a request is: %s', (hex, problem) => {
  expect(whyNotSigned(Buffer.from(hex, 'hex'))).toBe(problem)
})
