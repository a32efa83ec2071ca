import { expect, it } from 'vitest'
import { compile } from './cel.ts'
import { DYN } from './types.ts'
import type { Value } from './values.ts'

const types = new Map([['self', DYN]])

/** What an expression comes to, or says, and what it has cost. */
function outcome(text: string, self: Value = null): { readonly said: Value; readonly cost: number } {
  const compiled = compile(text, types)
  if (compiled.kind === 'refused') throw new Error(compiled.message)
  const meter = { cost: 0 }
  try {
    return { said: compiled.program.run(new Map([['self', self]]), meter), cost: meter.cost }
  } catch (error) {
    return { said: `${(error as Error).constructor.name}: ${(error as Error).message}`, cost: meter.cost }
  }
}

const tooMuch = 'CelFault: operation cancelled: actual cost limit exceeded'

it('nothing costs less than nothing, also what fails beside something that decides', () => {
  expect(outcome('[[1]].flatten(-9000000000) == [] || true')).toEqual({ said: true, cost: 11 })
})

it('what is joined is text, and costs a number', () => {
  expect(outcome('self.join(",") == "" || true', [1n, 'a']).cost).toBeLessThan(10)
  expect(outcome('self.join(",")', ['a', 1n]).said).toBe('CelFault: join: invalid input: 1')
})

it.each<readonly [readonly Value[]]>([[[1n, 'a']], [[1.5, 1n]]])('what is summed up is of one type: %s', (list) => {
  expect(outcome('self.sum()', list).said).toBe('CelFault: no such overload')
})

it('a key that a query has very often is read in one go', () => {
  expect(outcome('url(self).getQuery()["a"].size()', `http://h/?${'a=1&'.repeat(200_000)}`).said).toBe(200_000n)
})

it('a list that stands in another very often is not written out', () => {
  expect(outcome('lists.range(3000).map(x, self).flatten().size()', Array.from({ length: 100_000 }, () => 1n)).said).toBe(tooMuch)
})

it('searching for long texts counts by both', () => {
  expect(outcome('self[0].lastIndexOf(self[1])', ['a'.repeat(1_000_000), `${'a'.repeat(10_000)}b`]).said).toBe(tooMuch)
  expect(outcome('self[0].indexOf(self[1])', ['a'.repeat(1_000_000), `b${'a'.repeat(10_000)}`]).said).toBe(tooMuch)
})

it.each([
  ['[self.indexOf("c"), self.indexOf("c", 4), self.indexOf("", 2), self.lastIndexOf("c"), self.lastIndexOf("a", 3), self.lastIndexOf("")]', [3n, -1n, 2n, 3n, 0n, 4n]],
  ['self.indexOf("c", 5)', 'CelFault: index out of range: 5'],
])('places are counted in characters: %s', (text, said) => {
  expect(outcome(text, 'a😀bc').said).toEqual(said)
})

const DIGITS = '1'.repeat(1_000_000)
it.each([
  ['int(self)', DIGITS, "CelFault: type conversion error from 'string' to 'int'"],
  ['int(self)', `-${'0'.repeat(100)}7`, -7n],
  ['uint(self)', DIGITS, 'CelFault: unsigned integer overflow'],
  ['isSemver(self)', `${DIGITS}.0.0`, false],
  ['semver(self)', '18446744073709551616.0.0', 'CelFault: strconv.ParseUint: parsing "18446744073709551616": value out of range'],
  ['duration(self)', `${DIGITS}s`, "CelFault: type conversion error from 'string' to 'google.protobuf.Duration'"],
  ['string(duration(self))', `0.${DIGITS}s`, '0.111111111s'],
])('numbers with very many digits are not read: %s', (text, self, said) => {
  expect(outcome(text, self).said).toEqual(said)
})

it.each([
  ['getEscapedPath', 'http://h/ä"%41%c3%a4b', '/%C3%A4%22A%C3%A4b'],
  ['getHost', 'http://%c3%a4b/', 'äb'],
])('bytes that are written as such are read: %s', (name, url, said) => {
  expect(outcome(`url(self).${name}()`, url).said).toBe(said)
})
