import { type FieldError, forbidden, invalid } from '../../../shared/model/field-error.ts'
import type { LabelSelector } from '../../../shared/model/gen/api.ts'
import { validateLabelName } from '../../../shared/model/validation/object-meta.ts'
import { each } from './check.ts'

interface Keyed {
  readonly labelSelector?: LabelSelector | undefined
  readonly matchLabelKeys?: readonly string[] | undefined
  readonly mismatchLabelKeys?: readonly string[] | undefined
}

/** How often the selector itself names a key. At create `matchLabelKeys` were merged into it: once is their own. */
function timesSelected(selector: LabelSelector | undefined, key: string): number {
  const expressions = (selector?.matchExpressions ?? []).filter((one) => one.key === key).length
  return expressions + (selector?.matchLabels?.[key] === undefined ? 0 : 2)
}

/** `matchLabelKeys` and `mismatchLabelKeys` beside a label selector. */
export function validateLabelKeys(keyed: Keyed, path: string): readonly FieldError[] {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = keyed
  const errors: FieldError[] = []
  for (const [name, keys] of [['matchLabelKeys', matchLabelKeys], ['mismatchLabelKeys', mismatchLabelKeys]] as const) {
    if (keys.length > 0 && !labelSelector) errors.push(forbidden(`${path}.${name}`, 'must not be specified when labelSelector is not set'))
    errors.push(
      ...each(keys, `${path}.${name}`, (key, at) => {
        const invalidName = validateLabelName(key, at)
        if (invalidName.length > 0) return invalidName
        return timesSelected(labelSelector, key) > 1 ? [invalid(at, key, `exists in both ${name} and labelSelector`)] : []
      }),
    )
  }
  const both = each(matchLabelKeys, `${path}.matchLabelKeys`, (key, at) => (mismatchLabelKeys.includes(key) ? [invalid(at, key, 'exists in both matchLabelKeys and mismatchLabelKeys')] : []))
  return [...errors, ...both]
}
