import { type FieldError, forbidden, invalid } from '../../../shared/model/field-error.ts'
import type { LabelSelector } from '../../../shared/model/gen/api.ts'
import { validateLabelName } from '../../../shared/model/validation/object-meta.ts'
import { each } from './check.ts'

interface Keyed {
  readonly labelSelector?: LabelSelector | undefined
  readonly matchLabelKeys?: readonly string[] | undefined
  readonly mismatchLabelKeys?: readonly string[] | undefined
}

/** `matchLabelKeys` and `mismatchLabelKeys` beside a label selector, which at create has got what they stand for already. */
export function validateLabelKeys(keyed: Keyed, path: string): readonly FieldError[] {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = keyed
  const mismatched = new Set(mismatchLabelKeys)
  const names = (keys: readonly string[], field: string): readonly FieldError[] =>
    keys.length > 0 && !labelSelector ? [forbidden(field, 'must not be specified when labelSelector is not set')] : each(keys, field, (key, at) => validateLabelName(key, at))
  return [
    ...names(matchLabelKeys, `${path}.matchLabelKeys`),
    ...names(mismatchLabelKeys, `${path}.mismatchLabelKeys`),
    ...saidInSelector(matchLabelKeys, labelSelector, path),
    ...each(matchLabelKeys, `${path}.matchLabelKeys`, (key, at) => (mismatched.has(key) ? [invalid(at, key, 'exists in both matchLabelKeys and mismatchLabelKeys')] : [])),
  ]
}

/** Keys that a selector speaks of twice: once by itself, and once because of the key. Kubernetes names the key's place as one of the path's. */
function saidInSelector(keys: readonly string[], selector: LabelSelector | undefined, path: string): readonly FieldError[] {
  if (keys.length === 0) return []
  const places = new Map(keys.map((key, index) => [key, index]))
  const said = new Set(Object.keys(selector?.matchLabels ?? {}))
  return (selector?.matchExpressions ?? []).flatMap(({ key }) => {
    const place = said.has(key) ? places.get(key) : undefined
    said.add(key)
    return place === undefined ? [] : [invalid(`${path}[${place}]`, key, 'exists in both matchLabelKeys and labelSelector')]
  })
}
