/** How many replicas one metric of an autoscaler asks for, as Kubernetes' replica calculator reckons. PURE. */
import type { MetricSpec, MetricStatus, MetricTarget, Pod } from '../../../shared/model/gen/api.ts'
import { keyOf } from '../../../shared/model/meta.ts'
import type { MeasuredPod } from '../../../shared/model/node-usage.ts'
import { cpuMillis, formatQuantity, quantityValue } from '../../../shared/model/quantity.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { podAmounts } from '../../registry/quota/pod-amounts.ts'

/** The pods of what is scaled, and what was measured of them. */
export interface Seen {
  /** How many it has been told to have. */
  readonly replicas: number
  readonly pods: readonly Pod[]
  /** By uid; pods of which nothing is known are missing. */
  readonly usage: ReadonlyMap<string, MeasuredPod & { readonly atMs: number }>
  readonly nowMs: number
  /** How far from its target a metric may be without anything being done: 0.1 is a tenth. */
  readonly tolerance: { readonly up: number; readonly down: number }
}

export type Proposal =
  /** @property metric what it is of, in words */
  | { readonly kind: 'replicas'; readonly replicas: number; readonly metric: string; readonly status: MetricStatus }
  | { readonly kind: 'unknown'; readonly message: string }

/** Pods that have not been ready for so long after their start use processors for that. */
const CPU_SETTLES_MS = 300_000
/** A pod that has not been ready since so soon after its start is one that never was. */
const FIRST_READY_MS = 30_000

/** A metric of a resource, of whole pods or of one container of each. */
export function proposalFor({ type, resource, containerResource }: MetricSpec, seen: Seen): Proposal {
  const { name, target } = containerResource ?? resource ?? { name: '', target: { type } }
  const container = containerResource?.container
  const unknown = (why: string): Proposal => ({ kind: 'unknown', message: `failed to get ${name} ${target.averageUtilization === undefined ? 'usage' : 'utilization'}: ${why}` })
  const without = container === undefined ? undefined : seen.pods.find(({ metadata }) => seen.usage.get(metadata.uid ?? '')?.containers.every((one) => one.name !== container))
  if (without) return unknown(`unable to get metrics for resource ${name}: failed to get container metrics: container ${container} not present in metrics for pod ${keyOf(without)}`)
  const sorted = sortPods(seen, name, container)
  if (sorted.measured === 0) return unknown(`unable to get metrics for resource ${name}: no metrics returned from resource metrics API`)
  if (sorted.ready.size === 0) return unknown('did not receive metrics for targeted pods (pods might be unready)')
  const reckoned = reckon(seen, sorted, { name, target, container })
  if (typeof reckoned === 'string') return unknown(reckoned)
  const current = { ...(target.averageUtilization !== undefined && { averageUtilization: reckoned.utilization }), averageValue: amountText(name, reckoned.average) }
  const share = `${name} ${container === undefined ? '' : 'container '}resource utilization (percentage of request)`
  return {
    kind: 'replicas',
    replicas: reckoned.replicas,
    metric: target.averageUtilization === undefined ? `${name} resource` : share,
    status: container === undefined ? { type: 'Resource', resource: { name, current } } : { type: 'ContainerResource', containerResource: { name, container, current } },
  }
}

/** Thousandths of a processor, or bytes. */
const amountOf = (name: string, quantity: string | number | undefined): number => (name === 'cpu' ? cpuMillis : quantityValue)(quantity === undefined ? undefined : String(quantity))
const amountText = (name: string, amount: number): string => formatQuantity({ nanos: BigInt(Math.floor(amount)) * (name === 'cpu' ? 1_000_000n : 1_000_000_000n), format: 'DecimalSI' })

interface Sorted {
  /** Of how many pods something was measured at all. */
  readonly measured: number
  /** What each of those uses that count. */
  readonly ready: ReadonlyMap<Pod, number>
  readonly unready: readonly Pod[]
  readonly missing: readonly Pod[]
}

function sortPods({ pods, usage, nowMs }: Seen, name: string, container: string | undefined): Sorted {
  const ready = new Map<Pod, number>()
  const unready: Pod[] = []
  const missing: Pod[] = []
  let measured = 0
  for (const pod of pods) {
    const found = usage.get(pod.metadata.uid ?? '')
    const used = found && amountUsed(found, name, container)
    if (used !== undefined) measured++
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Failed') continue
    if (pod.status?.phase === 'Pending') unready.push(pod)
    else if (found === undefined || used === undefined) missing.push(pod)
    else if (name === 'cpu' && isUnsettled(pod, found, nowMs)) unready.push(pod)
    else ready.set(pod, used)
  }
  return { measured, ready, unready, missing }
}

function amountUsed({ containers }: MeasuredPod, name: string, container: string | undefined): number | undefined {
  const wanted = container === undefined ? containers : containers.filter((one) => one.name === container)
  if (wanted.length === 0 || (name !== 'cpu' && name !== 'memory')) return undefined
  return wanted.reduce((sum, one) => sum + (name === 'cpu' ? Math.ceil(one.cpuNanoCores / 1e6) : one.memoryBytes), 0)
}

function isUnsettled({ status }: Pod, { atMs, windowMs }: Seen['usage'] extends ReadonlyMap<string, infer T> ? T : never, nowMs: number): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready')
  const startedMs = parseTime(status?.startTime)
  const changedMs = parseTime(condition?.lastTransitionTime)
  if (condition === undefined || startedMs === undefined || changedMs === undefined) return true
  if (startedMs + CPU_SETTLES_MS > nowMs) return condition.status === 'False' || atMs < changedMs + windowMs
  return condition.status === 'False' && startedMs + FIRST_READY_MS > changedMs
}

interface Aim {
  readonly name: string
  readonly target: MetricTarget
  readonly container: string | undefined
}

interface Reckoned {
  readonly replicas: number
  /** Percent of what was asked for. */
  readonly utilization: number
  readonly average: number
}

/** Answers why it cannot be told, where it cannot. */
function reckon(seen: Seen, { ready, unready, missing }: Sorted, aim: Aim): Reckoned | string {
  const requests = new Map<Pod, number>()
  if (aim.target.averageUtilization !== undefined) {
    for (const pod of seen.pods) {
      const asked = requestOf(pod, aim)
      if (typeof asked === 'string') return asked
      requests.set(pod, asked)
    }
  }
  // Of nothing there is no share: who asks for 0 is not taken for idle.
  if (aim.target.averageUtilization !== undefined && [...ready.keys()].every((pod) => requests.get(pod) === 0)) return 'no metrics returned matched known pods'
  const measure = measureBy(aim, requests)
  const first = measure(ready)
  const { average, utilization } = first
  const settled = (replicas: number): Reckoned => ({ replicas, average, utilization })
  const grows = first.ratio > 1
  if (missing.length === 0 && !(grows && unready.length > 0)) return settled(isNear(seen, first.ratio) ? seen.replicas : Math.ceil(first.ratio * ready.size))
  const all = new Map(ready)
  // What is not known is taken for what keeps things as they are.
  const share = Math.max(100, aim.target.averageUtilization ?? 100) / 100
  const perPod = aim.target.averageUtilization === undefined ? amountOf(aim.name, aim.target.averageValue) : undefined
  if (first.ratio < 1) for (const pod of missing) all.set(pod, perPod ?? (requests.get(pod) ?? 0) * share)
  else if (grows) for (const pod of missing) all.set(pod, 0)
  if (grows) for (const pod of unready) all.set(pod, 0)
  const { ratio } = measure(all)
  if (isNear(seen, ratio) || (first.ratio < 1 && ratio > 1) || (grows && ratio < 1)) return settled(seen.replicas)
  const replicas = Math.ceil(ratio * all.size)
  return settled((ratio < 1 && replicas > seen.replicas) || (ratio > 1 && replicas < seen.replicas) ? seen.replicas : replicas)
}

const isNear = ({ tolerance: { up, down } }: Seen, ratio: number): boolean => ratio >= 1 - down && ratio <= 1 + up

type Usage = { readonly ratio: number; readonly utilization: number; readonly average: number }

const measureBy = ({ name, target }: Aim, requests: ReadonlyMap<Pod, number>) => (used: ReadonlyMap<Pod, number>): Usage => {
  const total = [...used.values()].reduce((sum, one) => sum + one, 0)
  const average = Math.floor(total / used.size)
  if (target.averageUtilization === undefined) return { ratio: average / amountOf(name, target.averageValue), utilization: 0, average }
  const asked = [...used.keys()].reduce((sum, pod) => sum + (requests.get(pod) ?? 0), 0)
  const utilization = Math.floor((total * 100) / asked)
  return { ratio: utilization / target.averageUtilization, utilization, average }
}

/** What a pod asked for of the resource, as a whole or by its containers, or what did not say. */
function requestOf(pod: Pod, { name, container }: Aim): number | string {
  const { metadata, spec } = pod
  if (container === undefined && Object.keys(spec?.resources?.requests ?? {}).length > 0) {
    const whole = podAmounts(pod, 'requests')[name]
    return whole === undefined ? `missing pod-level request for ${name} in Pod ${metadata.name ?? ''}` : amountOf(name, whole)
  }
  const sidecars = (spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always')
  const asking = [...(spec?.containers ?? []), ...sidecars].filter((one) => container === undefined || one.name === container)
  if (container !== undefined && asking.length === 0) return `container ${container} not found in Pod ${metadata.name ?? ''}`
  let sum = 0
  for (const one of asking) {
    const asked = one.resources?.requests?.[name]
    if (asked === undefined) return `missing request for ${name} in container ${one.name} of Pod ${metadata.name ?? ''}`
    sum += amountOf(name, asked)
  }
  return sum
}
