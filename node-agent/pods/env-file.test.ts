import { expect, test } from 'vitest'
import { fileValue } from './env-file.ts'

const of = (text: string | undefined, optional = false): string | undefined => {
  const found = fileValue(text, { key: 'KEY', path: 'f.env', optional })
  return found.kind === 'value' ? found.value : found.message
}
const UNREADABLE = "couldn't parse env file"
const MISSING = 'environment variable key "KEY" not found in file "f.env"'

test.each<readonly [string, string, string | undefined]>([
  ['a value', "# what\n\n  KEY='v'\n", 'v'],
  ['a comment behind it', "KEY='v' # 'why'\n", 'v'],
  ['what a shell would do nothing with', "KEY='$(A) \\n \"x\" #'\n", '$(A) \\n "x" #'],
  ['several lines', "A='1'\nKEY='a\n\n# b\nc'\nB='2'\n", 'a\n\n# b\nc'],
  ['the first of a name', "KEY='a'\nKEY='b'\n", 'a'],
  ['nothing after it matters', "KEY='a'\nnonsense\n", 'a'],
  ['a name that is longer', "AKEY='x'\nKEY='y'\n", 'y'],
  ['other names with a space behind =', "A= 'x' 'y\nKEY='v'\n", 'v'],
  ['line ends of another system', "KEY='v'\r\n", 'v'],
  ['no line end', "KEY='v'", 'v'],
])('fileKeyRef: %s', (_, text, value) => expect(of(text)).toBe(value))

test.each<readonly [string, string]>([
  ['no quotes', 'KEY=v\n'],
  ['double ones', 'KEY="v"\n'],
  ['a space before =', "KEY ='v'\n"],
  ['no name', "='v'\n"],
  ['no =', "nonsense\nKEY='v'\n"],
  ['never closed', "KEY='v\nmore\n"],
  ['more behind the quote', "KEY='v'w\n"],
  ['two values', "KEY='v''w'\n"],
])('fileKeyRef refused: %s', (_, text) => {
  expect(of(text)).toBe(UNREADABLE)
  expect(of(text, true)).toBe(UNREADABLE)
})

test('fileKeyRef: what is empty counts as missing; a file that is not there is never well', () => {
  for (const text of ['', "OTHER='v'\n", "KEY=''\n", "KEY= 'v'\n"]) expect([of(text), of(text, true)]).toEqual([MISSING, undefined])
  expect([of(undefined), of(undefined, true)]).toEqual([UNREADABLE, UNREADABLE])
})

test('fileKeyRef: a file of nothing but quotes is read in no time', () => {
  expect(of("'".repeat(1_000_000))).toBe(UNREADABLE)
  expect(of(`${"A='\n".repeat(200_000)}`)).toBe(MISSING)
  expect(of(`${' '.repeat(1_000_000)}x\n`)).toBe(UNREADABLE)
  expect(of(`A='${' '.repeat(1_000_000)}'x\n`)).toBe(UNREADABLE)
})
