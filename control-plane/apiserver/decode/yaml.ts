/** YAML bodies: version 1.1 as Kubernetes' parser reads it (`y` is true, times are texts), the first document only. */
import { Composer, type Document, isAlias, isCollection, isMap, isPair, isScalar, LineCounter, Parser, type Node, type ScalarTag, type Tags, type YAMLError } from 'yaml'
import { longInteger } from '../../../shared/kit/yaml-numbers.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { isJsonObject, isTooDeep, type Json, MAX_NESTING, readJson, wholeNumber } from '../../../shared/model/json.ts'
import { duplicateKeys } from './duplicate-keys.ts'

export type ReadYaml =
  /** `duplicates`: `line 7: key "x" already set in map`; the last one wins. */
  | { readonly kind: 'value'; readonly value: Json; readonly duplicates: readonly string[] }
  /** `yaml: line 2: mapping values are not allowed in this context`. */
  | { readonly kind: 'problem'; readonly message: string }

/** Not known to Kubernetes' parser: times of day as numbers, timestamps, binary. */
const dropped = /:(?:timestamp|binary|omap|pairs|set)$/

const isDropped = (tag: unknown): boolean => typeof tag === 'object' && tag !== null && 'tag' in tag && typeof tag.tag === 'string' && (dropped.test(tag.tag) || ('format' in tag && tag.format === 'TIME'))

/** An exponent needs its sign: `1e3` is a text. So is what is too long to be a number: reading it must not take time. */
const exponent: ScalarTag = { tag: 'tag:yaml.org,2002:float', default: true, test: /^(?=.{1,400}$)[-+]?(?:[0-9][0-9_]*)?\.?[0-9]+[eE][-+][0-9]+$/, resolve: (text) => Number(text.replaceAll('_', '')) }

const tags = (known: Tags): Tags => [exponent, longInteger, ...known.filter((tag) => !isDropped(tag) && !(typeof tag === 'object' && 'format' in tag && tag.format === 'EXP'))]

/** What JSON and YAML may read differently: escapes, exponents, tabs. */
const AMBIGUOUS = /\\[u/]|\d[eE]|\t/
const TOO_DEEP: ReadYaml = { kind: 'problem', message: 'yaml: exceeded max depth of 10000' }

export function readYaml(text: string): ReadYaml {
  try {
    const read = readAsJson(text) ?? readDocuments(text)
    return read.kind === 'value' && text.length > 2 * MAX_NESTING && isTooDeep(read.value) ? TOO_DEEP : read
  } catch (error) {
    if (error instanceof RangeError) return TOO_DEEP
    throw error
  }
}

/** Most bodies are JSON, which is read in a tenth of the time; `undefined` for what YAML must have a look at. */
function readAsJson(text: string): ReadYaml | undefined {
  if (!/^\s*\{/.test(text) || AMBIGUOUS.test(text)) return undefined
  const value = parsedJson(text)
  return value === undefined || duplicateKeys(text).length > 0 ? undefined : { kind: 'value', value: sortedKeys(value), duplicates: [] }
}

function parsedJson(text: string): Json | undefined {
  try {
    return readJson(text)
  } catch {
    return undefined
  }
}

function readDocuments(text: string): ReadYaml {
  const lines = new LineCounter()
  const composer = new Composer({ version: '1.1', customTags: tags, uniqueKeys: false, merge: true, strict: true })
  for (const document of composer.compose(new Parser(lines.addNewLine).parse(text), true, text.length)) return readDocument(document, { text, lines })
  return { kind: 'value', value: null, duplicates: [] }
}

const UNKNOWN_ANCHOR = /^Unresolved alias .*: (.*)$/s

interface Source {
  readonly text: string
  readonly lines: LineCounter
}

function readDocument(document: Document.Parsed, source: Source): ReadYaml {
  const [first] = document.errors
  const error = document.errors.find((one) => one.code === 'MULTILINE_IMPLICIT_KEY' && one.pos[0] === first?.pos[0]) ?? first
  if (error) return { kind: 'problem', message: problemOf(error, source) }
  try {
    const value = document.toJS({ maxAliasCount: 1000 }) as Json | undefined
    return { kind: 'value', value: sortedKeys(value ?? null), duplicates: duplicatesIn(document.contents, source.lines) }
  } catch (thrown) {
    if (thrown instanceof RangeError) return TOO_DEEP
    return { kind: 'problem', message: `yaml: ${thrown instanceof Error ? thrown.message.replace(UNKNOWN_ANCHOR, "unknown anchor '$1' referenced") : 'unreadable'}` }
  }
}

/** Kubernetes turns YAML into JSON with sorted keys, which shows in the order of its complaints. */
function sortedKeys(value: Json): Json {
  if (Array.isArray(value)) return value.map(sortedKeys)
  // A fraction without digits behind its point is written into that JSON as a whole number.
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) return wholeNumber(BigInt(value))
  if (!isJsonObject(value)) return value
  const keys = Object.keys(value).toSorted()
  return Object.fromEntries(keys.map((key) => [key, sortedKeys(value[key] ?? null)]))
}

function problemOf(error: YAMLError, { text, lines }: Source): string {
  // A key over several lines is noticed at its end.
  const at = error.pos[error.code === 'MULTILINE_IMPLICIT_KEY' ? 1 : 0]
  const { line, col } = lines.linePos(at)
  const scanned = wordsOfScanner(error, { text, line })
  if (scanned !== undefined) return `yaml: ${lineText(line > 1 ? line : 0)}${scanned}`
  // Kubernetes' parser counts the lines of what it makes of the text from 0; the text ends on a line of its own.
  return `yaml: ${lineText(at >= text.length && col > 1 ? line : line - 1)}${wordsOfParser(error, text)}`
}

const lineText = (line: number): string => (line > 0 ? `line ${line}: ` : '')

/** The words of Kubernetes' parser for what ours found in the text itself; `undefined` for what is wrong with its order. */
function wordsOfScanner({ code, message }: YAMLError, { text, line }: { readonly text: string; readonly line: number }): string | undefined {
  const lines = text.split('\n')
  if (/^\s*\t/.test(lines[line - 1] ?? '')) return /(?:^|:)\s*$/.test(lines.slice(0, line - 1).join('\n')) ? 'found character that cannot start any token' : 'found a tab character that violates indentation'
  switch (code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      return message.startsWith('A block sequence') ? undefined : 'mapping values are not allowed in this context'
    case 'MULTILINE_IMPLICIT_KEY':
      return /^\s*- /.test(lines[line - 1] ?? '') ? undefined : 'mapping values are not allowed in this context'
    case 'MISSING_CHAR':
      if (message.startsWith('Block collection')) return 'mapping values are not allowed in this context'
      return message.includes('quote') ? 'found unexpected end of stream' : IN_FLOW.test(message) ? undefined : "could not find expected ':'"
    case 'BAD_ALIAS':
      return 'did not find expected alphabetic or numeric character'
    case 'BAD_SCALAR_START':
      return 'found character that cannot start any token'
    case 'BAD_DQ_ESCAPE':
      return 'found unknown escape character'
    case 'TAB_AS_INDENT':
      return 'found a tab character that violates indentation'
    default:
      return undefined
  }
}

const IN_FLOW = /flow (?:seq|map)/i

/** The same for what stands where it may not stand. */
function wordsOfParser({ code, message }: YAMLError, text: string): string {
  if (code === 'UNEXPECTED_TOKEN' && !message.includes('at node end')) return 'did not find expected node content'
  if (code !== 'UNEXPECTED_TOKEN' && IN_FLOW.test(message)) return `did not find expected ',' or '${/flow seq/i.test(message) ? ']' : '}'}'`
  if (code !== 'BAD_INDENT' && code !== 'UNEXPECTED_TOKEN' && code !== 'BLOCK_AS_IMPLICIT_KEY' && code !== 'MULTILINE_IMPLICIT_KEY') return message.split('\n')[0] ?? message
  if (/^\s*-/.test(text)) return "did not find expected '-' indicator"
  return /^\s*[[{"']/.test(text) ? 'did not find expected <document start>' : 'did not find expected key'
}

function duplicatesIn(root: Node | null, lines: LineCounter): readonly string[] {
  const found: Array<{ readonly at: number; readonly text: string }> = []
  const visit = (node: unknown): void => {
    if (!isCollection(node)) return
    if (isMap(node)) {
      const keys = new Set<string>()
      for (const { key } of node.items) {
        if (!isScalar(key)) continue
        const name = String(key.value)
        if (keys.has(name) && name !== '<<') {
          const at = key.range?.[0] ?? 0
          found.push({ at, text: `line ${lines.linePos(at).line}: key ${typeof key.value === 'string' ? goQuote(name) : name} already set in map` })
        }
        keys.add(name)
      }
    }
    for (const item of node.items) {
      if (isAlias(item)) continue
      visit(isPair(item) ? item.value : item)
    }
  }
  visit(root)
  return found.toSorted((a, b) => a.at - b.at).map((one) => one.text)
}
