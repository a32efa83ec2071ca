import type { Event, Node, Pod } from '../../shared/model/gen/api.ts'
import { addQuantities, cpuMillis, quantityValue } from '../../shared/model/quantity.ts'
import type { Sight } from '../nodes/sight.ts'
import { ageText, longTime } from '../print/age.ts'
import { stateText } from '../why/node-text.ts'
import { eventLines } from './events.ts'
import { annotationLines, createPage, inOrder, type Page } from './page.ts'

interface About {
  /** Those on it that have not ended. */
  readonly pods: readonly Pod[]
  readonly lease: { readonly spec?: { readonly holderIdentity?: string; readonly acquireTime?: string; readonly renewTime?: string } } | undefined
  readonly sight: Sight
  readonly events: readonly Event[]
  readonly nowMs: number
}

const ROLE = 'node-role.kubernetes.io/'

export function describeNode(node: Node, { pods, lease, sight, events, nowMs }: About): string {
  const { metadata, spec, status } = node
  const page = createPage()
  const roles = Object.keys(metadata.labels ?? {}).flatMap((key) => (key.startsWith(ROLE) ? [key.slice(ROLE.length)] : []))
  page.line(0, `Name:\t${metadata.name ?? ''}\nRoles:\t${roles.length > 0 ? roles.join(',') : '<none>'}`)
  page.multiline('Labels', metadata.labels)
  annotationLines(page, metadata.annotations)
  page.line(0, `CreationTimestamp:\t${longTime(metadata.creationTimestamp)}`)
  taints(page, node)
  page.line(0, `Unschedulable:\t${spec?.unschedulable ?? false}`)
  page.line(0, `Life:\t${stateText({ name: metadata.name ?? '', node, sight, nowMs })}`)
  page.line(0, 'Lease:')
  page.line(1, `HolderIdentity:\t${lease?.spec?.holderIdentity ?? '<unset>'}\nAcquireTime:\t${lease?.spec?.acquireTime ? longTime(lease.spec.acquireTime) : '<unset>'}\nRenewTime:\t${lease?.spec?.renewTime ? longTime(lease.spec.renewTime) : '<unset>'}`)
  conditions(page, node)
  page.line(0, 'Addresses:')
  for (const { type, address } of status?.addresses ?? []) page.line(1, `${type}:\t${address}`)
  for (const [label, amounts] of [['Capacity', status?.capacity], ['Allocatable', status?.allocatable]] as const) {
    page.line(0, `${label}:`)
    for (const [name, amount] of inOrder(amounts)) page.line(1, `${name}:\t${amount}`)
  }
  system(page, node)
  if (spec?.podCIDR) page.line(0, `PodCIDR:\t${spec.podCIDR}\nPodCIDRs:\t${(spec.podCIDRs ?? []).join(',')}`)
  if (spec?.providerID) page.line(0, `ProviderID:\t${spec.providerID}`)
  allocated(page, node, { pods, nowMs })
  eventLines(page, events, nowMs)
  return page.text()
}

function taints(page: Page, { spec }: Node): void {
  const texts = (spec?.taints ?? []).map(({ key, value, effect }) => `${key}${value ? `=${value}` : ''}:${effect}`)
  page.line(0, `Taints:\t${texts[0] ?? '<none>'}`)
  for (const text of texts.slice(1)) page.line(0, `\t${text}`)
}

function conditions(page: Page, { status }: Node): void {
  page.line(0, 'Conditions:\n  Type\tStatus\tLastHeartbeatTime\tLastTransitionTime\tReason\tMessage\n  ----\t------\t-----------------\t------------------\t------\t-------')
  for (const one of status?.conditions ?? []) page.line(1, `${one.type} \t${one.status} \t${longTime(one.lastHeartbeatTime)} \t${longTime(one.lastTransitionTime)} \t${one.reason ?? ''} \t${one.message ?? ''}`)
}

function system(page: Page, { status }: Node): void {
  const { nodeInfo } = status ?? {}
  if (!nodeInfo) return
  page.line(0, 'System Info:')
  page.line(1, `Machine ID:\t${nodeInfo.machineID}\nSystem UUID:\t${nodeInfo.systemUUID}\nBoot ID:\t${nodeInfo.bootID}\nKernel Version:\t${nodeInfo.kernelVersion}\nOS Image:\t${nodeInfo.osImage}\nOperating System:\t${nodeInfo.operatingSystem}\nArchitecture:\t${nodeInfo.architecture}\nContainer Runtime Version:\t${nodeInfo.containerRuntimeVersion}\nKubelet Version:\t${nodeInfo.kubeletVersion}\nKube-Proxy Version:\t${nodeInfo.kubeProxyVersion ?? ''}`)
}

type Amounts = Readonly<Record<string, string>>
type Side = 'requests' | 'limits'

/** Of containers together; what is overhead of the pod counts too. */
function podAmount({ spec }: Pod, side: Side, name: string): string {
  const sum = (spec?.containers ?? []).map(({ resources }) => resources?.[side]?.[name]).reduce<string>((total, one) => (one === undefined ? total : addQuantities(total, String(one))), '0')
  const overhead = spec?.overhead?.[name]
  return overhead === undefined ? sum : addQuantities(sum, String(overhead))
}

const share = (amount: string, of: string | undefined, name: string): string => {
  const value = name === 'cpu' ? cpuMillis : quantityValue
  const whole = value(of)
  return `${amount} (${whole === 0 ? 0 : Math.trunc((value(amount) / whole) * 100)}%)`
}

function allocated(page: Page, { status }: Node, { pods, nowMs }: { readonly pods: readonly Pod[]; readonly nowMs: number }): void {
  const allocatable = (status?.allocatable ?? {}) as Amounts
  page.line(0, `Non-terminated Pods:\t(${pods.length} in total)`)
  page.line(1, 'Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge\n---------\t----\t\t------------\t----------\t---------------\t-------------\t---')
  for (const pod of pods) {
    const cell = (side: Side, name: string): string => share(podAmount(pod, side, name), allocatable[name], name)
    page.line(1, `${pod.metadata.namespace ?? ''}\t${pod.metadata.name ?? ''}\t\t${cell('requests', 'cpu')}\t${cell('limits', 'cpu')}\t${cell('requests', 'memory')}\t${cell('limits', 'memory')}\t${ageText(pod.metadata.creationTimestamp, nowMs)}`)
  }
  page.line(0, 'Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n  Resource\tRequests\tLimits\n  --------\t--------\t------')
  for (const name of ['cpu', 'memory', 'ephemeral-storage', ...Object.keys(allocatable).filter((one) => one.startsWith('hugepages-')).toSorted()]) {
    const total = (side: Side): string => pods.map((pod) => podAmount(pod, side, name)).reduce((sum, one) => addQuantities(sum, one), '0')
    page.line(1, `${name}\t${share(total('requests'), allocatable[name], name)}\t${share(total('limits'), allocatable[name], name)}`)
  }
}
