/** The rules of a schema, ready to judge objects. */
import { compile, type Program } from '../cel/cel.ts'
import { COST_EXCEEDED, type Meter } from '../cel/evaluate.ts'
import { names } from '../cel/parts.ts'
import { objectType, ruled, typeOfSchema, valueOf } from '../cel/schema-types.ts'
import { BOOL, type CelType } from '../cel/types.ts'
import { CelFault, Optional, type Value } from '../cel/values.ts'
import { childPath, duplicate, type FieldError, fieldErrorText, forbidden, invalid, required } from '../../shared/model/field-error.ts'
import { byteLength, goQuote } from '../../shared/model/go-text.ts'
import { isJsonObject, type Json } from '../../shared/model/json.ts'
import { correlatedItems, correlatedMember, type Correlated, isUnchanged } from '../../shared/model/structural/correlate.ts'
import { itemsOf, type PropsSchema, type ValidationRule, valuesOf } from '../../shared/model/structural/schema.ts'
import { followPath } from '../registry/validation/custom-resource-definition/field-path.ts'
import { variablesOf } from './rule-errors.ts'
import type { Rules } from './rules.ts'

interface Rule {
  readonly rule: ValidationRule
  readonly program: Program
  readonly message: Program | undefined
  readonly usesOld: boolean
  /** Below what the rule is about, where its failure is told: `a.b`, `m[k]`. */
  readonly at: string
}

/** It was refused when the definition was written, or is being refused; what a later version refuses judges no objects. */
interface RefusedRule {
  readonly rule: ValidationRule
  readonly refusal: string
}

/** A schema with the rules in it and below it. */
interface Ruled {
  readonly schema: PropsSchema
  /** With what whole objects have. */
  readonly seen: PropsSchema
  readonly rules: ReadonlyArray<Rule | RefusedRule>
  readonly members: ReadonlyMap<string, Ruled>
  readonly values: Ruled | undefined
  readonly items: Ruled | undefined
}

export function compileRules(schema: PropsSchema): Rules {
  const root = ruledOf(schema, true)
  return {
    *judge(object, old) {
      const verdict: Verdict = { errors: [], warnings: [], forgivesUnchanged: true, meter: { cost: 0 }, isOver: false }
      const before = old && { old }
      if (root) yield* judge(root, { value: object, path: '', before, isOld: () => isUnchanged(before, object) }, verdict)
      return verdict
    },
  }
}

/** Every rule of a part of a schema that a value in its place breaks: as one that stays what it was, and if it breaks none so, as something new. */
export function* brokenRules(schema: PropsSchema, value: Json, isRoot: boolean): Generator<void, readonly FieldError[]> {
  const part = ruledOf(schema, isRoot)
  if (!part) return []
  const kept = yield* broken(part, { value, path: '', before: { old: value }, isOld: () => false })
  return kept.length > 0 ? kept : yield* broken(part, { value, path: '', before: undefined, isOld: () => false })
}

function* broken(part: Ruled, subject: Subject): Generator<void, readonly FieldError[]> {
  const verdict: Verdict = { errors: [], warnings: [], forgivesUnchanged: false, meter: { cost: 0 }, isOver: false }
  yield* judge(part, subject, verdict)
  return verdict.errors
}

/** `undefined` where there is no rule. */
function ruledOf(schema: PropsSchema, isRoot: boolean): Ruled | undefined {
  const members = new Map(Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const inner = ruledOf(property, false)
    return inner ? [[name, inner] as const] : []
  }))
  const free = valuesOf(schema)
  const list = itemsOf(schema)
  const values = free && ruledOf(free, false)
  const items = list && ruledOf(list, false)
  const seen = ruled(schema, isRoot)
  const self = seen === schema ? typeOfSchema(schema) : objectType(seen)
  const rules = self ? (schema['x-kubernetes-validations'] ?? []).flatMap((rule) => compiled(rule, self, seen)) : []
  return rules.length + members.size === 0 && !values && !items ? undefined : { schema, seen, rules, members, values, items }
}

function compiled(rule: ValidationRule, self: CelType, seen: PropsSchema): ReadonlyArray<Rule | RefusedRule> {
  const variables = variablesOf(self, rule)
  const program = compile(rule.rule ?? '', variables)
  if (program.kind === 'refused') return [{ rule, refusal: `compilation failed: ${program.message}` }]
  if (program.program.type !== BOOL && program.program.type.kind !== 'dyn') return [{ rule, refusal: 'cel expression must evaluate to a bool' }]
  const message = rule.messageExpression === undefined ? undefined : compile(rule.messageExpression, variables)
  const followed = followPath(rule.fieldPath ?? '', seen, true)
  return [{ rule, at: followed.kind === 'found' ? followed.path.text : '', program: program.program, message: message?.kind === 'compiled' ? message.program : undefined, usesOld: names(program.program.expression, 'oldSelf') }]
}

interface Verdict {
  readonly errors: FieldError[]
  readonly warnings: string[]
  /** What was there before and broke a rule is only warned of. */
  readonly forgivesUnchanged: boolean
  /** Of all rules that were judged by now. */
  readonly meter: Meter
  /** Nothing more is judged. */
  isOver: boolean
}

/** What all rules may cost for one object. */
const OBJECT_BUDGET = 10_000_000
const isSpent = ({ meter }: Verdict): boolean => meter.cost > OBJECT_BUDGET

interface Subject {
  readonly value: Json
  readonly path: string
  readonly before: Correlated | undefined
  /** Whether it stood there before, as far as can be told: that the next thing around it did of which that can be told. */
  isOld(): boolean
}

/** A part of it. */
const partOf = ({ isOld }: Subject, { value, path, before }: Omit<Subject, 'isOld'>): Subject => ({ value, path, before, isOld: before ? () => isUnchanged(before, value) : isOld })

/** A step for each value and for each rule that is held against it. */
function* judge(ruledSchema: Ruled, subject: Subject, verdict: Verdict): Generator<void, void> {
  const { value, path, before } = subject
  if (value === null || verdict.isOver) return
  const { schema, items, values, members, rules } = ruledSchema
  yield
  if (rules.length > 0) yield* judgeOwn(ruledSchema, subject, verdict)
  if (Array.isArray(value)) {
    const earlier = correlatedItems(before, schema)
    if (items) for (const [index, item] of (value as readonly Json[]).entries()) yield* judge(items, partOf(subject, { value: item, path: `${path}[${index}]`, before: earlier(item) }), verdict)
    return
  }
  if (!isJsonObject(value)) return
  for (const name of Object.keys(value).toSorted()) {
    const member = members.get(name)
    const inner = { value: value[name] ?? null, before: correlatedMember(before, name) }
    if (member) yield* judge(member, partOf(subject, { ...inner, path: path === '' ? name : `${path}.${name}` }), verdict)
    else if (values && !Object.hasOwn(schema.properties ?? {}, name)) yield* judge(values, partOf(subject, { ...inner, path: `${path}[${name}]` }), verdict)
  }
}

function* judgeOwn({ seen, rules, schema }: Ruled, subject: Subject, verdict: Verdict): Generator<void, void> {
  const { value, before, path } = subject
  const self = valueOf(seen, value)
  const old = before === undefined ? undefined : valueOf(seen, before.old)
  // A message knows what was there as it is, also beside a rule that asks whether anything was.
  const plain = bindingsOf(self, rules.some((rule) => 'usesOld' in rule && rule.usesOld) ? old : undefined)
  for (const rule of rules) {
    yield
    if ('refusal' in rule) {
      if (!verdict.forgivesUnchanged) verdict.errors.push(invalid(path === '' ? '<nil>' : path, schema.type ?? '', `rule compile error: ${rule.refusal}`))
      continue
    }
    const optional = rule.rule.optionalOldSelf === true
    if (rule.usesOld && old === undefined && !optional) continue
    const { error, isLast = false, isFalse = false } = failure(rule, { own: optional ? bindingsOf(self, new Optional(old)) : plain, plain }, { subject, schema, verdict })
    if (error && isFalse && verdict.forgivesUnchanged && !rule.usesOld && subject.isOld()) verdict.warnings.push(fieldErrorText(error))
    else if (error) verdict.errors.push(error)
    verdict.isOver = isLast
    if (isLast) return
  }
}

type Bindings = ReadonlyMap<string, Value>

const bindingsOf = (self: Value, old: Value | undefined): Bindings => new Map([['self', self], ...(old === undefined ? [] : [['oldSelf', old] as const])])

interface About {
  readonly subject: Subject
  readonly schema: PropsSchema
  readonly verdict: Verdict
}

interface Failure {
  readonly error?: FieldError
  /** The budget is spent. */
  readonly isLast?: boolean
  /** The rule says no: where it has no value at all nothing is forgiven. */
  readonly isFalse?: boolean
}

function failure({ rule, program, message, at: below }: Rule, { own, plain }: { readonly own: Bindings; readonly plain: Bindings }, { subject, schema, verdict }: About): Failure {
  const path = subject.path === '' ? '<nil>' : subject.path
  const said = rule.message?.trim() || rule.rule?.trim() || ''
  const failed = (detail: string, isLast = false): Failure => ({ error: invalid(path, schema.type ?? '', detail), isLast })
  const { problem, value } = outcome(program, own, verdict)
  if (isSpent(verdict)) return failed('validation failed due to running out of cost budget, no further validation rules will be run', true)
  if (problem?.startsWith('no such overload')) return failed(`'${problem}': call arguments did not match a supported operator, function or macro signature for rule: ${said}`)
  if (problem === COST_EXCEEDED) return failed(`'${problem}': no further validation rules will be run due to call cost exceeds limit for rule: ${said}`, true)
  if (problem !== undefined) return failed(`${problem} evaluating rule: ${said}`)
  if (value === true) return {}
  const at = below === '' ? path : childPath(subject.path, below)
  const unsaid = (detail: string): Failure => ({ error: invalid(at, schema.type ?? '', detail), isFalse: true, isLast: true })
  const made = message && outcome(message, plain, verdict)
  if (made && isSpent(verdict)) return unsaid('messageExpression evaluation failed due to running out of cost budget, no further validation rules will be run')
  if (made?.problem === COST_EXCEEDED) return unsaid(`no further validation rules will be run due to call cost exceeds limit for messageExpression: ${goQuote(rule.messageExpression ?? '')}`)
  const detail = lineOf(made?.value) ?? (rule.message ? rule.message.trim() : `failed rule: ${said}`)
  const shown = typeof subject.value === 'object' ? undefined : subject.value
  return { error: reasoned(rule.reason, { at, shown, detail }), isFalse: true }
}

/** The value of an expression, or why it has none. */
function outcome(program: Program, bindings: Bindings, { meter }: Verdict): { readonly value?: Value; readonly problem?: string } {
  try {
    return { value: program.run(bindings, meter) }
  } catch (error) {
    if (error instanceof CelFault) return { problem: error.message }
    throw error
  }
}

/** A message must be one line that says something. */
function lineOf(text: Value | undefined): string | undefined {
  const trimmed = typeof text === 'string' ? text.trim() : ''
  return trimmed === '' || trimmed.includes('\n') || byteLength(trimmed) > 5 * 1024 ? undefined : trimmed
}

function reasoned(reason: string | undefined, { at, shown, detail }: { readonly at: string; readonly shown: Json | undefined; readonly detail: string }): FieldError {
  switch (reason) {
    case 'FieldValueForbidden':
      return forbidden(at, detail)
    case 'FieldValueRequired':
      return required(at, detail)
    case 'FieldValueDuplicate':
      return duplicate(at, shown)
    default:
      return invalid(at, shown, detail)
  }
}
