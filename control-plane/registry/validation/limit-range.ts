import { duplicate, type FieldError, forbidden, invalid, required } from '../../../shared/model/field-error.ts'
import type { LimitRange, LimitRangeItem } from '../../../shared/model/gen/api.ts'
import { compareQuantities, parseQuantity } from '../../../shared/model/quantity.ts'
import { qualifiedNameProblems } from '../../../shared/model/validation/names.ts'
import { amountsOf, type ResourceList } from '../resource-list.ts'
import { each, objections } from './check.ts'
import { isOvercommitAllowed, validateContainerResourceName, validateResourceName } from './resource-names.ts'

const types = ['Pod', 'Container', 'PersistentVolumeClaim'] as const
const NOT_FOR_PODS = "may not be specified when `type` is 'Pod'"

export function validateNewLimitRange({ spec }: LimitRange): readonly FieldError[] {
  const seen = new Set<string>()
  return each(spec?.limits, 'spec.limits', (item, at) => {
    const type = item.type ?? ''
    const twice = seen.has(type) ? [duplicate(`${at}.type`, type)] : []
    seen.add(type)
    return [...validateType(type, `${at}.type`), ...twice, ...validateItem(item, at)]
  })
}

function validateType(type: string, field: string): readonly FieldError[] {
  const problems = qualifiedNameProblems(type)
  if (problems.length > 0) return objections(field, type, problems)
  return type.includes('/') || types.some((one) => one === type) ? [] : [invalid(field, type, 'must be a standard limit type or fully qualified')]
}

function validateItem(item: LimitRangeItem, path: string): readonly FieldError[] {
  const isPod = item.type === 'Pod'
  const judge = isPod || item.type === 'Container' ? validateContainerResourceName : validateResourceName
  const names = (list: ResourceList, field: string): readonly FieldError[] => Object.keys(list).toSorted().flatMap((name) => judge(name, `${path}.${field}[${name}]`))
  const own = { max: amountsOf(item.max), min: amountsOf(item.min), default: amountsOf(item.default), defaultRequest: amountsOf(item.defaultRequest), ratio: amountsOf(item.maxLimitRequestRatio) }
  const errors: FieldError[] = [...names(own.max, 'max'), ...names(own.min, 'min')]
  for (const field of ['default', 'defaultRequest'] as const) {
    if (!isPod) errors.push(...names(own[field], field))
    else if (Object.keys(own[field]).length > 0) errors.push(forbidden(`${path}.${field}`, NOT_FOR_PODS))
  }
  if (item.type === 'PersistentVolumeClaim' && own.min['storage'] === undefined && own.max['storage'] === undefined) {
    errors.push(required(`${path}.limits`, 'either minimum or maximum storage value is required, but neither was provided'))
  }
  errors.push(...names(own.ratio, 'maxLimitRequestRatio'))
  const compared = isPod ? { ...own, default: {}, defaultRequest: {} } : own
  const all = new Set([own.max, own.min, compared.default, compared.defaultRequest, own.ratio].flatMap((list) => Object.keys(list)))
  return [...errors, ...[...all].toSorted().flatMap((name) => compareAmounts(name, compared, path))]
}

interface Lists {
  readonly max: ResourceList
  readonly min: ResourceList
  readonly default: ResourceList
  readonly defaultRequest: ResourceList
  readonly ratio: ResourceList
}

const isMore = (a: string | undefined, b: string | undefined): boolean => a !== undefined && b !== undefined && compareQuantities(a, b) > 0

/** What is said of one resource must fit together. Kubernetes quotes now the one amount, now the other. */
function compareAmounts(name: string, lists: Lists, path: string): readonly FieldError[] {
  const [min, max, limit, request, ratio] = [lists.min[name], lists.max[name], lists.default[name], lists.defaultRequest[name], lists.ratio[name]]
  const errors: FieldError[] = []
  const say = (field: string, value: string | undefined, text: string): void => void errors.push(invalid(`${path}.${field}[${name}]`, value, text))
  if (isMore(min, max)) say('min', min, `min value ${min} is greater than max value ${max}`)
  if (isMore(min, request)) say('defaultRequest', request, `min value ${min} is greater than default request value ${request}`)
  if (isMore(request, max)) say('defaultRequest', request, `default request value ${request} is greater than max value ${max}`)
  if (isMore(request, limit)) say('defaultRequest', request, `default request value ${request} is greater than default limit value ${limit}`)
  if (isMore(min, limit)) say('default', min, `min value ${min} is greater than default value ${limit}`)
  if (isMore(limit, max)) say('default', max, `default value ${limit} is greater than max value ${max}`)
  if (ratio !== undefined && compareQuantities(ratio, '1') < 0) say('maxLimitRequestRatio', ratio, `ratio ${ratio} is less than 1`)
  if (ratio !== undefined && min !== undefined && max !== undefined) {
    const widest = numberOf(max) / numberOf(min)
    if (numberOf(ratio) > widest) say('maxLimitRequestRatio', ratio, `ratio ${ratio} is greater than max/min = ${widest.toFixed(6)}`)
  }
  if (!isOvercommitAllowed(name) && limit !== undefined && request !== undefined && compareQuantities(limit, request) !== 0) say('defaultRequest', request, `default value ${limit} must equal to defaultRequest value ${request} in ${name}`)
  return errors
}

const numberOf = (amount: string): number => Number(parseQuantity(amount)?.nanos ?? 0n) / 1e9
