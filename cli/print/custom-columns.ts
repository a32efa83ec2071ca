/** `-o custom-columns=NAME:.metadata.name,IMAGE:.spec.containers[*].image` */
import type { ApiObject } from '../cluster/cluster.ts'
import { Problem } from '../program/problem.ts'
import { columnsOf } from './columns.ts'
import { barePath, jsonPathValues, valueText } from './jsonpath/evaluate.ts'
import { itemsOf } from './items.ts'
import type { ObjectPrinter } from './objects.ts'

interface Column {
  readonly title: string
  readonly path: string
}

interface ColumnOptions {
  readonly noHeaders: boolean
  /** The file has titles in its first line and paths in its second. */
  readonly fromFile: boolean
}

function columnsFrom(spec: string): readonly Column[] {
  return spec.split(',').map((part) => {
    const at = part.indexOf(':')
    if (at < 1) throw new Problem(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`)
    return { title: part.slice(0, at), path: barePath(part.slice(at + 1)) }
  })
}

function columnsFromFile(text: string): readonly Column[] {
  const [titles = '', paths = ''] = text.split('\n')
  const words = paths.trim().split(/\s+/)
  return titles.trim().split(/\s+/).map((title, at) => {
    const path = words[at]
    if (path === undefined) throw new Problem('the custom-columns file needs a path in its second line for every title in its first')
    return { title, path: barePath(path) }
  })
}

export function customColumns(spec: string | undefined, { noHeaders, fromFile }: ColumnOptions): ObjectPrinter {
  if (spec === undefined || spec === '') throw new Problem('custom-columns format specified but no custom columns given')
  const columns = fromFile ? columnsFromFile(spec) : columnsFrom(spec)
  const row = (object: ApiObject): readonly string[] => columns.map(({ path }) => jsonPathValues(path, object).map(valueText).join(',') || '<none>')
  return (object) => columnsOf(noHeaders ? [] : columns.map(({ title }) => title), itemsOf(object).map(row))
}
