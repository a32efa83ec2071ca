import { isJsonObject, type Json, type JsonObject } from '../../../shared/model/json.ts'
import { wasSentEmpty } from '../../../shared/model/schemas/sent-empty.ts'
import { type PrintedField, printedFields } from './internal-types.ts'

const empty: Readonly<Record<PrintedField['kind'], Json | undefined>> = { s: '', n: 0, b: false, p: null, l: null, m: null, j: null, o: undefined }

/** An object of the API as Kubernetes' internal type prints it. */
export function printInternal(type: string, object: JsonObject): JsonObject {
  const fields = printedFields(type)
  if (fields.length === 0) return object
  return Object.fromEntries(fields.map((field) => [field.name, printField(field, object[field.from] ?? sentEmpty(field, object))]))
}

/** An empty list or map that was sent is told from none. */
function sentEmpty({ kind, from }: PrintedField, object: JsonObject): Json | undefined {
  if ((kind !== 'l' && kind !== 'm') || !wasSentEmpty(object, from)) return undefined
  return kind === 'l' ? [] : {}
}

function printField({ kind, type }: PrintedField, value: Json | undefined): Json {
  if (kind === 'o') return printInternal(type ?? '', isJsonObject(value) ? value : {})
  if (value === undefined || value === null) return empty[kind] ?? null
  if (type !== undefined && Array.isArray(value)) return (value as readonly Json[]).map((item) => printInternal(type, isJsonObject(item) ? item : {}))
  if (type !== undefined && isJsonObject(value)) return printInternal(type, value)
  return kind === 'm' && isJsonObject(value) ? sorted(value) : value
}

const sorted = (map: JsonObject): JsonObject => Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)))

/** The spec of a pod: what concerns its namespaces stands in the internal security context. */
export function printPodSpec(spec: JsonObject): JsonObject {
  const context = isJsonObject(spec['securityContext']) ? spec['securityContext'] : undefined
  const host: Record<string, Json> = {}
  for (const name of ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers']) {
    const value = spec[name]
    if (value !== undefined) host[name] = value
  }
  return printInternal('PodSpec', context || Object.keys(host).length > 0 ? { ...spec, securityContext: { ...context, ...host } } : spec)
}
