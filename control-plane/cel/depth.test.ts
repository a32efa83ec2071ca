import { expect, test } from 'vitest'
import { compile } from './cel.ts'
import { costOf } from './cost.ts'
import { BOOL, DYN, INT } from './types.ts'
import { CelFault, type Value } from './values.ts'

const types = new Map([['x', DYN], ['n', INT], ['b', BOOL]])
const values = new Map<string, Value>([['x', true], ['n', 1n], ['b', true]])
const ERROR = 'ERROR: <input>:-1:0: '
const NESTED = `${ERROR}expression recursion limit exceeded: 250`
const DEEP = `${ERROR}max recursion depth exceeded`

const around = (open: string, close: string, inner = 'x') => (times: number): string => `${open.repeat(times)}${inner}${close.repeat(times)}`
const chain = (between: string, one = 'n') => (times: number): string => Array.from({ length: times + 1 }, () => one).join(between)
const after = (more: string) => (times: number): string => `x${more.repeat(times)}`
const before = (more: string, last = 'n') => (times: number): string => `${more.repeat(times)}${last}`

const said = (text: string): string => {
  const compiled = compile(text, types)
  return compiled.kind === 'compiled' ? 'compiled' : compiled.message
}

// As cel-go counts: in its parser each rule of the grammar may be open 250 times at once; what it then makes a tree of is at most as deep in accesses, calls of methods, choices and operators.
test.each<[string, (times: number) => string, number, string]>([
  ['parentheses', around('(', ')'), 249, NESTED],
  ['lists', around('[', ']'), 249, NESTED],
  ['maps', around('{1: ', '}'), 249, NESTED],
  ['arguments', around('dyn(', ')'), 249, NESTED],
  ['indexes within indexes', around('x[', ']'), 249, NESTED],
  ['right of a plus', around('1 + (', ')', 'n'), 124, NESTED],
  ['right of a comparison', around('b == (', ')', 'b'), 124, NESTED],
  ['right of a product in a sum', around('1 + 2 * (', ')', 'n'), 83, NESTED],
  ['right of an and', around('b && (', ')', 'b'), 249, NESTED],
  ['choices after choices', before('b ? 1 : '), 249, NESTED],
  ['signs and parentheses', around('!(', ')', 'b'), 249, NESTED],
  ['comprehensions', around('x.map(x, ', ')'), 249, NESTED],
  ['sums', chain(' + '), 250, DEEP],
  ['sums and products', chain(' * 1 - '), 249, DEEP],
  ['comparisons', chain(' == ', 'b'), 250, DEEP],
  ['fields', after('.a'), 250, DEEP],
  ['items', after('[0]'), 250, DEEP],
  ['methods', after('.contains("a")'), 250, DEEP],
])('%s may be as deep as in cel-go', (_name, make, most, refusal) => {
  expect(said(make(most))).not.toContain('recursion')
  expect(said(make(most + 1))).toBe(refusal)
})

test.each<[string, (times: number) => string]>([
  ['and', chain('&&', 'b')],
  ['or', chain('||', 'b')],
  ['not', before('!', 'b')],
  ['minus', before('-')],
  ['items', (times) => `[${chain(',')(times)}]`],
])('there may be as many of these as fit into a text: %s', (_name, make) => {
  const text = make(30_000)
  const compiled = compile(text, types)
  expect(compiled).toMatchObject({ kind: 'compiled' })
  if (compiled.kind === 'compiled') expect(compiled.program.run(values)).toBeDefined()
})

test('chains are as low as can be, and read from the left', () => {
  expect(said('b && b && n && b')).toContain("<input>:1:11: expected type 'bool' but found 'int'")
  expect(said('b && b && b && n')).toContain("<input>:1:16: expected type 'bool' but found 'int'")
  const run = (text: string): Value | undefined => {
    const compiled = compile(text, types)
    return compiled.kind === 'compiled' ? compiled.program.run(values) : undefined
  }
  expect(run('b && !b && 1 / 0 > 0 && b')).toBe(false)
  expect(() => run('1 / 0 > 0 && b && 1 % 0 > 0 && b')).toThrow('division by zero')
  expect(run('2 - 3 - 4 * 5 % 3 + 1')).toBe(-2n)
  expect(run('1 + 2 == 3 && 7 > 2 * 3 || 1 / 0 == 0')).toBe(true)
})

const SHAPES = [around('(', ')'), around('[', ']'), around('{x: ', '}'), around('[x].map(x, ', ')'), around('!(b && ', ')', 'b'), around('(b || b && b && [', '] == [])'), around('1 + (', ')', 'n'), around('-(', ')', 'n'), around('b ? (', ') : n', 'n'), before('b ? n : '), chain('&&', 'b'), chain('||', 'b'), chain('+'), chain('<'), chain('&&!', 'b'), after('.a'), after('[0]'), after('.size()'), before('!', 'b'), before('-'), around('(', ''), around('', ')'), around('{', ''), around('[', '}'), before('x.f('), before('b ? '), chain(' ')]

test('nothing overflows the stack, whatever is nested in what', () => {
  let seed = 1
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647
    return seed % below
  }
  const pick = (): ((times: number) => string) => SHAPES[random(SHAPES.length)] as (times: number) => string
  for (let round = 0; round < 200; round++) {
    const inner = pick()(random(300))
    const middle = around('(b && (', '))', inner)(random(40))
    const text = random(3) === 0 ? pick()(20_000) : around(['(', '[', '!(', 'b && [', 'dyn('][round % 5] ?? '', [')', ']', ')', '] == [1]', ')'][round % 5] ?? '', middle)(random(200))
    const compiled = compile(text, types)
    if (compiled.kind === 'refused') {
      expect(compiled.message).toMatch(/^ERROR: <input>:(?:\d+:\d+|-1:0): /)
      continue
    }
    expect(costOf(compiled.program.expression, compiled.program.checked, new Map())).toBeGreaterThanOrEqual(0)
    try {
      compiled.program.run(values)
    } catch (error) {
      expect(error).toBeInstanceOf(CelFault)
    }
  }
})

test('a text that is too long is told without a place', () => {
  expect(said(`"${'a'.repeat(100_000)}" == ''`)).toBe(`${ERROR}expression code point size exceeds limit: size: 100008, limit 100000`)
})

test('only so often is it tried to go on after what is wrong', () => {
  expect(said('a.b(]) + '.repeat(100)).split('\n').filter((line) => line.startsWith('ERROR')).at(-1)).toContain('error recovery attempt limit exceeded: 30')
  expect(said(`[1 2 ${'} '.repeat(300)}`)).toContain(`${ERROR}error recovery token lookahead limit exceeded: 256`)
})

test('types that double at each step are refused before they fill the memory', () => {
  const doubled = Array.from({ length: 60 }, (_, index) => index).reduce((inner, index) => `[${inner}].map(y${index}, {y${index}: y${index}})[0]`, '{1: 1}')
  expect(said(doubled)).toBe(NESTED)
})
