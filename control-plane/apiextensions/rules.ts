/** The rules of a schema (`x-kubernetes-validations`), compiled: what the room of CEL gives to this one. */
import type { FieldError } from '../../shared/model/field-error.ts'
import type { JsonObject } from '../../shared/model/json.ts'

export interface Ruling {
  readonly errors: readonly FieldError[]
  /** Rules that fail now as they did before the change. */
  readonly warnings: readonly string[]
}

export interface Rules {
  judge(object: JsonObject, old: JsonObject | undefined): Ruling
}
