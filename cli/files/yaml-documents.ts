/** YAML 1.1 as Kubernetes reads it, with the place of everything in it. JSON is a part of YAML. */
import { isCollection, isMap, isPair, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type ScalarTag, type Tags, type YAMLError } from 'yaml'
import { longInteger } from '../../shared/kit/yaml-numbers.ts'
import type { Located, Position } from './position.ts'
import type { SourceFile } from './read.ts'

export type Path = ReadonlyArray<string | number>

export interface YamlDocument {
  readonly source: SourceFile
  readonly value: unknown
  /** The place of a path's last step, or of as much of it as there is; the document's first line when nothing is. */
  keyAt(path: Path): Position
  /** The place of the value at a path; of its key when it has none. */
  valueAt(path: Path): Position
}

export type ReadDocuments = { readonly kind: 'documents'; readonly documents: readonly YamlDocument[] } | { readonly kind: 'problems'; readonly problems: readonly Located[] }

/** Not known to Kubernetes' parser: times as numbers, timestamps, binary. */
const DROPPED = /:(?:timestamp|binary|omap|pairs|set)$/
const isDropped = (tag: unknown): boolean => typeof tag === 'object' && tag !== null && 'tag' in tag && typeof tag.tag === 'string' && (DROPPED.test(tag.tag) || ('format' in tag && (tag.format === 'TIME' || tag.format === 'EXP')))
/** An exponent needs its sign: `1e3` is a text. */
const exponent: ScalarTag = { tag: 'tag:yaml.org,2002:float', default: true, test: /^[-+]?(?:[0-9][0-9_]*)?\.?[0-9]+[eE][-+][0-9]+$/, resolve: (text) => Number(text.replaceAll('_', '')) }
const customTags = (known: Tags): Tags => [exponent, longInteger, ...known.filter((tag) => !isDropped(tag))]

export function readDocuments(source: SourceFile): ReadDocuments {
  const lineCounter = new LineCounter()
  const parsed = parseAllDocuments(source.text, { version: '1.1', customTags, merge: true, uniqueKeys: true, lineCounter, prettyErrors: false })
  const documents: readonly Document.Parsed[] = Array.isArray(parsed) ? (parsed as Document.Parsed[]) : []
  const problems = documents.flatMap((document) => document.errors.slice(0, 1).map((error) => syntaxProblem(error, source, lineCounter)))
  if (problems.length > 0) return { kind: 'problems', problems }
  const at = (from: number, to: number): Position => {
    const { line, col } = lineCounter.linePos(from)
    const lineEnd = source.text.indexOf('\n', from)
    return { line, column: col, length: Math.max(1, Math.min(to, lineEnd < 0 ? source.text.length : lineEnd) - from) }
  }
  return { kind: 'documents', documents: documents.filter((document) => document.contents !== null && document.toJS() !== null).map((document) => documentOf(document, source, at)) }
}

type PositionOf = (from: number, to: number) => Position

interface RangedNode {
  readonly range?: readonly [number, number, number] | null | undefined
}

function documentOf(document: Document.Parsed, source: SourceFile, at: PositionOf): YamlDocument {
  const positionOf = (node: unknown): Position | undefined => {
    const range = (node as RangedNode | null | undefined)?.range
    return range ? at(range[0], range[1]) : undefined
  }
  const start = positionOf(document.contents) ?? { line: 1, column: 1, length: 1 }
  const walk = (path: Path): { readonly key: Position; readonly value: Position } => {
    let node: unknown = document.contents
    let key = start
    let value = start
    for (const step of path) {
      const found = childOf(node, step)
      if (!found) return { key, value: key }
      key = positionOf(found.key) ?? positionOf(found.value) ?? key
      value = positionOf(found.value) ?? key
      node = found.value
    }
    return { key, value }
  }
  return { source, value: document.toJS({ maxAliasCount: 1000 }) as unknown, keyAt: (path) => walk(path).key, valueAt: (path) => walk(path).value }
}

function childOf(node: unknown, step: string | number): { readonly key: unknown; readonly value: unknown } | undefined {
  if (!isCollection(node)) return undefined
  if (isSeq(node)) {
    const item = typeof step === 'number' ? node.items[step] : undefined
    return item === undefined ? undefined : { key: undefined, value: item }
  }
  if (!isMap(node)) return undefined
  const pair = node.items.find((one) => isPair(one) && isScalar(one.key) && String(one.key.value) === String(step))
  return pair ? { key: pair.key, value: pair.value } : undefined
}

function syntaxProblem(error: YAMLError, { name, text }: SourceFile, lines: LineCounter): Located {
  const { line, col } = lines.linePos(startOf(error, text))
  const row = text.split('\n')[line - 1] ?? ''
  return { file: name, text, position: { line: Math.max(1, line), column: Math.max(1, col), length: Math.max(1, Math.min(error.pos[1] - error.pos[0], row.length - col + 1)) }, message: mended(error, row) }
}

/** A wrong indentation is found at the end of the line before: what is meant is the next word. */
function startOf({ code, pos: [from] }: YAMLError, text: string): number {
  const blank = /^[ \t]*\n\s*/.exec(text.slice(from))
  return code === 'BAD_INDENT' && blank && from + blank[0].length < text.length ? from + blank[0].length : from
}

/** The parser's complaint, and what to do about it. */
function mended(error: YAMLError, row: string): string {
  const said = (error.message.split('\n')[0] ?? error.message).replace(/ at line \d+, column \d+:?$/, '')
  if (/^\s*\t/.test(row)) return 'a tab is not allowed as indentation: use spaces'
  switch (error.code) {
    case 'DUPLICATE_KEY':
      return 'this key is in the mapping twice: leave one of them out'
    case 'BLOCK_AS_IMPLICIT_KEY':
    case 'MULTILINE_IMPLICIT_KEY':
      return `${said}: is the indentation right, or does a value with ": " in it need quotes?`
    case 'BAD_INDENT':
      return `${said}: members of one mapping and items of one list must begin in the same column`
    case 'MISSING_CHAR':
      return /quote/i.test(said) ? `${said}: a quote is opened and not closed` : `${said}: is a ":" missing, or the indentation wrong?`
    case 'BAD_SCALAR_START':
      return `${said}: put the value in quotes`
    default:
      return said
  }
}
