/** Objects as the rows that `kubectl get` shows. PURE. */
import type { JsonObject } from '../../../shared/model/json.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import { badRequest } from '../status.ts'
import { partialMetadata } from './partial.ts'

export type IncludeObject = 'None' | 'Metadata' | 'Object'

/** Throws a 400. */
export function parseIncludeObject(query: URLSearchParams): IncludeObject {
  const text = query.get('includeObject') ?? ''
  if (text === '') return 'Metadata'
  if (text === 'None' || text === 'Metadata' || text === 'Object') return text
  throw badRequest(`Unable to convert to Table as requested: includeObject: Invalid value: ${JSON.stringify(text)}: must be 'Metadata', 'Object', 'None', or empty`)
}

/** What a kind says of its rows. */
export type Rows = Pick<KindDefinition, 'columns' | 'row' | 'rowConditions' | 'compareRows'>
type Item = Pick<CachedObject, 'object'>

export interface TableOptions {
  readonly definition: Rows
  readonly nowMs: number
  readonly include: IncludeObject
  /** Of `meta.k8s.io`. */
  readonly version: string
  /** `resourceVersion`, `continue`, `remainingItemCount`. */
  readonly metadata: JsonObject
  /** Left out in all events of a watch but the first. */
  readonly withColumns: boolean
}

export function tableOf(items: readonly Item[], options: TableOptions): JsonObject {
  const { definition, version, metadata, withColumns } = options
  const columns = withColumns ? definition.columns.map(({ name, type, format, description, priority }): JsonObject => ({ name, type, format: format ?? '', description, priority })) : null
  const ordered = definition.compareRows ? items.toSorted((a, b) => definition.compareRows?.(a.object, b.object) ?? 0) : items
  return { kind: 'Table', apiVersion: `meta.k8s.io/${version}`, metadata, columnDefinitions: columns, rows: ordered.map((item) => rowOf(item, options)) }
}

function rowOf({ object }: Item, { definition, nowMs, include, version }: TableOptions): JsonObject {
  const conditions = definition.rowConditions?.(object) ?? []
  const row: JsonObject = {
    cells: definition.row(object, nowMs),
    ...(conditions.length > 0 && { conditions: conditions.map(({ type, status, reason, message }): JsonObject => ({ type, status, ...(reason !== undefined && { reason }), ...(message !== undefined && { message }) })) }),
  }
  switch (include) {
    case 'None':
      return { ...row, object: null }
    case 'Metadata':
      return { ...row, object: partialMetadata(object, version) }
    case 'Object':
      return { ...row, object }
  }
}
