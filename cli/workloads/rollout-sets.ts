/** How far daemon sets and stateful sets are, in kubectl's words. PURE. */
import type { DaemonSet, StatefulSet } from '../../shared/model/gen/api.ts'
import type { RolloutState } from './rollout-status.ts'

const waiting = (message: string): RolloutState => ({ kind: 'waiting', message })
const done = (message: string): RolloutState => ({ kind: 'done', message })
const failed = (message: string): RolloutState => ({ kind: 'failed', message })

export function daemonSetState({ metadata, spec, status }: DaemonSet): RolloutState {
  if (spec?.updateStrategy?.type === 'OnDelete') return failed('rollout status is only available for RollingUpdate strategy type')
  if ((metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) return waiting('Waiting for daemon set spec update to be observed...')
  const name = `daemon set "${metadata.name ?? ''}"`
  const { updatedNumberScheduled: updated = 0, desiredNumberScheduled: desired = 0, numberAvailable: available = 0 } = status ?? {}
  if (updated < desired) return waiting(`Waiting for ${name} rollout to finish: ${updated} out of ${desired} new pods have been updated...`)
  if (available < desired) return waiting(`Waiting for ${name} rollout to finish: ${available} of ${desired} updated pods are available...`)
  return done(`${name} successfully rolled out`)
}

export function statefulSetState({ metadata, spec, status }: StatefulSet): RolloutState {
  if (spec?.updateStrategy?.type === 'OnDelete') return failed('rollout status is only available for RollingUpdate strategy type')
  if ((status?.observedGeneration ?? 0) === 0 || (metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) return waiting('Waiting for statefulset spec update to be observed...')
  const { readyReplicas = 0, updatedReplicas = 0, currentRevision, updateRevision } = status ?? {}
  const wanted = spec?.replicas
  if (wanted !== undefined && readyReplicas < wanted) return waiting(`Waiting for ${wanted - readyReplicas} pods to be ready...`)
  const partition = spec?.updateStrategy?.rollingUpdate?.partition ?? 0
  if (spec?.updateStrategy?.type === 'RollingUpdate' && partition > 0) {
    const moved = (wanted ?? 1) - partition
    if (updatedReplicas < moved) return waiting(`Waiting for partitioned roll out to finish: ${updatedReplicas} out of ${moved} new pods have been updated...`)
    return done(`partitioned roll out complete: ${updatedReplicas} new pods have been updated...`)
  }
  if (updateRevision !== currentRevision) return waiting(`waiting for statefulset rolling update to complete ${updatedReplicas} pods at revision ${updateRevision ?? ''}...`)
  return done(`statefulset rolling update complete ${status?.currentReplicas ?? 0} pods at revision ${currentRevision ?? ''}...`)
}
