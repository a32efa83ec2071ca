/** What is wrong with the rules of a definition: those that make no sense, and those that may cost too much. */
import { costOf, type Size } from '../cel/cost.ts'
import { compile, type Program } from '../cel/cel.ts'
import { names } from '../cel/parts.ts'
import { mostValues, objectType, ruled, sizeOfSchema, typeOfSchema } from '../cel/schema-types.ts'
import { BOOL, type CelType, optionalOf, STRING } from '../cel/types.ts'
import { type FieldError, forbidden, invalid } from '../../shared/model/field-error.ts'
import { deepEqual } from '../../shared/model/json.ts'
import { itemsOf, type PropsSchema, sortedProperties, type ValidationRule, valuesOf } from '../../shared/model/structural/schema.ts'
import type { PlacedSchema } from '../registry/validation/custom-resource-definition/hoisted.ts'
import { printedRule } from '../registry/validation/custom-resource-definition/printed.ts'
import { rulePath } from '../registry/validation/custom-resource-definition/rules.ts'

/** Of one expression, and of all in a schema. */
const EXPRESSION_LIMIT = 10_000_000
const SCHEMA_LIMIT = 100_000_000
const ADVICE = '(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are declared)'

interface Costs {
  total: number
  readonly expensive: string[]
  readonly wrong: readonly FieldError[]
}

/**
 * In steps: to read many rules takes long.
 * @param wrong what else is wrong with the schema: rules around that are not read.
 */
export function* ruleErrors({ schema, path }: PlacedSchema, before: readonly PlacedSchema[] | undefined, wrong: readonly FieldError[] = []): Generator<void, readonly FieldError[]> {
  // What was accepted once is not judged again for its costs.
  const known = before?.some((one) => deepEqual(one.schema, schema)) ?? false
  if (known) return []
  const costs: Costs = { total: 0, expensive: [], wrong }
  const errors = yield* walk({ schema, path, isRoot: true, cardinality: 1, uncorrelatable: undefined }, costs)
  if (costs.total <= SCHEMA_LIMIT) return errors
  return [
    ...errors,
    ...costs.expensive.map((one) => forbidden(one, 'contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema')),
    forbidden(path, tooMuch('x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema', costs.total, SCHEMA_LIMIT)),
  ]
}

interface Place {
  readonly schema: PropsSchema
  readonly path: string
  readonly isRoot: boolean
  /** How often the schema may apply in one object; `undefined`: as often as fits. */
  readonly cardinality: number | undefined
  /** The list in which what stood there before cannot be told. */
  readonly uncorrelatable: string | undefined
}

function* walk(place: Place, costs: Costs): Generator<void, readonly FieldError[]> {
  const { schema, path, cardinality, uncorrelatable } = place
  const items = itemsOf(schema)
  const values = valuesOf(schema)
  const times = (count: number | undefined): number | undefined => (count === undefined || cardinality === undefined ? undefined : Number(count) * cardinality)
  const keyed = schema['x-kubernetes-list-type'] === 'map'
  const inner: Place[] = [
    ...(values ? [{ ...place, schema: values, path: `${path}.additionalProperties`, isRoot: false, cardinality: times(schema.maxProperties) }] : []),
    ...sortedProperties(schema).map(([name, property]) => ({ ...place, schema: property, path: `${path}.properties[${name}]`, isRoot: false })),
    ...(items ? [{ ...place, schema: items, path: `${path}.items`, isRoot: false, cardinality: times(schema.maxItems), uncorrelatable: keyed ? uncorrelatable : (uncorrelatable ?? path) }] : []),
  ]
  const errors: FieldError[] = []
  for (const one of inner) errors.push(...(yield* walk(one, costs)))
  errors.push(...(yield* ownErrors(place, costs)))
  return errors
}

function* ownErrors({ schema, path, isRoot, cardinality, uncorrelatable }: Place, costs: Costs): Generator<void, readonly FieldError[]> {
  const rules = schema['x-kubernetes-validations'] ?? []
  if (rules.length === 0 || costs.wrong.some(({ field }) => field.startsWith(`${path}.`))) return []
  const seen = ruled(schema, isRoot)
  const self = seen === schema ? typeOfSchema(schema) : objectType(seen)
  if (!self) return []
  const size = sizeOfSchema(seen)
  const often = cardinality ?? mostValues(schema)
  const errors: FieldError[] = []
  for (const [index, rule] of rules.entries()) {
    yield
    const at = rulePath(path, index)
    const judge = (name: 'rule' | 'messageExpression', program: Program): void => {
      const cost = often * costOf(program.expression, program.checked, sizesOf(size))
      if (cost > EXPRESSION_LIMIT) errors.push(forbidden(`${at}.${name}`, tooMuch(`estimated ${name} cost`, cost, EXPRESSION_LIMIT)))
      if (cost > EXPRESSION_LIMIT) costs.expensive.push(`${at}.${name}`)
      costs.total += cost
    }
    const variables = variablesOf(self, rule)
    const compiled = compile(rule.rule ?? '', variables)
    const refuse = (name: string, detail: string): void => void errors.push(invalid(`${at}.${name}`, printedRule(rule), detail))
    if (compiled.kind === 'refused') refuse('rule', `compilation failed: ${compiled.message}`)
    else if (compiled.program.type !== BOOL) refuse('rule', 'cel expression must evaluate to a bool')
    else judge('rule', compiled.program)
    if (rule.messageExpression !== undefined && rule.messageExpression.trim() !== '') {
      const message = compile(rule.messageExpression, variables)
      if (message.kind === 'refused') refuse('messageExpression', `messageExpression compilation failed: ${message.message}`)
      else if (message.program.type !== STRING) refuse('messageExpression', 'messageExpression must evaluate to a string')
      else judge('messageExpression', message.program)
    }
    if (compiled.kind === 'compiled') errors.push(...transitionErrors(rule, { usesOld: names(compiled.program.expression, 'oldSelf'), at, uncorrelatable }))
  }
  return errors
}

function transitionErrors({ rule = '', optionalOldSelf }: ValidationRule, { usesOld, at, uncorrelatable }: { readonly usesOld: boolean; readonly at: string; readonly uncorrelatable: string | undefined }): readonly FieldError[] {
  if (!usesOld) return optionalOldSelf === undefined ? [] : [invalid(`${at}.optionalOldSelf`, optionalOldSelf, 'may not be set if oldSelf is not used in rule')]
  return uncorrelatable === undefined ? [] : [invalid(`${at}.rule`, rule, `oldSelf cannot be used on the uncorrelatable portion of the schema within ${uncorrelatable}`)]
}

export const variablesOf = (self: CelType, { optionalOldSelf }: ValidationRule): ReadonlyMap<string, CelType> =>
  new Map([
    ['self', self],
    ['oldSelf', optionalOldSelf ? optionalOf(self) : self],
  ])

const sizesOf = (size: Size): ReadonlyMap<string, Size> =>
  new Map([
    ['self', size],
    ['oldSelf', size],
  ])

function tooMuch(what: string, cost: number, limit: number): string {
  const factor = cost / limit
  const text = factor > 100 ? 'more than 100x' : factor < 1.5 ? `${factor.toFixed(6)}x` : `${factor.toFixed(1)}x`
  return `${what} exceeds budget by factor of ${text} ${ADVICE}`
}
