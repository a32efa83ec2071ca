import { type FieldError, forbidden, invalid } from '../../../shared/model/field-error.ts'
import type { LabelSelector } from '../../../shared/model/gen/api.ts'
import { validateLabelName } from '../../../shared/model/validation/object-meta.ts'
import { each } from './check.ts'

interface Keyed {
  readonly labelSelector?: LabelSelector | undefined
  readonly matchLabelKeys?: readonly string[] | undefined
  readonly mismatchLabelKeys?: readonly string[] | undefined
}

/** `matchLabelKeys` and `mismatchLabelKeys` beside a label selector. */
export function validateLabelKeys(keyed: Keyed, path: string): readonly FieldError[] {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = keyed
  const errors: FieldError[] = []
  for (const [name, keys] of [['matchLabelKeys', matchLabelKeys], ['mismatchLabelKeys', mismatchLabelKeys]] as const) {
    if (keys.length > 0 && !labelSelector) errors.push(forbidden(`${path}.${name}`, 'must not be specified when labelSelector is not set'))
    errors.push(...each(keys, `${path}.${name}`, (key, at) => validateLabelName(key, at)))
  }
  const both = each(matchLabelKeys, `${path}.matchLabelKeys`, (key, at) => (mismatchLabelKeys.includes(key) ? [invalid(at, key, 'exists in both matchLabelKeys and mismatchLabelKeys')] : []))
  return [...errors, ...both]
}
