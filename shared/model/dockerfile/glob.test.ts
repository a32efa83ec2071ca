import fc from 'fast-check'
import { expect, test } from 'vitest'
import { expandWord } from './expand.ts'
import { globOf } from './glob.ts'
import { parseIgnore } from './ignore.ts'

/** The same rules by an expression of the language, which goes back and tries again: right, and slow where somebody wants it to be. */
function expression(pattern: string): RegExp {
  let made = ''
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at)
    if (pattern.startsWith('**', at)) {
      at++
      if (pattern.charAt(at + 1) === '/') at++
      made += at + 1 >= pattern.length ? '.*' : '(?:.*/)?'
    } else if (char === '*') made += '[^/]*'
    else if (char === '?') made += '[^/]'
    else if (char === '\\' && at + 1 < pattern.length) made += quoted(pattern.charAt(++at))
    else if (char === '[') {
      const end = pattern.indexOf(']', at + 2)
      if (end < 0) return /(?!)/
      made += `[${pattern.slice(at + 1, end).replace(/[\\[]/g, '\\$&')}]`
      at = end
    } else made += quoted(char)
  }
  try {
    return new RegExp(`^${made}$`, 's')
  } catch {
    return /(?!)/
  }
}
const quoted = (char: string): string => char.replace(/[.*+?^${}()|[\]\\/]/, '\\$&')
const textOf = (chars: readonly string[], maxLength: number): fc.Arbitrary<string> => fc.array(fc.constantFrom(...chars), { maxLength }).map((all) => all.join(''))

test('a path fits a pattern as an expression of the language says', () => {
  fc.assert(
    fc.property(textOf(['a', 'b', '/', '*', '**', '**/', '?', '[ab]', '[^a]', '[b-a]', '[', ']', '\\', '.', '\n'], 8), textOf(['a', 'b', '/', '.', '*', '[', '\n'], 8), (pattern, path) => {
      expect(globOf(pattern).test(path)).toBe(expression(pattern).test(path))
    }),
    { numRuns: 3_000 },
  )
})

const valueExpression = (glob: string, isShort = false): string => glob.replace(/[.*+?^${}()|[\]\\]/g, (char) => (char === '*' ? (isShort ? '.*?' : '.*') : char === '?' ? '.' : `\\${char}`))

test('a value is cut as expressions of the language would', () => {
  const values = textOf(['a', 'b', '.', '/'], 8)
  fc.assert(
    fc.property(textOf(['a', 'b', '*', '?', '.'], 5).filter((one) => one !== ''), values, (pattern, value) => {
      const cut = (operator: string): string => {
        const made = expandWord(`\${V${operator}}`, { V: value })
        return made.kind === 'ok' ? made.text : made.message
      }
      const ends = Array.from({ length: value.length + 1 }, (_, at) => at).filter((at) => new RegExp(`^${valueExpression(pattern)}$`, 's').test(value.slice(at)))
      expect(cut(`#${pattern}`)).toBe(value.replace(new RegExp(`^${valueExpression(pattern, true)}`, 's'), ''))
      expect(cut(`##${pattern}`)).toBe(value.replace(new RegExp(`^${valueExpression(pattern)}`, 's'), ''))
      expect(cut(`%${pattern}`)).toBe(value.slice(0, ends.at(-1)))
      expect(cut(`%%${pattern}`)).toBe(value.slice(0, ends[0]))
      expect(cut(`/${pattern}/X`)).toBe(value.replace(new RegExp(valueExpression(pattern), 's'), 'X'))
      // All of a value, and then nothing behind it, is one find in a shell and two in the language.
      if (/[^*]/.test(pattern)) expect(cut(`//${pattern}/X`)).toBe(value.replace(new RegExp(valueExpression(pattern), 'gs'), 'X'))
    }),
    { numRuns: 2_000 },
  )
})

test('all of a value is replaced once', () => {
  expect(expandWord('${V//*/X}', { V: 'abc' })).toEqual({ kind: 'ok', text: 'X' })
})

test('no pattern takes long: it is not gone back and tried again', () => {
  const name = 'a'.repeat(4_000)
  for (const pattern of [`${'*a'.repeat(60)}b`, `${'**/'.repeat(500)}${'*a'.repeat(60)}b`, `${'**a'.repeat(60)}b`, `${'a*'.repeat(60)}b`, `x${'[a]*'.repeat(60)}b`]) {
    expect(globOf(pattern).test(name)).toBe(false)
    expect(parseIgnore(pattern).ignores(`d/${name}`)).toBe(false)
  }
  expect(globOf(`${'*a'.repeat(60)}*`).test(name)).toBe(true)
  for (const operator of ['#', '##', '%', '%%', '/', '//']) expect(expandWord(`\${V${operator}${'*a'.repeat(60)}b}`, { V: name })).toEqual({ kind: 'ok', text: name })
})

test('a pattern and a value that are both enormous are refused', () => {
  expect(expandWord(`\${V//${'a?'.repeat(5_000)}}`, { V: 'a'.repeat(50_000) })).toEqual({ kind: 'invalid', message: 'too much to look for: 10000 characters of a pattern in 50000 of a value' })
})
