/** What objects count for in a ResourceQuota. One entry for each kind that counts as more than one of its kind. */
import type { PersistentVolumeClaim, Pod, Service } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { addQuantities, compareQuantities, parseQuantity, quantityValue, subtractQuantities } from '../../../shared/model/quantity.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { amountsOf, type ResourceList } from '../resource-list.ts'
import { podAmounts } from './pod-amounts.ts'

export interface Counted {
  readonly group: string
  readonly plural: string
}

/** Counted since before there was `count/…`. */
const oldNames = ['configmaps', 'resourcequotas', 'replicationcontrollers', 'secrets', 'services', 'persistentvolumeclaims']
const ofServices = ['services.nodeports', 'services.loadbalancers']
const ofPods = ['cpu', 'memory', 'ephemeral-storage'].flatMap((name) => [name, `requests.${name}`, `limits.${name}`]).concat('pods')
const ofClaims = ['persistentvolumeclaims', 'requests.storage']
const CLASS = '.storageclass.storage.k8s.io/'

export const countName = ({ group, plural }: Counted): string => `count/${plural}${group === '' ? '' : `.${group}`}`

/** Whether objects of this resource are counted under the name. */
export function isCountedAs(resource: Counted, name: string): boolean {
  if (name === countName(resource)) return true
  if (resource.group !== '') return false
  switch (resource.plural) {
    case 'pods':
      return ofPods.includes(name) || name.startsWith('hugepages-') || name.startsWith('requests.hugepages-') || isExtendedRequest(name)
    case 'services':
      return name === 'services' || ofServices.includes(name)
    case 'persistentvolumeclaims':
      return ofClaims.includes(name) || ofClaims.some((one) => name.endsWith(`${CLASS}${one}`))
    default:
      return oldNames.includes(resource.plural) && name === resource.plural
  }
}

const isExtended = (name: string): boolean => name.includes('/') && !name.includes('kubernetes.io/')
const isExtendedRequest = (name: string): boolean => name.startsWith('requests.') && isExtended(name)

export function usageOf(resource: Counted, object: JsonObject, nowMs: number): ResourceList {
  const count = { [countName(resource)]: '1' }
  if (resource.group !== '') return count
  switch (resource.plural) {
    case 'pods':
      return { ...count, ...usageOfPod(object as unknown as Pod, nowMs) }
    case 'services':
      return { ...count, services: '1', ...usageOfService(object as unknown as Service) }
    case 'persistentvolumeclaims':
      return { ...count, ...usageOfClaim(object as unknown as PersistentVolumeClaim) }
    default:
      return oldNames.includes(resource.plural) ? { ...count, [resource.plural]: '1' } : count
  }
}

/** Finished pods, and those that should long be gone, use nothing any more. */
function isOver({ metadata, status }: Pod, nowMs: number): boolean {
  if (status?.phase === 'Succeeded' || status?.phase === 'Failed') return true
  const deadline = parseTime(metadata.deletionTimestamp)
  return deadline !== undefined && metadata.deletionGracePeriodSeconds !== undefined && nowMs > deadline + Number(metadata.deletionGracePeriodSeconds) * 1000
}

function usageOfPod(pod: Pod, nowMs: number): ResourceList {
  return isOver(pod, nowMs) ? {} : { pods: '1', ...computeUsage(podAmounts(pod, 'requests'), podAmounts(pod, 'limits')) }
}

/** The names of quotas for what containers ask for. */
export function computeUsage(requests: ResourceList, limits: ResourceList): ResourceList {
  const usage: Record<string, string> = {}
  for (const name of ['cpu', 'memory', 'ephemeral-storage']) {
    const [request, limit] = [requests[name], limits[name]]
    if (request !== undefined) {
      usage[name] = request
      usage[`requests.${name}`] = request
    }
    if (limit !== undefined) usage[`limits.${name}`] = limit
  }
  for (const [name, amount] of Object.entries(requests)) {
    if (name.startsWith('hugepages-')) usage[name] = amount
    if (name.startsWith('hugepages-') || isExtended(name)) usage[`requests.${name}`] = amount
  }
  return usage
}

function usageOfService({ spec }: Service): ResourceList {
  const ports = spec?.ports ?? []
  switch (spec?.type) {
    case 'NodePort':
      return { 'services.nodeports': String(ports.length), 'services.loadbalancers': '0' }
    case 'LoadBalancer': {
      const given = spec.allocateLoadBalancerNodePorts === false ? ports.filter(({ nodePort }) => nodePort) : ports
      return { 'services.nodeports': String(given.length), 'services.loadbalancers': '1' }
    }
    default:
      return { 'services.nodeports': '0', 'services.loadbalancers': '0' }
  }
}

const WHOLE = 1_000_000_000n
const wholeBytes = (amount: string): string => ((parseQuantity(amount)?.nanos ?? 0n) % WHOLE === 0n ? amount : String(quantityValue(amount)))

function usageOfClaim({ metadata, spec, status }: PersistentVolumeClaim): ResourceList {
  const className = metadata.annotations?.['volume.beta.kubernetes.io/storage-class'] ?? spec?.storageClassName ?? ''
  const asked = amountsOf(spec?.resources?.requests)['storage']
  const allocated = amountsOf(status?.allocatedResources)['storage']
  const storage = asked === undefined ? undefined : wholeBytes(compareQuantities(allocated, asked) > 0 ? (allocated ?? asked) : asked)
  const usage: ResourceList = { persistentvolumeclaims: '1', ...(storage !== undefined && { 'requests.storage': storage }) }
  const byClass = className === '' ? [] : Object.entries(usage).map(([name, amount]) => [`${className}${CLASS}${name}`, amount] as const)
  return { ...usage, ...Object.fromEntries(byClass) }
}

export const sumUsage = (a: ResourceList, b: ResourceList): ResourceList => ({ ...a, ...Object.fromEntries(Object.entries(b).map(([name, amount]) => [name, addQuantities(a[name], amount)])) })

/** How much more `b` uses than `a` did, without what it uses no more of. */
export function grownUsage(usage: ResourceList, before: ResourceList): ResourceList {
  return Object.fromEntries(Object.entries(usage).flatMap(([name, amount]) => (compareQuantities(amount, before[name]) > 0 ? [[name, before[name] === undefined ? amount : subtractQuantities(amount, before[name])]] : [])))
}
