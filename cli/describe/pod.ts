import type { Event, Pod } from '../../shared/model/gen/api.ts'
import { durationText, longTime } from '../print/age.ts'
import { parseTime } from '../../shared/model/time.ts'
import { describeContainers } from './containers.ts'
import { eventLines } from './events.ts'
import { annotationLines, createPage, type Page } from './page.ts'
import { describeVolumes, tolerationLines } from './volumes.ts'
import { timelineLines } from './timeline.ts'

export const controllerText = (metadata: Pod['metadata']): string | undefined => {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)
  return owner && `${owner.kind}/${owner.name}`
}

export function describePod(pod: Pod, events: readonly Event[], nowMs: number): string {
  const page = createPage()
  identity(page, pod)
  statusLines(page, pod, nowMs)
  const { spec, status } = pod
  if ((spec?.initContainers ?? []).length > 0) describeContainers(page, spec?.initContainers ?? [], { label: 'Init Containers', statuses: status?.initContainerStatuses, pod })
  describeContainers(page, spec?.containers ?? [], { label: 'Containers', statuses: status?.containerStatuses, pod })
  if ((status?.conditions ?? []).length > 0) {
    page.line(0, 'Conditions:\n  Type\tStatus')
    for (const condition of status?.conditions ?? []) page.line(1, `${condition.type} \t${condition.status} `)
  }
  describeVolumes(page, spec?.volumes)
  page.line(0, `QoS Class:\t${status?.qosClass ?? ''}`)
  page.multiline('Node-Selectors', spec?.nodeSelector)
  tolerationLines(page, spec?.tolerations)
  spreadLines(page, pod)
  timelineLines(page, pod)
  eventLines(page, events, nowMs)
  return page.text()
}

function identity(page: Page, { metadata, spec, status }: Pod): void {
  page.line(0, `Name:\t${metadata.name ?? ''}`)
  page.line(0, `Namespace:\t${metadata.namespace ?? ''}`)
  if (spec?.priority !== undefined) page.line(0, `Priority:\t${spec.priority}`)
  if (spec?.priorityClassName) page.line(0, `Priority Class Name:\t${spec.priorityClassName}`)
  if (spec?.runtimeClassName) page.line(0, `Runtime Class Name:\t${spec.runtimeClassName}`)
  if (spec?.serviceAccountName) page.line(0, `Service Account:\t${spec.serviceAccountName}`)
  page.line(0, `Node:\t${spec?.nodeName ? `${spec.nodeName}/${status?.hostIP ?? ''}` : '<none>'}`)
  if (status?.startTime) page.line(0, `Start Time:\t${longTime(status.startTime)}`)
  page.multiline('Labels', metadata.labels)
  annotationLines(page, metadata.annotations)
}

function statusLines(page: Page, { metadata, spec, status = {} }: Pod, nowMs: number): void {
  if (metadata.deletionTimestamp && status.phase !== 'Failed' && status.phase !== 'Succeeded') {
    page.line(0, `Status:\tTerminating (lasts ${durationText(nowMs - (parseTime(metadata.deletionTimestamp) ?? nowMs))})`)
    page.line(0, `Termination Grace Period:\t${metadata.deletionGracePeriodSeconds ?? 0}s`)
  } else page.line(0, `Status:\t${status.phase ?? ''}`)
  if (status.reason) page.line(0, `Reason:\t${status.reason}`)
  if (status.message) page.line(0, `Message:\t${status.message}`)
  if (spec?.securityContext?.seccompProfile) page.line(0, `SeccompProfile:\t${spec.securityContext.seccompProfile.type}`)
  page.line(0, `IP:\t${status.podIP ?? ''}`)
  const ips = status.podIPs ?? []
  page.line(0, ips.length === 0 ? 'IPs:\t<none>' : 'IPs:')
  for (const { ip } of ips) page.line(1, `IP:\t${ip}`)
  const owner = controllerText(metadata)
  if (owner !== undefined) page.line(0, `Controlled By:\t${owner}`)
  if (status.nominatedNodeName) page.line(0, `NominatedNodeName:\t${status.nominatedNodeName}`)
}

function spreadLines(page: Page, { spec }: Pod): void {
  for (const [at, one] of (spec?.topologySpreadConstraints ?? []).entries()) {
    const labels = Object.entries(one.labelSelector?.matchLabels ?? {}).map(([key, value]) => `${key}=${value}`).join(',')
    page.line(0, `${at === 0 ? 'Topology Spread Constraints:' : ''}\t${one.topologyKey}:${one.whenUnsatisfiable} when max skew ${one.maxSkew} is exceeded for selector ${labels}`)
  }
}
