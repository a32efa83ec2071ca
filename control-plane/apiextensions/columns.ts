/** The columns of a custom resource's tables. PURE. */
import { goJson, goPrint } from '../../shared/model/go-text.ts'
import type { CustomResourceColumnDefinition } from '../../shared/model/gen/api.ts'
import { isJsonObject, isNumber, type Json, type JsonObject } from '../../shared/model/json.ts'
import { parseTime } from '../../shared/model/time.ts'
import { CREATION_DESCRIPTION, nameColumn } from '../registry/columns/columns.ts'
import { ageSince, formatAge } from '../registry/columns/age.ts'
import type { KindDefinition, TableColumn } from '../registry/kind.ts'
import { type JsonPath, parseJsonPath, valuesAt } from './json-path.ts'

type Cell = ReturnType<KindDefinition['row']>[number]

interface Columns {
  readonly columns: readonly TableColumn[]
  row(object: JsonObject, nowMs: number): readonly Cell[]
}

const ageDefault: CustomResourceColumnDefinition = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: CREATION_DESCRIPTION }

/** Without columns of its own a kind shows its age. */
export function columnsOf(declared: readonly CustomResourceColumnDefinition[] | undefined): Columns {
  const all = declared && declared.length > 0 ? declared : [ageDefault]
  const read: Array<{ readonly one: CustomResourceColumnDefinition; readonly steps: JsonPath }> = []
  for (const one of all) {
    const steps = parseJsonPath(one.jsonPath)
    // Behind one that nobody can read no more are shown.
    if (!steps) break
    read.push({ one, steps })
  }
  return {
    columns: [nameColumn, ...read.map(({ one }) => columnOf(one))],
    row: (object, nowMs) => [nameOf(object), ...read.map(({ one, steps }) => cellOf(valuesAt(object, steps), one, nowMs))],
  }
}

const nameOf = (object: JsonObject): string => String((object['metadata'] as JsonObject | undefined)?.['name'] ?? '')

const columnOf = ({ name, type, format, description, priority, jsonPath }: CustomResourceColumnDefinition): TableColumn => ({
  name,
  type: type as TableColumn['type'],
  ...(format && { format }),
  description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
  priority: priority ?? 0,
})

function cellOf(values: readonly Json[], { type }: CustomResourceColumnDefinition, nowMs: number): Cell {
  const [first] = values
  if (first === undefined || (first === null && type !== 'string')) return null
  switch (type) {
    case 'integer':
      return typeof first === 'number' ? Math.trunc(first) : typeof first === 'bigint' ? first : null
    case 'number':
      return isNumber(first) ? Number(first) : null
    case 'boolean':
      return typeof first === 'boolean' ? first : null
    case 'date':
      return typeof first === 'string' ? dateCell(first, nowMs) : null
    default:
      return first === null ? '<no value>' : typeof first === 'object' ? goJson(sorted(first)) : goPrint(first)
  }
}

/** The keys of maps in their order, as Go writes them. */
const sorted = (value: Json): Json => (Array.isArray(value) ? (value as readonly Json[]).map(sorted) : isJsonObject(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, sorted(item)] as const).toSorted(([a], [b]) => (a < b ? -1 : 1))) : value)

function dateCell(text: string, nowMs: number): string {
  if (text === '' || text === 'null') return '<unknown>'
  const at = parseTime(text)
  if (at === undefined) return '<invalid>'
  return at > nowMs ? formatAge(at - nowMs) : ageSince(text, nowMs)
}
