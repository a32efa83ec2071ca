import type { Container, Pod, PodStatus, ResourceFieldSelector } from './gen/api.ts'
import { cpuMillis, quantityValue } from './quantity.ts'

/** What the downward API says of a pod: for variables (`valueFrom`) and for files (`downwardAPI` volumes). Pure. */

/** The status fields a value may name: those the node knows, which may be newer than the object. */
export type DownwardStatus = Pick<PodStatus, 'hostIP' | 'hostIPs' | 'podIP' | 'podIPs'>

const SUBSCRIPT = /^(metadata\.(?:labels|annotations))\['(.*)'\]$/

/**
 * The value of a `fieldRef`, or `undefined` if there is no such field.
 * @param status the addresses, where the caller knows them better than `pod.status`.
 */
export function fieldValue(pod: Pod, fieldPath: string, status: DownwardStatus = pod.status ?? {}): string | undefined {
  const subscript = SUBSCRIPT.exec(fieldPath)
  if (subscript) return (subscript[1] === 'metadata.labels' ? pod.metadata.labels : pod.metadata.annotations)?.[subscript[2] ?? ''] ?? ''
  switch (fieldPath) {
    case 'metadata.name':
      return pod.metadata.name ?? ''
    case 'metadata.namespace':
      return pod.metadata.namespace ?? ''
    case 'metadata.uid':
      return pod.metadata.uid ?? ''
    case 'metadata.labels':
      return formatMap(pod.metadata.labels ?? {})
    case 'metadata.annotations':
      return formatMap(pod.metadata.annotations ?? {})
    case 'spec.nodeName':
      return pod.spec?.nodeName ?? ''
    case 'spec.serviceAccountName':
      return pod.spec?.serviceAccountName ?? ''
    case 'status.hostIP':
      return status.hostIP ?? ''
    case 'status.hostIPs':
      return (status.hostIPs ?? []).map((one) => one.ip).join(',')
    case 'status.podIP':
      return status.podIP ?? ''
    case 'status.podIPs':
      return (status.podIPs ?? []).map((one) => one.ip ?? '').join(',')
    default:
      return undefined
  }
}

/** Labels or annotations as a file shows them: one `key="value"` a line, sorted, quoted as Go does. */
export const formatMap = (map: Readonly<Record<string, string>>): string =>
  Object.keys(map)
    .sort()
    .map((key) => `${key}=${quoteGo(map[key] ?? '')}`)
    .join('\n')

const ESCAPES: Readonly<Record<string, string>> = { '\u0007': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\u000b': '\\v', '\\': '\\\\', '"': '\\"' }

/** A string as `%q` of Go prints it. */
export const quoteGo = (text: string): string => `"${text.replace(/["\\\u0000-\u001f\u007f]/g, (char) => ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`

export interface ResourceContext {
  /** The container that asks, where the selector names none. */
  readonly containerName?: string | undefined
  /** What the node offers: a limit that is not set means all of it. */
  readonly allocatable?: Readonly<Record<string, string | number>> | undefined
}

/** The value of a `resourceFieldRef` (rounded up to whole divisors), or `undefined` if it names no container or no resource there can be. */
export function resourceValue(pod: Pod, selector: ResourceFieldSelector, context: ResourceContext = {}): string | undefined {
  const name = selector.containerName ?? context.containerName
  const container = containersOf(pod).find((one) => one.name === name)
  const match = /^(limits|requests)\.(.+)$/.exec(selector.resource)
  if (!container || !match) return undefined
  const resource = match[2] ?? ''
  const set = container.resources?.[match[1] === 'limits' ? 'limits' : 'requests']?.[resource]
  const amount = set ?? (match[1] === 'limits' ? context.allocatable?.[resource] : undefined) ?? '0'
  return String(divideUp(resource, String(amount), String(selector.divisor ?? '0')))
}

function divideUp(resource: string, amount: string, divisor: string): number {
  const measure = resource === 'cpu' ? cpuMillis : quantityValue
  const unit = resource === 'cpu' ? 1000 : 1
  return Math.ceil(measure(amount) / (measure(divisor) || unit))
}

const containersOf = (pod: Pod): readonly Pick<Container, 'name' | 'resources'>[] => [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? []), ...(pod.spec?.ephemeralContainers ?? [])]
