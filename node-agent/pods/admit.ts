import type { Pod } from '../../shared/model/gen/api.ts'
import { podPeak, type Reckoning } from '../../shared/model/pod-peak.ts'
import { cpuMillis, quantityValue } from '../../shared/model/quantity.ts'
import { missingModule, noSecurityModules, type SecurityModules } from '../runtime/confinement.ts'
import { sysctlName } from '../../shared/model/sysctl.ts'
import type { Verdict } from './record.ts'

/** What the node has to give. */
export interface NodeCapacity {
  readonly cpuMillis: number
  readonly memoryBytes: number
  readonly pods: number
  /** In bytes, by the resource's name, `hugepages-2Mi`; none unless given. */
  readonly hugePages?: Readonly<Record<string, number>> | undefined
  /** None unless given. */
  readonly securityModules?: SecurityModules | undefined
}

/** Sysctls that only change the pod itself: kubelet's list. */
const SAFE_SYSCTLS = new Set(['kernel.shm_rmid_forced', 'net.ipv4.ip_local_port_range', 'net.ipv4.tcp_syncookies', 'net.ipv4.ping_group_range', 'net.ipv4.ip_unprivileged_port_start', 'net.ipv4.ip_local_reserved_ports', 'net.ipv4.tcp_keepalive_time', 'net.ipv4.tcp_fin_timeout', 'net.ipv4.tcp_keepalive_intvl', 'net.ipv4.tcp_keepalive_probes', 'net.ipv4.tcp_rmem', 'net.ipv4.tcp_wmem'])

/**
 * Whether this node can take a pod beside those it has: the last check, for pods that name their node themselves. Pure.
 * @returns why not, with kubelet's reasons; the status says `Pod was rejected: ` before the message.
 */
export function admit(pod: Pod, others: readonly Pod[], capacity: NodeCapacity): Verdict | undefined {
  const sysctl = (pod.spec?.securityContext?.sysctls ?? []).find((one) => !SAFE_SYSCTLS.has(sysctlName(one.name)))
  if (sysctl !== undefined) return { reason: 'SysctlForbidden', message: `forbidden sysctl: "${sysctl.name}" not allowlisted` }
  const missing = missingModule(pod, capacity.securityModules ?? noSecurityModules)
  if (missing !== undefined) return missing
  if (others.length + 1 > capacity.pods) return tooMuch('pods', { requested: 1, used: others.length, capacity: capacity.pods })
  const pages = hugePagesAskedFor(pod).map((name) => over(name, capacity.hugePages?.[name] ?? 0, (one) => requestedBytes(one, name)))
  return over('cpu', capacity.cpuMillis, requestedMillis) ?? over('memory', capacity.memoryBytes, (one) => requestedBytes(one, 'memory')) ?? pages.find((one) => one !== undefined)

  function over(resource: string, limit: number, read: (one: Pod) => number): Verdict | undefined {
    const requested = read(pod)
    const used = others.reduce((sum, one) => sum + read(one), 0)
    return requested > 0 && used + requested > limit ? tooMuch(resource, { requested, used, capacity: limit }) : undefined
  }
}

const tooMuch = (resource: string, { requested, used, capacity }: { readonly requested: number; readonly used: number; readonly capacity: number }): Verdict => ({
  reason: `OutOf${resource}`,
  message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
})

const requestedMillis = (pod: Pod): number => requestOf(pod, (list) => cpuMillis(text(list?.['cpu'])))
const requestedBytes = (pod: Pod, resource: string): number => requestOf(pod, (list) => quantityValue(text(list?.[resource])))
const text = (value: string | number | undefined): string | undefined => (value === undefined ? undefined : String(value))

/** In the order of their names. */
function hugePagesAskedFor({ spec }: Pod): readonly string[] {
  const all = [spec, ...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].flatMap((one) => Object.keys(one?.resources?.requests ?? {}))
  return [...new Set(all.filter((name) => name.startsWith('hugepages-')))].toSorted()
}

const MOST: Reckoning<number> = { zero: 0, add: (a, b) => a + b, max: Math.max }

/** What a pod asks for as a whole: its own word, or what its containers take together; and its overhead. */
function requestOf({ spec = { containers: [] } }: Pod, read: (list: Readonly<Record<string, string | number>> | undefined) => number): number {
  const own = read(spec.resources?.requests)
  return (own > 0 ? own : podPeak(spec, (one) => read(one.resources?.requests), MOST)) + read(spec.overhead)
}
