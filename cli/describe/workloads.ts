import type { Deployment, Event, PodTemplateSpec, ReplicaSet } from '../../shared/model/gen/api.ts'
import { formatLabelSelector } from '../../shared/model/selectors.ts'
import { longTime } from '../print/age.ts'
import { eventLines } from './events.ts'
import { annotationLines, createPage, orNone, type Page } from './page.ts'
import { controllerText } from './pod.ts'
import { templateLines } from './pod-template.ts'

const isOwnedBy = (set: ReplicaSet, { metadata }: Deployment): boolean => set.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) ?? false
const setsText = (sets: readonly ReplicaSet[]): string => orNone(sets.map(({ metadata, spec, status }) => `${metadata.name ?? ''} (${status?.replicas ?? 0}/${spec?.replicas ?? 0} replicas created)`).join(', '))

/** @param sets the replica sets that its selector takes */
export function describeDeployment(deployment: Deployment, { sets, events, nowMs }: { readonly sets: readonly ReplicaSet[]; readonly events: readonly Event[]; readonly nowMs: number }): string {
  const { metadata, spec, status } = deployment
  const page = createPage()
  page.line(0, `Name:\t${metadata.name ?? ''}\nNamespace:\t${metadata.namespace ?? ''}\nCreationTimestamp:\t${longTime(metadata.creationTimestamp)}`)
  page.multiline('Labels', metadata.labels)
  annotationLines(page, metadata.annotations)
  page.line(0, `Selector:\t${formatLabelSelector(spec?.selector)}`)
  page.line(0, `Replicas:\t${spec?.replicas ?? 1} desired | ${status?.updatedReplicas ?? 0} updated | ${status?.replicas ?? 0} total | ${status?.availableReplicas ?? 0} available | ${status?.unavailableReplicas ?? 0} unavailable`)
  page.line(0, `StrategyType:\t${spec?.strategy?.type ?? ''}\nMinReadySeconds:\t${spec?.minReadySeconds ?? 0}`)
  const { rollingUpdate } = spec?.strategy ?? {}
  if (rollingUpdate) page.line(0, `RollingUpdateStrategy:\t${rollingUpdate.maxUnavailable ?? ''} max unavailable, ${rollingUpdate.maxSurge ?? ''} max surge`)
  template(page, spec?.template)
  if ((status?.conditions ?? []).length > 0) {
    page.line(0, 'Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------')
    for (const condition of status?.conditions ?? []) page.line(1, `${condition.type} \t${condition.status}\t${condition.reason ?? ''}`)
  }
  const hash = (set: ReplicaSet): string => set.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? ''
  const own = sets.filter((set) => isOwnedBy(set, deployment))
  const newest = own.find((set) => hash(set) === metadata.annotations?.['deployment.kubernetes.io/revision'])
  page.line(0, `OldReplicaSets:\t${setsText(own.filter((set) => set !== newest))}\nNewReplicaSet:\t${setsText(newest ? [newest] : [])}`)
  eventLines(page, events, nowMs)
  return page.text()
}

function template(page: Page, of: PodTemplateSpec | undefined): void {
  page.line(0, 'Pod Template:')
  templateLines(page, of ?? {})
}

/** @param phases how many of its pods are in each phase */
export function describeReplicaSet({ metadata, spec, status }: ReplicaSet, { phases, events, nowMs }: { readonly phases: Readonly<Record<string, number>>; readonly events: readonly Event[]; readonly nowMs: number }): string {
  const page = createPage()
  page.line(0, `Name:\t${metadata.name ?? ''}\nNamespace:\t${metadata.namespace ?? ''}\nSelector:\t${formatLabelSelector(spec?.selector)}`)
  page.multiline('Labels', metadata.labels)
  annotationLines(page, metadata.annotations)
  const owner = controllerText(metadata)
  if (owner !== undefined) page.line(0, `Controlled By:\t${owner}`)
  const count = (phase: string): number => phases[phase] ?? 0
  page.line(0, `Replicas:\t${status?.replicas ?? 0} current / ${spec?.replicas ?? 1} desired`)
  page.line(0, `Pods Status:\t${count('Running')} Running / ${count('Pending')} Waiting / ${count('Succeeded')} Succeeded / ${count('Failed')} Failed`)
  template(page, spec?.template)
  if ((status?.conditions ?? []).length > 0) {
    page.line(0, 'Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------')
    for (const condition of status?.conditions ?? []) page.line(1, `${condition.type} \t${condition.status}\t${condition.reason ?? ''}`)
  }
  eventLines(page, events, nowMs)
  return page.text()
}
