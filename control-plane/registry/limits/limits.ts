/** What a LimitRange makes of pods and claims, and what it has against them. */
import type { Container, LimitRange, PersistentVolumeClaim, Pod } from '../../../shared/model/gen/api.ts'
import { compareQuantities, parseQuantity } from '../../../shared/model/quantity.ts'
import { podAmounts } from '../quota/pod-amounts.ts'
import { amountsOf, type ResourceList } from '../resource-list.ts'

const ANNOTATION = 'kubernetes.io/limit-ranger'

interface Defaults {
  readonly limits: ResourceList
  readonly requests: ResourceList
}

function defaultsOf({ spec }: LimitRange): Defaults {
  const items = (spec?.limits ?? []).filter(({ type }) => type === 'Container')
  return { limits: Object.assign({}, ...items.map((item) => amountsOf(item.default))) as ResourceList, requests: Object.assign({}, ...items.map((item) => amountsOf(item.defaultRequest))) as ResourceList }
}

/** The pod with defaults in the containers that leave them open, and an annotation that tells of them. */
export function withDefaults(pod: Pod, range: LimitRange): Pod {
  const defaults = defaultsOf(range)
  const told: string[] = []
  const fill = (what: string) => (container: Container): Container => filled(container, defaults, (text) => told.push(`${text} for ${what} ${container.name}`))
  const containers = (pod.spec?.containers ?? []).map(fill('container'))
  const initContainers = pod.spec?.initContainers?.map(fill('init container'))
  if (told.length === 0) return pod
  const annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${told.join('; ')}` }
  return { ...pod, metadata: { ...pod.metadata, annotations }, spec: { ...pod.spec, containers, ...(initContainers && { initContainers }) } }
}

function filled(container: Container, defaults: Defaults, tell: (text: string) => void): Container {
  const { resources } = container
  const missing = (side: 'limits' | 'requests'): readonly string[] => Object.keys(defaults[side]).filter((name) => resources?.[side]?.[name] === undefined).toSorted()
  const [requests, limits] = [missing('requests'), missing('limits')]
  if (requests.length > 0) tell(`${requests.join(', ')} request`)
  if (limits.length > 0) tell(`${limits.join(', ')} limit`)
  if (requests.length + limits.length === 0) return container
  return {
    ...container,
    resources: { ...resources, ...(limits.length > 0 && { limits: { ...defaults.limits, ...resources?.limits } }), ...(requests.length > 0 && { requests: { ...defaults.requests, ...resources?.requests } }) },
  }
}

interface Amounts {
  readonly requests: ResourceList
  readonly limits: ResourceList
}

/** Every objection against a pod, in words. */
export function podProblems(pod: Pod, { spec }: LimitRange): readonly string[] {
  return (spec?.limits ?? []).flatMap((item) => {
    const check = (amounts: Amounts): readonly string[] => [
      ...sorted(item.min, (name, amount) => belowMinimum({ type: item.type, name, amount }, amounts)),
      ...sorted(item.max, (name, amount) => aboveMaximum({ type: item.type, name, amount }, amounts)),
      ...sorted(item.maxLimitRequestRatio, (name, amount) => ratioProblem({ type: item.type, name, amount }, amounts)),
    ]
    if (item.type === 'Pod') return check({ requests: podAmounts(pod, 'requests'), limits: podAmounts(pod, 'limits') })
    if (item.type !== 'Container') return []
    return [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? [])].flatMap(({ resources }) => check({ requests: amountsOf(resources?.requests), limits: amountsOf(resources?.limits) }))
  })
}

/** Every objection against a claim: it is its request that counts. */
export function claimProblems(claim: PersistentVolumeClaim, { spec }: LimitRange): readonly string[] {
  const requests = amountsOf(claim.spec?.resources?.requests)
  return (spec?.limits ?? []).flatMap((item) => {
    if (item.type !== 'PersistentVolumeClaim') return []
    return [
      ...sorted(item.min, (name, amount) => belowMinimum({ type: item.type, name, amount }, { requests, limits: {} })),
      ...sorted(item.max, (name, amount) => {
        const most = `maximum ${name} usage per ${item.type} is ${amount}`
        if (requests[name] === undefined) return `${most}.  No request is specified`
        return compareQuantities(requests[name], amount) > 0 ? `${most}, but request is ${requests[name]}` : undefined
      }),
    ]
  })
}

const sorted = (list: Parameters<typeof amountsOf>[0], check: (name: string, amount: string) => string | undefined): readonly string[] =>
  Object.entries(amountsOf(list))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([name, amount]) => check(name, amount) ?? [])

interface Bound {
  readonly type: string
  readonly name: string
  readonly amount: string
}

function belowMinimum({ type, name, amount }: Bound, { requests, limits }: Amounts): string | undefined {
  const least = `minimum ${name} usage per ${type} is ${amount}`
  const [request, limit] = [requests[name], limits[name]]
  if (request === undefined) return `${least}.  No request is specified`
  if (compareQuantities(request, amount) < 0) return `${least}, but request is ${request}`
  return limit !== undefined && compareQuantities(limit, amount) < 0 ? `${least}, but limit is ${limit}` : undefined
}

function aboveMaximum({ type, name, amount }: Bound, { requests, limits }: Amounts): string | undefined {
  const most = `maximum ${name} usage per ${type} is ${amount}`
  const [request, limit] = [requests[name], limits[name]]
  if (limit === undefined) return `${most}.  No limit is specified`
  if (compareQuantities(limit, amount) > 0) return `${most}, but limit is ${limit}`
  return request !== undefined && compareQuantities(request, amount) > 0 ? `${most}, but request is ${request}` : undefined
}

const numberOf = (amount: string): number => Number(parseQuantity(amount)?.nanos ?? 0n) / 1e9

function ratioProblem({ type, name, amount }: Bound, { requests, limits }: Amounts): string | undefined {
  const most = `${name} max limit to request ratio per ${type} is ${amount}`
  const [request, limit] = [requests[name], limits[name]]
  if (request === undefined || numberOf(request) === 0) return `${most}, but no request is specified or request is 0`
  if (limit === undefined || numberOf(limit) === 0) return `${most}, but no limit is specified or limit is 0`
  const ratio = numberOf(limit) / numberOf(request)
  return ratio > numberOf(amount) ? `${most}, but provided ratio is ${ratio.toFixed(6)}` : undefined
}
