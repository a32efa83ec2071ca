/** `x-kubernetes-validations`, as far as it can be judged without reading the expressions. */
import { type FieldError, invalid, notSupported, required } from '../../../../shared/model/field-error.ts'
import type { PropsSchema, ValidationRule } from '../../../../shared/model/structural/schema.ts'
import { followPath } from './field-path.ts'
import { unreadable } from './structural.ts'

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
  if (fieldPath !== '' && fieldPath.trim() === '') errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must be non-empty if specified'))
  if (hasLineBreak(fieldPath)) errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must not contain line breaks'))
  if (fieldPath !== '' && unreadable(schema) === undefined && followPath(fieldPath, schema, true).kind === 'problem') errors.push(invalid(`${path}.fieldPath`, fieldPath, 'must be a valid path'))
  return errors
}
