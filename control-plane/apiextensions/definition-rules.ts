/** A definition's rules are read when it is written: by code that is loaded when the first definition has some. */
import type { CustomResourceDefinition } from '../../shared/model/gen/api.ts'
import type { FieldError } from '../../shared/model/field-error.ts'
import type { Turns } from '../../shared/kit/turns.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { schemasIn } from '../../shared/model/structural/schema.ts'
import type { KindDefinition } from '../registry/kind.ts'
import { validateDefinitionChange, validateNewDefinition } from '../registry/validation/custom-resource-definition/definition.ts'
import { type PlacedSchema, placedSchemas } from '../registry/validation/custom-resource-definition/hoisted.ts'
import { obstaclesToRules, type RuleErrors, type RuleErrorsOf } from '../registry/validation/custom-resource-definition/schema.ts'
import { loadPatterns } from './patterns.ts'

/** The kind of definitions, with rules judged too; every other kind as it is. */
export function withRuleErrors(kind: KindDefinition, turns: Turns): KindDefinition {
  if (kind.group !== 'apiextensions.k8s.io' || kind.kind !== 'CustomResourceDefinition') return kind
  return {
    ...kind,
    async laterFindings(object, old, { found, signal }) {
      const [definition, before] = [object, old] as unknown as readonly [CustomResourceDefinition, CustomResourceDefinition | undefined]
      // Through `status` the schemas stay what they were.
      if (before && deepEqual(definition.spec, before.spec)) return { errors: found, warnings: [] }
      const judge = (ruled?: RuleErrorsOf): readonly FieldError[] => (before ? validateDefinitionChange(definition, before, ruled) : validateNewDefinition(definition, ruled))
      const schemas = placedSchemas(definition.spec)
      const ruled = schemas.filter(({ schema }) => hasRules(schema))
      // Asked once and for all: while this waits another definition may have them loaded.
      const loading = loadPatterns(schemas.map(({ schema }) => schema))
      if (!loading && ruled.length === 0) return { errors: found, warnings: [] }
      const general = found.slice(0, found.length - judge().length)
      await loading
      const earlier = before && placedSchemas(before.spec)
      const rules = ruled.length > 0 ? await turns.through(await ruleErrorsOf(ruled, earlier), signal) : undefined
      return { errors: [...general, ...judge(rules)], warnings: [] }
    },
  }
}

const hasRules = (schema: PlacedSchema['schema']): boolean => schemasIn(schema).some((one) => (one['x-kubernetes-validations'] ?? []).length > 0)

async function ruleErrorsOf(schemas: readonly PlacedSchema[], before: readonly PlacedSchema[] | undefined): Promise<Generator<void, RuleErrorsOf>> {
  const { ruleErrors } = await import('./rule-errors.ts')
  const { defaultRuleErrors } = await import('./default-rules.ts')
  function* errorsOf(placed: PlacedSchema): Generator<void, RuleErrors> {
    const { isSound, defaults, keywords } = obstaclesToRules(placed)
    if (!isSound) return { defaults: [], rules: [] }
    const broken = yield* defaultRuleErrors(placed, defaults)
    // Rules are read once defaults fit.
    return { defaults: broken, rules: defaults.length + broken.length > 0 ? [] : yield* ruleErrors(placed, before, keywords) }
  }
  return (function* () {
    const found = new Map<string, RuleErrors>()
    for (const placed of schemas) found.set(placed.path, yield* errorsOf(placed))
    return found
  })()
}
