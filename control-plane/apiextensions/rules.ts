/** The rules of a schema (`x-kubernetes-validations`), compiled: what the room of CEL gives to this one. */
import type { JsonObject } from '../../shared/model/json.ts'
import type { Findings } from '../registry/kind.ts'

export interface Rules {
  /** In steps: many rules take long. Warned of are those that fail now as they did before the change. */
  judge(object: JsonObject, old: JsonObject | undefined): Generator<void, Findings>
}
