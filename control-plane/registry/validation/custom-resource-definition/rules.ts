/** `x-kubernetes-validations`, as far as it can be judged without reading the expressions. */
import { type FieldError, invalid, notSupported, required } from '../../../../shared/model/field-error.ts'
import { type PropsSchema, type ValidationRule, valuesOf } from '../../../../shared/model/structural/schema.ts'

const REASONS = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired']

export const rulePath = (path: string, index: number): string => `${path}.x-kubernetes-validations[${index}]`

export const validateRules = (schema: PropsSchema, path: string): readonly FieldError[] => (schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) => ruleErrors(rule, schema, rulePath(path, index)))

const hasLineBreak = (text: string): boolean => /[\r\n]/.test(text)

function ruleErrors({ rule = '', message = '', messageExpression = '', reason, fieldPath = '' }: ValidationRule, schema: PropsSchema, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  if (rule.trim() === '') errors.push(required(`${path}.rule`, 'rule is not specified'))
  else if (message !== '' && message.trim() === '') errors.push(invalid(`${path}.message`, message, 'message must be non-empty if specified'))
  else if (hasLineBreak(message.trim())) errors.push(invalid(`${path}.message`, message, 'message must not contain line breaks'))
  else if (hasLineBreak(rule.trim()) && message.trim() === '') errors.push(required(`${path}.message`, 'message must be specified if rule contains line breaks'))
  if (messageExpression !== '' && messageExpression.trim() === '') errors.push(required(`${path}.messageExpression`, 'messageExpression must be non-empty if specified'))
  if (reason !== undefined && !REASONS.includes(reason)) errors.push(notSupported(`${path}.reason`, reason, REASONS))
  if (fieldPath !== '' && !leadsSomewhere(schema, fieldPath)) errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must be a valid path'))
  return errors
}

/** `.a`, `['b-c']`: names of fields and keys of maps, never items of lists. */
export function fieldPathSteps(text: string): readonly string[] | undefined {
  const steps: string[] = []
  const step = /\.([A-Za-z_][\w-]*)|\['((?:[^'\\]|\\.)*)'\]/y
  let at = 0
  while (at < text.length) {
    step.lastIndex = at
    const match = step.exec(text)
    if (!match) return undefined
    steps.push(match[1] ?? (match[2] ?? '').replace(/\\(.)/g, '$1'))
    at = step.lastIndex
  }
  return steps
}

function leadsSomewhere(schema: PropsSchema, text: string): boolean {
  let here: PropsSchema | undefined = schema
  for (const name of fieldPathSteps(text) ?? ['']) here = here && (Object.hasOwn(here.properties ?? {}, name) ? here.properties?.[name] : valuesOf(here))
  return here !== undefined && fieldPathSteps(text) !== undefined
}
