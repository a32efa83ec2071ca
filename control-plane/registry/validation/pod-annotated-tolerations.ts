/** Tolerations as they were said before pods had a field for them: nobody heeds them, but they must be right. */
import { type FieldError, invalid } from '../../../shared/model/field-error.ts'
import type { Toleration } from '../../../shared/model/gen/api.ts'
import { isJsonObject, isNumber, isWhole, type Json, type JsonObject, readJson } from '../../../shared/model/json.ts'
import { jsonProblem } from '../../../shared/model/json-problem.ts'
import { jsonTypeName } from '../../../shared/model/schemas/scalars.ts'
import { validateTolerations } from './scheduling.ts'

const ANNOTATION = 'scheduler.alpha.kubernetes.io/tolerations'
const TYPES = { key: 'string', operator: 'core.TolerationOperator', value: 'string', effect: 'core.TaintEffect', tolerationSeconds: 'int64' } as const

/** @param path of the annotations. */
export function validateAnnotatedTolerations(annotations: Readonly<Record<string, string>>, path: string): readonly FieldError[] {
  const text = annotations[ANNOTATION] ?? ''
  if (text === '') return []
  const problem = jsonProblem(text)
  const read = problem ?? tolerationsOf(readJson(text))
  return typeof read === 'string' ? [invalid(path, ANNOTATION, read)] : validateTolerations(read, `${path}.${ANNOTATION}`)
}

/** The tolerations, or what Go says of what are none. */
function tolerationsOf(list: Json): readonly Toleration[] | string {
  if (list === null) return []
  if (!Array.isArray(list)) return cannot(list as Json, 'Go value', '[]core.Toleration')
  const read = (list as readonly Json[]).map((item) => (item === null ? {} : isJsonObject(item) ? tolerationOf(item) : cannot(item, 'Go value', 'core.Toleration')))
  return read.find((item) => typeof item === 'string') ?? (read as readonly Toleration[])
}

/** Members are found whatever their letters' case. */
function tolerationOf(item: JsonObject): Toleration | string {
  const toleration: Record<string, Json> = {}
  for (const [name, value] of Object.entries(item)) {
    const field = Object.entries(TYPES).find(([known]) => known.toLowerCase() === name.toLowerCase())
    if (!field || value === null) continue
    const [known, type] = field
    const fits = type === 'int64' ? isWhole(value) : typeof value === 'string'
    if (!fits) return cannot(value, `Go struct field Toleration.${known.charAt(0).toUpperCase()}${known.slice(1)}`, type)
    toleration[known] = value
  }
  return toleration as Toleration
}

const cannot = (value: Json, where: string, type: string): string => `json: cannot unmarshal ${jsonTypeName(value)}${type === 'int64' && isNumber(value) ? ` ${value}` : ''} into ${where} of type ${type}`
