/** A definition's rules are read when it is written: by code that is loaded when the first definition has some. */
import type { CustomResourceDefinition } from '../../shared/model/gen/api.ts'
import type { FieldError } from '../../shared/model/field-error.ts'
import type { Turns } from '../../shared/kit/turns.ts'
import { deepEqual, type JsonObject } from '../../shared/model/json.ts'
import { schemasIn } from '../../shared/model/structural/schema.ts'
import type { KindDefinition, StrategyContext } from '../registry/kind.ts'
import { placedSchemas } from '../registry/validation/custom-resource-definition/hoisted.ts'
import { loadPatterns } from './patterns.ts'

/** The kind of definitions, with rules judged too; every other kind as it is. */
export function withRuleErrors(kind: KindDefinition, turns: Turns): KindDefinition {
  if (kind.group !== 'apiextensions.k8s.io' || kind.kind !== 'CustomResourceDefinition') return kind
  return {
    ...kind,
    async laterFindings(object, old, { found: judged, signal }) {
      const found = await withPatternErrors(kind, { object, old, found: judged })
      return { errors: found.length > 0 ? found : await errorsOfRules(object, old, (steps) => turns.through(allOf(steps), signal)), warnings: [] }
    },
  }
}

type Through = (steps: ReadonlyArray<Generator<void, readonly FieldError[]>>) => Promise<readonly FieldError[]>

async function errorsOfRules(object: JsonObject, old: JsonObject | undefined, through: Through): Promise<readonly FieldError[]> {
  const { spec } = object as unknown as CustomResourceDefinition
  const schemas = placedSchemas(spec).filter(({ schema }) => [...schemasIn(schema)].some((one) => (one['x-kubernetes-validations'] ?? []).length > 0))
  if (schemas.length === 0) return []
  const { ruleErrors } = await import('./rule-errors.ts')
  const before = old && placedSchemas((old as unknown as CustomResourceDefinition).spec)
  const errors = await through(schemas.map((placed) => ruleErrors(placed, before)))
  if (errors.length > 0) return errors
  const { defaultRuleErrors } = await import('./default-rules.ts')
  return through(schemas.map(defaultRuleErrors))
}

function* allOf(parts: ReadonlyArray<Generator<void, readonly FieldError[]>>): Generator<void, readonly FieldError[]> {
  const errors: FieldError[] = []
  for (const part of parts) errors.push(...(yield* part))
  return errors
}

interface Found {
  readonly object: JsonObject
  readonly old: JsonObject | undefined
  readonly found: readonly FieldError[]
}

/** The first definition with patterns is judged once more when they can be read. */
async function withPatternErrors(kind: KindDefinition, { object, old, found }: Found): Promise<readonly FieldError[]> {
  const { spec } = object as unknown as CustomResourceDefinition
  // Through `status` the schemas stay what they were.
  if (old && deepEqual(spec, (old as unknown as CustomResourceDefinition).spec)) return found
  const context: StrategyContext = { nowMs: 0, subresource: '', userName: '', user: undefined }
  const judge = (): readonly FieldError[] => (old ? kind.validateUpdate(object, old, context) : kind.validateCreate(object, context))
  // Asked once and for all: while this waits another definition may have them loaded.
  const loading = loadPatterns(placedSchemas(spec).map(({ schema }) => schema))
  if (!loading) return found
  const before = judge().length
  await loading
  return [...found.slice(0, found.length - before), ...judge()]
}
