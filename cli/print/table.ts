/** Prints the `Table` that the server answers. */
import type { ApiObject } from '../cluster/cluster.ts'
import type { ApiResource } from '../cluster/discovery-cache.ts'

export interface ServerTable {
  readonly kind: string
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string }
  readonly columnDefinitions?: ReadonlyArray<{ readonly name: string; readonly priority?: number }>
  readonly rows?: readonly ServerRow[]
}

export interface ServerRow {
  readonly cells: readonly unknown[]
  readonly object?: ApiObject
}

export interface TableStyle {
  readonly wide: boolean
  readonly noHeaders: boolean
  readonly withNamespace: boolean
  readonly showLabels: boolean
  readonly labelColumns: readonly string[]
  /** `pod/web` instead of `web`. */
  readonly kindOf?: Pick<ApiResource, 'kind' | 'group'> | undefined
}

const labelsText = (object: ApiObject | undefined): string => {
  const labels = Object.entries(object?.metadata?.labels ?? {})
  return labels.length === 0 ? '<none>' : labels.map(([key, value]) => `${key}=${value}`).toSorted().join(',')
}

/** `app.kubernetes.io/name` stands as NAME. */
const labelTitle = (key: string): string => (key.split('/').at(-1) ?? key).toUpperCase()

/** Which of the table's columns are shown. */
const shown = ({ columnDefinitions = [] }: ServerTable, { wide }: TableStyle): readonly number[] => columnDefinitions.flatMap(({ priority = 0 }, at) => (wide || priority === 0 ? [at] : []))

export function headerOf(table: ServerTable, style: TableStyle): readonly string[] {
  const columns = shown(table, style).map((at) => (table.columnDefinitions?.[at]?.name ?? '').toUpperCase())
  return [...(style.withNamespace ? ['NAMESPACE'] : []), ...columns, ...style.labelColumns.map(labelTitle), ...(style.showLabels ? ['LABELS'] : [])]
}

/** @param columns the table that has the column definitions: a watch's later events leave them out. */
export function rowOf({ cells, object }: ServerRow, columns: ServerTable, style: TableStyle): readonly string[] {
  const own = shown(columns, style).map((at) => cellText(cells[at]))
  const { kindOf } = style
  const named = kindOf ? own.map((cell, at) => (at === 0 ? `${kindOf.kind.toLowerCase()}${kindOf.group === '' ? '' : `.${kindOf.group}`}/${cell}` : cell)) : own
  const labels = style.labelColumns.map((key) => object?.metadata?.labels?.[key] ?? '')
  return [...(style.withNamespace ? [object?.metadata?.namespace ?? ''] : []), ...named, ...labels, ...(style.showLabels ? [labelsText(object)] : [])]
}

/** A line break would spoil the table. */
const cellText = (cell: unknown): string => {
  const text = cell === null || cell === undefined ? '<none>' : typeof cell === 'object' ? JSON.stringify(cell) : String(cell)
  return /[\n\r\t\f]/.test(text) ? text.replace(/[\f\n\r].*/s, '...').replaceAll('\t', ' ') : text
}
