import { expect, test } from 'vitest'
import { required } from '../../shared/model/field-error.ts'
import { mergedErrors } from './merged-errors.ts'

test('errors of expressions stand where Kubernetes finds them', () => {
  const static_ = ['spec.failurePolicy', 'spec.matchConditions[0].name', 'spec.variables[1].name', 'spec.validations[0].reason', 'spec.validations[0].message', 'spec.reinvocationPolicy', 'webhooks[1].name'].map((field) => required(field))
  const later = ['spec.matchConditions[0].expression', 'spec.variables[1].expression', 'spec.validations[0].messageExpression', 'spec.validations[0].expression', 'spec.mutations[0].jsonPatch.expression', 'webhooks[0].matchConditions[0].expression'].map((field) => required(field))
  expect(mergedErrors(static_, later).map(({ field }) => field)).toEqual([
    'spec.failurePolicy',
    'spec.matchConditions[0].expression',
    'webhooks[0].matchConditions[0].expression',
    'spec.matchConditions[0].name',
    'spec.variables[1].name',
    'spec.variables[1].expression',
    'spec.validations[0].expression',
    'spec.validations[0].messageExpression',
    'spec.validations[0].message',
    'spec.validations[0].reason',
    'spec.mutations[0].jsonPatch.expression',
    'spec.reinvocationPolicy',
    'webhooks[1].name',
  ])
})
