import type { Container, Pod, PodCondition, PodSpec, PodStatus } from '../../../shared/model/gen/api.ts'
import { formatTime } from '../../../shared/model/time.ts'
import { mapItems, mapMember } from '../defaults/fill.ts'
import type { StrategyContext } from '../kind.ts'
import { profilesFromAnnotations } from './apparmor.ts'
import { dropDisabledFields, dropDisabledStatus } from './disabled.ts'
import { resolveLabelKeys } from './label-keys.ts'
import { qosClass } from './qos.ts'

/** Times that are not known are printed as null. */
const gatedCondition = (nowMs: number): PodCondition => {
  const condition = { type: 'PodScheduled', status: 'False', lastProbeTime: null, lastTransitionTime: formatTime(nowMs), reason: 'SchedulingGated', message: 'Scheduling is blocked due to non-empty scheduling gates' }
  return condition as unknown as PodCondition
}

/** A new pod waits: whatever status the client sent is dropped. */
export function prepareNewPod(pod: Pod, { nowMs }: StrategyContext): Pod {
  const gated = (pod.spec?.schedulingGates?.length ?? 0) > 0
  const status: PodStatus = { phase: 'Pending', ...(gated && { conditions: [gatedCondition(nowMs)] }), qosClass: qosClass(pod) }
  return mapMember(profilesFromAnnotations({ ...pod, status }), 'spec', (spec) => resolveLabelKeys(dropDisabledFields(spec), pod.metadata.labels ?? {}))
}

/** What of a write through each (sub)resource is let through; the rest stays as it was. */
export function prepareChangedPod(pod: Pod, old: Pod, { subresource }: StrategyContext): Pod {
  switch (subresource) {
    case 'status':
      return prepareStatus(pod, old)
    case 'ephemeralcontainers':
      return prepareEphemeral(pod, old)
    case 'resize':
      return prepareResize(pod, old)
    default:
      return mapMember({ ...pod, ...(old.status && { status: old.status }) }, 'spec', dropDisabledFields)
  }
}

/** The owners of a pod are not the node's business. */
function prepareStatus(pod: Pod, old: Pod): Pod {
  const { ownerReferences: _, ...metadata } = pod.metadata
  const status = withObservedGenerations(dropDisabledStatus(pod.status ?? {}), old.status ?? {})
  const qos = status.qosClass || old.status?.qosClass
  return {
    ...pod,
    metadata: old.metadata.ownerReferences ? { ...metadata, ownerReferences: old.metadata.ownerReferences } : metadata,
    ...(old.spec && { spec: old.spec }),
    status: qos ? { ...status, qosClass: qos } : status,
  }
}

/** Which generation was seen is not forgotten by a client that does not speak of it. */
function withObservedGenerations(status: PodStatus, old: PodStatus): PodStatus {
  const before = new Map<string, Array<number | undefined>>()
  for (const { type, observedGeneration } of old.conditions ?? []) before.set(type, [...(before.get(type) ?? []), observedGeneration])
  const seen = status.observedGeneration || old.observedGeneration
  return mapItems<PodStatus, PodCondition>(seen ? { ...status, observedGeneration: seen } : status, 'conditions', (condition) => {
    const was = before.get(condition.type)?.shift()
    return condition.observedGeneration || !was ? condition : { ...condition, observedGeneration: was }
  })
}

function prepareEphemeral(pod: Pod, old: Pod): Pod {
  const { ephemeralContainers: _, ...rest } = old.spec ?? { containers: [] }
  const added = pod.spec?.ephemeralContainers
  return { ...keepMetadata({ ...old, metadata: pod.metadata }, old), spec: added ? { ...rest, ephemeralContainers: added } : rest }
}

/** Only resources and their resize policies change; containers added, taken away or renamed are left for validation to refuse. */
function prepareResize(pod: Pod, old: Pod): Pod {
  if (!pod.spec || !old.spec || lists.some((list) => (pod.spec?.[list]?.length ?? 0) !== (old.spec?.[list]?.length ?? 0))) return pod
  const { resources: _, ...rest } = old.spec
  const spec: PodSpec = {
    ...rest,
    containers: resized(pod.spec.containers, old.spec.containers),
    ...(old.spec.initContainers && { initContainers: resized(pod.spec.initContainers ?? [], old.spec.initContainers) }),
    ...(pod.spec.resources && { resources: pod.spec.resources }),
  }
  return { ...keepMetadata(pod, old), spec, ...(old.status && { status: old.status }) }
}

const lists = ['containers', 'initContainers'] as const

/** Nothing of the metadata is changed through a subresource but what the machinery itself keeps there. */
function keepMetadata(pod: Pod, old: Pod): Pod {
  const { resourceVersion, managedFields } = pod.metadata
  return { ...pod, metadata: { ...old.metadata, ...(resourceVersion !== undefined && { resourceVersion }), ...(managedFields && { managedFields }) } }
}

function resized(containers: readonly Container[], old: readonly Container[]): readonly Container[] {
  if (containers.some(({ name }, index) => name !== old[index]?.name)) return containers
  return old.map((container, index) => {
    const wanted = containers[index]
    const { resources: _r, resizePolicy: _p, ...rest } = container
    return { ...rest, ...(wanted?.resources && { resources: wanted.resources }), ...(wanted?.resizePolicy && { resizePolicy: wanted.resizePolicy }) }
  })
}

/** Seconds a pod gets to end: none if nothing of it can be running, one if the client asked for less than none. */
export function podGraceSeconds(pod: Pod, requested: number | bigint | undefined): number | bigint {
  if (!pod.spec?.nodeName || pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded') return 0
  const period: number | bigint = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0
  return period < 0 ? 1 : period
}
