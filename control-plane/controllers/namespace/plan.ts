/** How far the emptying of a namespace has come, in Kubernetes' words. PURE. */
import type { Namespace, NamespaceCondition } from '../../../shared/model/gen/api.ts'
import type { KubeObject } from '../../../shared/model/meta.ts'
import type { Resource } from '../../../shared/model/resources.ts'
import { formatTime } from '../../../shared/model/time.ts'

export const FINALIZER = 'kubernetes'

export interface Remains {
  readonly resource: Resource
  /** What is still there after everything was told to go. */
  readonly objects: readonly KubeObject[]
}

interface Finding {
  readonly type: string
  readonly isTrue: boolean
  readonly reason: string
  readonly message: string
}

/** @param failure the message of what could not be deleted, if anything. */
export function conditionsOf(namespace: Namespace, of: { readonly remains: readonly Remains[]; readonly failure?: string | undefined; readonly nowMs: number }): readonly NamespaceCondition[] {
  const findings: readonly Finding[] = [
    { type: 'NamespaceDeletionDiscoveryFailure', isTrue: false, reason: 'ResourcesDiscovered', message: 'All resources successfully discovered' },
    { type: 'NamespaceDeletionGroupVersionParsingFailure', isTrue: false, reason: 'ParsedGroupVersions', message: 'All legacy kube types successfully parsed' },
    of.failure === undefined
      ? { type: 'NamespaceDeletionContentFailure', isTrue: false, reason: 'ContentDeleted', message: 'All content successfully deleted, may be waiting on finalization' }
      : { type: 'NamespaceDeletionContentFailure', isTrue: true, reason: 'ContentDeletionFailed', message: `Failed to delete all resource types, 1 remaining: ${of.failure}` },
    contentFinding(of.remains),
    finalizerFinding(of.remains),
  ]
  const known = namespace.status?.conditions ?? []
  const others = known.filter(({ type }) => !findings.some((one) => one.type === type))
  return [...others, ...findings.map((finding) => conditionOf(finding, known, of.nowMs))]
}

function contentFinding(remains: readonly Remains[]): Finding {
  const type = 'NamespaceContentRemaining'
  const left = remains.filter(({ objects }) => objects.length > 0).map(({ resource, objects }) => `${resource.plural}.${resource.group} has ${objects.length} resource instances`)
  if (left.length === 0) return { type, isTrue: false, reason: 'ContentRemoved', message: 'All content successfully removed' }
  return { type, isTrue: true, reason: 'SomeResourcesRemain', message: `Some resources are remaining: ${left.toSorted().join(', ')}` }
}

function finalizerFinding(remains: readonly Remains[]): Finding {
  const type = 'NamespaceFinalizersRemaining'
  const counts = new Map<string, number>()
  for (const finalizer of remains.flatMap(({ objects }) => objects).flatMap(({ metadata }) => metadata.finalizers ?? [])) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1)
  if (counts.size === 0) return { type, isTrue: false, reason: 'ContentHasNoFinalizers', message: 'All content-preserving finalizers finished' }
  const left = [...counts].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`).toSorted()
  return { type, isTrue: true, reason: 'SomeFinalizersRemain', message: `Some content in the namespace has finalizers remaining: ${left.join(', ')}` }
}

function conditionOf({ type, isTrue, reason, message }: Finding, known: readonly NamespaceCondition[], nowMs: number): NamespaceCondition {
  const status = isTrue ? 'True' : 'False'
  const before = known.find((one) => one.type === type)
  return { type, status, reason, message, lastTransitionTime: before?.status === status ? before.lastTransitionTime : formatTime(nowMs) }
}
