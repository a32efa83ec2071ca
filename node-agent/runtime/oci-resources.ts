import type { Container, Pod, ResourceRequirements } from '../../shared/model/gen/api.ts'
import { cpuMillis, quantityValue } from '../../shared/model/quantity.ts'

const SHARES_PER_CPU = 1024
const MIN_SHARES = 2
const MAX_SHARES = 262_144
export const CPU_PERIOD_MICROS = 100_000
const MIN_QUOTA_MICROS = 1000

/** cgroup v1 shares for a request; the kernel's least for none. */
export const cpuShares = (requestMillis: number): number => (requestMillis === 0 ? MIN_SHARES : Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((requestMillis * SHARES_PER_CPU) / 1000))))

/** Microseconds in each period of 100 ms, at least what the kernel takes; undefined: no limit. */
export const cpuQuotaMicros = (limitMillis: number): number | undefined => (limitMillis === 0 ? undefined : Math.max(MIN_QUOTA_MICROS, Math.floor((limitMillis * CPU_PERIOD_MICROS) / 1000)))

const textOf = (value: string | number | undefined): string | undefined => (value === undefined ? undefined : String(value))

export interface ResourceLimits {
  readonly cpuShares: number
  readonly cpuQuotaMicros?: number | undefined
  readonly memoryBytes?: number | undefined
  readonly pids?: number | undefined
  /** By page size in bytes. */
  readonly hugePageBytes?: Readonly<Record<number, number>> | undefined
}

/** What the kernel is told of one container's requests and limits. A CPU limit without a request requests as much. */
export function containerLimits(resources: ResourceRequirements | undefined): ResourceLimits {
  const limitMillis = cpuMillis(textOf(resources?.limits?.['cpu']))
  const request = textOf(resources?.requests?.['cpu'])
  const memoryBytes = quantityValue(textOf(resources?.limits?.['memory']))
  const hugePageBytes = hugePages(resources)
  return { cpuShares: cpuShares(request === undefined ? limitMillis : cpuMillis(request)), cpuQuotaMicros: cpuQuotaMicros(limitMillis), ...(memoryBytes > 0 ? { memoryBytes } : {}), ...(hugePageBytes === undefined ? {} : { hugePageBytes }) }
}

const HUGE_PAGES = 'hugepages-'

/** `hugepages-2Mi: 64Mi`, by the size of the page. */
function hugePages(resources: ResourceRequirements | undefined): Readonly<Record<number, number>> | undefined {
  const limits = Object.entries(resources?.limits ?? {}).filter(([name]) => name.startsWith(HUGE_PAGES))
  return limits.length === 0 ? undefined : Object.fromEntries(limits.map(([name, amount]) => [quantityValue(name.slice(HUGE_PAGES.length)), quantityValue(textOf(amount))]))
}

/** As the OCI configuration and the kernel's control groups name the size of a page: `2MB`, `1GB`, in powers of 1024. */
export function pageSizeName(bytes: number): string {
  const [unit, size] = bytes >= 2 ** 30 ? ['GB', 2 ** 30] : bytes >= 2 ** 20 ? ['MB', 2 ** 20] : ['KB', 2 ** 10]
  return `${bytes / size}${unit}`
}

/**
 * What holds for a container inside its pod: one without limits of its own shows the bound that the pod as a whole has
 * (`spec.resources`, Kubernetes 1.34).
 */
export function limitsWithin(pod: Pod, container: Pick<Container, 'resources'>): ResourceLimits {
  const own = containerLimits(container.resources)
  const whole = pod.spec?.resources === undefined ? undefined : containerLimits(pod.spec.resources)
  if (whole === undefined) return own
  const limits = container.resources?.limits
  return {
    // Without a request of its own, a container in a bounded pod weighs what the pod's CPU limit would ask for.
    cpuShares: container.resources?.requests?.['cpu'] === undefined && limits?.['cpu'] === undefined ? cpuShares(cpuMillis(textOf(pod.spec?.resources?.limits?.['cpu'])) || cpuMillis(textOf(pod.spec?.resources?.requests?.['cpu']))) : own.cpuShares,
    cpuQuotaMicros: own.cpuQuotaMicros ?? whole.cpuQuotaMicros,
    memoryBytes: own.memoryBytes ?? whole.memoryBytes,
    hugePageBytes: own.hugePageBytes ?? whole.hugePageBytes,
  }
}

/** `linux.resources` of the OCI configuration. */
export function ociResources(limits: ResourceLimits, privileged: boolean): Readonly<Record<string, unknown>> {
  return {
    devices: privileged ? [{ allow: true, access: 'rwm' }] : [{ allow: false, access: 'rwm' }],
    cpu: { shares: limits.cpuShares, period: CPU_PERIOD_MICROS, ...(limits.cpuQuotaMicros === undefined ? {} : { quota: limits.cpuQuotaMicros }) },
    ...(limits.memoryBytes === undefined ? {} : { memory: { limit: limits.memoryBytes } }),
    ...(limits.pids === undefined ? {} : { pids: { limit: limits.pids } }),
    ...(limits.hugePageBytes === undefined ? {} : { hugepageLimits: Object.entries(limits.hugePageBytes).map(([size, limit]) => ({ pageSize: pageSizeName(Number(size)), limit })) }),
  }
}

/**
 * The memory by which a container's oom score is reckoned: what it asks for, its part of what the pod asks for beyond its containers, and for a sidecar
 * no less than the least of the main containers, so that it does not go before them.
 */
export function memoryRequestFor(pod: Pod, container: Pick<Container, 'name' | 'resources'>): number {
  const bytes = (one: { readonly resources?: ResourceRequirements | undefined } | undefined): number => quantityValue(textOf(one?.resources?.requests?.['memory']))
  const main = pod.spec?.containers ?? []
  const init = pod.spec?.initContainers ?? []
  const sidecars = init.filter((one) => one.restartPolicy === 'Always')
  const together = [...main, ...sidecars]
  const beyond = Math.max(0, bytes(pod.spec) - together.reduce((sum, one) => sum + bytes(one), 0))
  const own = bytes(container) + (together.length === 0 ? 0 : Math.floor(beyond / together.length))
  return sidecars.some(({ name }) => name === container.name) && main.length > 0 ? Math.max(own, Math.min(...main.map(bytes))) : own
}

export interface OomScoreOptions {
  readonly qosClass: string
  readonly priority: number
  readonly memoryRequestBytes: number
  readonly nodeMemoryBytes: number
}

const SYSTEM_CRITICAL = 2_000_000_000

/** How gladly the kernel kills it when memory runs out, as kubelet sets it: −997 never … 1000 first. */
export function oomScoreAdjust({ qosClass, priority, memoryRequestBytes, nodeMemoryBytes }: OomScoreOptions): number {
  if (priority >= SYSTEM_CRITICAL || qosClass === 'Guaranteed') return -997
  if (qosClass === 'BestEffort') return 1000
  const share = nodeMemoryBytes > 0 ? Math.floor((1000 * memoryRequestBytes) / nodeMemoryBytes) : 0
  return Math.min(999, Math.max(3, 1000 - share))
}
