/** Objects as the rows that `kubectl get` shows. PURE. */
import type { JsonObject } from '../../../shared/model/json.ts'
import type { KindDefinition } from '../../registry/kind.ts'
import type { CachedObject } from '../../storage/watch-cache-port.ts'
import { badRequest } from '../status.ts'
import type { ListTexts } from './list-texts.ts'
import { partialMetadataText } from './metadata-text.ts'
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
  const { version, metadata } = options
  return { kind: 'Table', apiVersion: `meta.k8s.io/${version}`, metadata, columnDefinitions: columnsOf(options), rows: orderedBy(options, items).map((item) => rowOf(item, options)) }
}

/** The same as JSON text: what stands for the objects is cut out of their own. */
export function tableList(options: TableOptions): ListTexts {
  const { version, metadata, include, nowMs } = options
  return {
    form: `table ${version} ${include} ${nowMs}`,
    before: `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(metadata)},"columnDefinitions":${JSON.stringify(columnsOf(options))},"rows":[`,
    of: (items) => orderedBy(options, items).map((item) => `${JSON.stringify(shownOf(item, options)).slice(0, -1)},"object":${objectText(item, options)}}`),
    end: ']}',
    after: '',
  }
}

const columnsOf = ({ definition, withColumns }: TableOptions): readonly JsonObject[] | null =>
  withColumns ? definition.columns.map(({ name, type, format, description, priority }): JsonObject => ({ name, type, format: format ?? '', description, priority })) : null

const orderedBy = <T extends Item>({ definition }: TableOptions, items: readonly T[]): readonly T[] => (definition.compareRows ? items.toSorted((a, b) => definition.compareRows?.(a.object, b.object) ?? 0) : items)

/** A row without its object. */
function shownOf({ object }: Item, { definition, nowMs }: TableOptions): JsonObject {
  const conditions = definition.rowConditions?.(object) ?? []
  return {
    cells: definition.row(object, nowMs),
    ...(conditions.length > 0 && { conditions: conditions.map(({ type, status, reason, message }): JsonObject => ({ type, status, ...(reason !== undefined && { reason }), ...(message !== undefined && { message }) })) }),
  }
}

function rowOf(item: Item, options: TableOptions): JsonObject {
  const { include, version } = options
  const row = shownOf(item, options)
  switch (include) {
    case 'None':
      return { ...row, object: null }
    case 'Metadata':
      return { ...row, object: partialMetadata(item.object, version) }
    case 'Object':
      return { ...row, object: item.object }
  }
}

function objectText(item: CachedObject, { include, version }: TableOptions): string {
  switch (include) {
    case 'None':
      return 'null'
    case 'Metadata':
      return partialMetadataText(item, version)
    case 'Object':
      return item.json()
  }
}
