/** A definition's rules are read when it is written: by code that is loaded when the first definition has some. */
import type { CustomResourceDefinition } from '../../shared/model/gen/api.ts'
import { schemasIn } from '../../shared/model/structural/schema.ts'
import type { KindDefinition } from '../registry/kind.ts'
import { placedSchemas } from '../registry/validation/custom-resource-definition/hoisted.ts'

/** The kind of definitions, with rules judged too; every other kind as it is. */
export function withRuleErrors(kind: KindDefinition): KindDefinition {
  if (kind.group !== 'apiextensions.k8s.io' || kind.kind !== 'CustomResourceDefinition') return kind
  return {
    ...kind,
    async laterErrors(object, old, found) {
      if (found.length > 0) return found
      const { spec } = object as unknown as CustomResourceDefinition
      const schemas = placedSchemas(spec).filter(({ schema }) => [...schemasIn(schema)].some((one) => (one['x-kubernetes-validations'] ?? []).length > 0))
      if (schemas.length === 0) return []
      const { ruleErrors } = await import('./rule-errors.ts')
      const before = old && placedSchemas((old as unknown as CustomResourceDefinition).spec)
      const errors = schemas.flatMap((placed) => ruleErrors(placed, before))
      if (errors.length > 0) return errors
      const { defaultRuleErrors } = await import('./default-rules.ts')
      return schemas.flatMap(defaultRuleErrors)
    },
  }
}
