import { type FieldError, invalid } from '../../../shared/model/field-error.ts'
import type { DeviceClass } from '../../../shared/model/gen/api.ts'
import { MOST_CONFIGS, validateOpaque, validateSelectors } from './device-claim.ts'
import { validateItems } from './limited-lists.ts'
import { isExtendedResource } from './resource-names.ts'

export function validateDeviceClass({ spec }: DeviceClass): readonly FieldError[] {
  const { selectors, config, extendedResourceName: extended } = spec ?? {}
  return [
    ...validateSelectors(selectors, 'spec.selectors'),
    ...validateItems(config, { path: 'spec.config', most: MOST_CONFIGS, check: ({ opaque }, at) => validateOpaque(opaque, `${at}.opaque`) }),
    ...(extended === undefined || isExtendedResource(extended) ? [] : [invalid('spec.extendedResourceName', extended, 'must be a valid extended resource name')]),
  ]
}
