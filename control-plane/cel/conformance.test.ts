/**
 * The language's own conformance tests, and the tests of cel-go's parser and checker, with the types and the errors that cel-go gives for each. What Kubernetes has is held against
 * them in full: whether it compiles, to which type, what comes of it, or the words of the refusal.
 */
import { tests as checking } from '@bufbuild/cel-spec/testdata/checking.js'
import { tests as comprehension } from '@bufbuild/cel-spec/testdata/comprehension.js'
import { tests as conformance } from '@bufbuild/cel-spec/testdata/conformance.js'
import { tests as parsing } from '@bufbuild/cel-spec/testdata/parsing.js'
import { expect, test } from 'vitest'
import { compile, type Program } from './cel.ts'
import { type Case, declared, told, valueOf, variablesOf } from './conformance-cases.ts'
import { typeText } from './types.ts'
import { CelFault } from './values.ts'

interface Suite {
  readonly name: string
  readonly suites?: readonly Suite[]
  readonly tests?: readonly Case[]
}

/** What Kubernetes' environments have not: messages of protocol buffers, containers, and these libraries; of formatting it keeps the library's older version. */
const ABSENT = new Set(['format', 'format_errors', 'bindings_ext', 'block_ext', 'encoders_ext', 'enums', 'math_ext', 'proto2', 'proto2_ext', 'proto3', 'wrappers', 'dynamic', 'unknowns', 'network_ext'])
const MESSAGES = /TestAllTypes|TestRequired|google\.protobuf|GlobalEnum|NestedEnum|\bproto\./

/** Where an expression says what only a message or a container gives a meaning. */
const isAbsent = ({ original: { expr, container } }: Case): boolean => (container ?? '') !== '' || MESSAGES.test(expr)

/** These were asked with other limits than Kubernetes has, or without what it has: optional values, comprehensions of two variables, names that its own libraries have. */
const askedOtherwise = (error: string): boolean => /limit exceeded: (?:4|32)$|max recursion depth exceeded|unsupported syntax '|reference to '(?:all|exists|existsOne|exists_one|transform\w+|namespace|optional\w*)'/m.test(error)

/** Kubernetes takes no lists and maps of several types that are written out, and compares numbers of any types. */
const refusedAsAsked = (message: string): boolean => /expected type '.+' but found '.+'/.test(message)

function allOf(suite: Suite, path: string): ReadonlyArray<readonly [string, Case]> {
  return [...(suite.suites ?? []).flatMap((inner) => (ABSENT.has(inner.name) ? [] : allOf(inner, `${path}/${inner.name}`))), ...(suite.tests ?? []).map((one) => [path, one] as const)]
}

/** How the two differ, if they do. */
function difference(one: Case): string | undefined {
  const { expr, value, evalError, typedResult, checkOnly, disableCheck, bindings = {} } = one.original
  const error = one.error?.replaceAll(/ERROR: (?!<input>)[^:]*:/g, 'ERROR: <input>:')
  const wantsRefusal = error?.startsWith('ERROR') === true
  const compiled = compile(expr, variablesOf(one))
  if (wantsRefusal && !askedOtherwise(error)) {
    const said = compiled.kind === 'refused' ? compiled.message : 'compiled'
    return said === error || CROSS_TYPE.test(error) ? undefined : said
  }
  // What is written out is looked at by Kubernetes before it runs.
  if (compiled.kind === 'refused' && evalError && /invalid (?:timestamp|duration) argument/.test(compiled.message)) return undefined
  if (compiled.kind === 'refused') return wantsRefusal || disableCheck === true || refusedAsAsked(compiled.message) || /reference to '(?:i[a-z]|fg?i?_\w+)'/.test(compiled.message) ? undefined : compiled.message
  const { program } = compiled
  if (!wantsRefusal && one.type !== undefined && typeText(program.type) !== one.type) return `of type ${typeText(program.type)}`
  if (checkOnly === true || value === undefined && evalError === undefined && typedResult?.result === undefined && !conformed.has(one)) return undefined
  const found = outcomeOf(program, new Map(Object.entries(bindings).map(([name, bound]) => [name, valueOf(bound.value)])))
  if (evalError) return found.startsWith('fault') ? undefined : found
  const wanted = typedResult?.result ?? value
  return found === (wanted === undefined ? 'true' : told(valueOf(wanted))) ? undefined : found
}

/** Numbers of several types may be compared in Kubernetes. */
const CROSS_TYPE = /no matching overload for '_(?:<|<=|>|>=)_' applied to '\((?:int|uint|double), (?:int|uint|double)\)'/

function outcomeOf(program: Program, bindings: ReadonlyMap<string, ReturnType<typeof valueOf>>): string {
  try {
    return told(program.run(bindings))
  } catch (error) {
    if (error instanceof CelFault) return `fault: ${error.message}`
    throw error
  }
}

const conformedCases = allOf(conformance as unknown as Suite, '')
const conformed = new Set(conformedCases.map(([, one]) => one))

const comparable = [...[parsing, checking, comprehension].flatMap((suite) => allOf(suite as unknown as Suite, suite.name)), ...conformedCases].filter(([, one]) => !isAbsent(one) && declared(one))

/** By expression: why ours is another. */
const DIFFERENT: Readonly<Record<string, string>> = {
  "      '😁' in ['😁', '😑', '😦']\n\t\t\t&& in.😁": 'which of two words of the parser generator is said of a last dot',
  '--': 'one mistake is told here, and another at the same place by cel-go',
  'self.true == 1': 'which of two words of the parser generator is said of a keyword',
  "'\\udead' == '\\ufffd'": 'refused by newer versions than that of Kubernetes',
  'cel.bind(z, y[0], z + y[1])': 'a library that Kubernetes has for devices alone',
  'a.b.c': 'no variable of Kubernetes has two dots in its name',
  '{null:false}[null]': "cel-go's own runs leave it out",
  '{true:1,false:2,true:3}[true]': "cel-go's own runs leave it out",
}

const PATHS = [...new Set(comparable.map(([path]) => path))]

test.each(PATHS)('%s', (path) => {
  const cases = comparable.filter(([where]) => where === path).map(([, one]) => one)
  const differing = cases.flatMap((one) => {
    const found = difference(one)
    return found === undefined || Object.hasOwn(DIFFERENT, one.original.expr) ? [] : [`${one.original.expr}\n  ours: ${found}\n  theirs: ${one.error ?? JSON.stringify(one.original.value ?? one.original.evalError ?? one.type)}`]
  })
  expect(differing.join('\n')).toBe('')
})

test('as many as are known to agree', () => {
  expect(comparable.length).toBeGreaterThan(1000)
})
