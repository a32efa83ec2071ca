import type { LimitRange, LimitRangeItem } from '../../shared/model/gen/api.ts'
import { plainColumns, plainRow } from './columns/storage.ts'
import { fillAbsent, mapItems, mapMember } from './defaults/fill.ts'
import { defaultResourceList } from './defaults/resources.ts'
import type { QuantityList } from './resource-list.ts'
import { defineKind, storedVerbs, unchanged } from './typed-kind.ts'
import { validateNewLimitRange } from './validation/limit-range.ts'

export const limitRange = defineKind<LimitRange>({
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  singular: 'limitrange',
  shortNames: ['limits'],
  categories: [],
  namespaced: true,
  schema: 'io.k8s.api.core.v1.LimitRange',
  verbs: storedVerbs,
  subresources: [],
  defaults: (object) => mapMember(fillAbsent(object, { spec: { limits: [] } }), 'spec', (spec) => mapItems(spec, 'limits', defaultItem)),
  prepareForCreate: named,
  prepareForUpdate: unchanged,
  validateCreate: validateNewLimitRange,
  validateUpdate: validateNewLimitRange,
  nameRule: 'dns-subdomain',
  allowCreateOnUpdate: true,
  allowUnconditionalUpdate: true,
  deleteAnswers: 'status',
  defaultPropagation: 'Background',
  columns: plainColumns,
  row: plainRow,
})

/** A range without a name gets one that is nobody else's: the digits of its uid, backwards. */
function named(object: LimitRange): LimitRange {
  const { name, uid = '' } = object.metadata
  if (name) return object
  const digits = [...uid.replaceAll('-', '')]
  return { ...object, metadata: { ...object.metadata, name: uid.replaceAll(/[0-9a-f]/g, () => digits.pop() ?? '0') } }
}

const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

/** A container that says nothing gets as much as it may have; and asks for what it is limited to, or else for the least. */
function defaultItem(item: LimitRangeItem): LimitRangeItem {
  const rounded = lists.reduce<LimitRangeItem>((changed, name) => mapMember(changed, name, defaultResourceList), item)
  if (rounded.type !== 'Container') return rounded
  const limits: QuantityList = { ...rounded.max, ...rounded.default }
  const requests: QuantityList = { ...rounded.min, ...limits, ...rounded.defaultRequest }
  return { ...rounded, ...(Object.keys(limits).length > 0 && { default: limits }), ...(Object.keys(requests).length > 0 && { defaultRequest: requests }) }
}
