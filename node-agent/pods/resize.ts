import type { Pod } from '../../shared/model/gen/api.ts'
import { admit, type NodeCapacity } from './admit.ts'
import { allocatedPod, allocationOf, changeFor, wantsResize, type Allocation } from './allocation.ts'
import { containerRecord, containersOf, isRunning, type ContainerRecord, type PodContainer, type PodRecord, type ResizeRecord } from './record.ts'
import { isDue } from './restart.ts'
import type { PodPlan, Step } from './steps.ts'
import type { PodView } from './view.ts'
import { events } from './words.ts'

/** Resizing a pod in place (KEP-1287): first whether the node has room, then the groups of what runs. Pure. */

/** Whether the node can give what an object wishes. */
export type Room = { readonly kind: 'fits' } | { readonly kind: 'refused'; readonly reason: 'Deferred' | 'Infeasible'; readonly message: string }

/** @param others the other pods of the node, with what they were given. */
export function roomFor(pod: Pod, others: readonly Pod[], capacity: NodeCapacity): Room {
  const alone = admit(pod, [], capacity)
  if (alone !== undefined) return { kind: 'refused', reason: 'Infeasible', message: alone.message.replace('enough resource', 'enough capacity').replace(' used: 0,', '') }
  const beside = admit(pod, others, capacity)
  return beside === undefined ? { kind: 'fits' } : { kind: 'refused', reason: 'Deferred', message: beside.message }
}

/** What is to be done for a pod whose object wishes other resources than it was given, or whose containers do not have yet what it was given. */
export function planResize(view: PodView): PodPlan {
  const { pod, record, room, inFlight } = view
  // What is being made is made with what the pod was given until now: its wish is looked at right after that, so that nothing is left with less.
  if (record.rejected !== undefined || inFlight.has('start-container') || inFlight.has('prepare-sandbox')) return { steps: [] }
  if (room !== undefined && wantsResize(pod, record.allocated)) {
    const note = decision(pod, record, room)
    if (note !== undefined) return { steps: [note] }
  } else if (record.resize?.pending !== undefined) {
    return { steps: [{ kind: 'note-resize', resize: { ...record.resize, pending: undefined } }] }
  }
  if (record.resize?.running !== undefined) return actuation(view, record.resize.running)
  return anyBehind(pod, record) ? { steps: [{ kind: 'note-resize', resize: { ...record.resize, running: beginning(pod) } }] } : { steps: [] }
}

const beginning = ({ metadata: { generation = 0 } }: Pod): NonNullable<ResizeRecord['running']> => ({ generation, isWide: false, retryAtMs: 0 })

/** An agent that lost what it knew may find containers that an earlier resize did not reach. */
const anyBehind = (pod: Pod, record: PodRecord): boolean => containersOf(allocatedPod(pod, record.allocated)).some((one) => isBehind(one, containerRecord(record, one.spec.name)))

function decision(pod: Pod, { resize }: PodRecord, room: Room): Step | undefined {
  const generation = pod.metadata.generation ?? 0
  if (room.kind === 'fits') {
    const allocated = allocationOf(pod)
    return { kind: 'note-resize', allocated, resize: { running: beginning(pod) }, event: events.resizeStarted(resizeWords(pod, allocated)) }
  }
  const { reason, message } = room
  const before = resize?.pending
  if (before?.reason === reason && before.message === message && before.generation === generation) return undefined
  const isTold = before?.reason === reason && before.generation === generation
  return { kind: 'note-resize', resize: { ...resize, pending: { reason, message, generation } }, ...(isTold ? {} : { event: events.resizePending(reason, resizeWords(pod, allocationOf(pod), message)) }) }
}

/** The pod's own group is widened first; then the containers change, by starting anew those that ask for it; then the pod's group is as it should be. */
function actuation({ pod, record, nowMs }: PodView, running: NonNullable<ResizeRecord['running']>): PodPlan {
  if (!isDue(running.retryAtMs, nowMs)) return { steps: [], wakeAtMs: running.retryAtMs }
  const given = allocatedPod(pod, record.allocated)
  const unlike = containersOf(given).filter((one) => isBehind(one, containerRecord(record, one.spec.name)))
  const restarts = unlike.filter((one) => changeFor(one.spec, containerRecord(record, one.spec.name).applied) === 'restart')
  if (!running.isWide || restarts.length < unlike.length || unlike.length === 0) return { steps: [{ kind: 'resize' }] }
  const graceMs = (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000
  const due = restarts.filter(({ spec }) => containerRecord(record, spec.name).stop === undefined)
  return { steps: due.map(({ spec: { name } }): Step => ({ kind: 'stop-container', container: name, stop: { why: 'changed', sinceMs: nowMs, graceMs, stage: 'begin' }, event: events.resizeRestarts(name) })) }
}

/** Whether a container runs with other resources than it was given. */
export const isBehind = ({ spec, kind }: PodContainer, state: ContainerRecord): boolean => kind !== 'ephemeral' && isRunning(state) && state.applied !== undefined && changeFor(spec, state.applied) !== 'none'

/** The pod with what its containers have at this moment: what runs was begun with, or changed to. */
export function appliedPod(pod: Pod, record: PodRecord): Pod {
  const { pod: whole, containers } = record.allocated ?? allocationOf(pod)
  const now = Object.entries(record.containers).flatMap(([name, one]) => (isRunning(one) && one.applied !== undefined ? [[name, one.applied] as const] : []))
  const applied: Allocation = { ...(whole === undefined ? {} : { pod: whole }), containers: { ...containers, ...Object.fromEntries(now) } }
  return allocatedPod(pod, applied)
}

/** What events say of a resize. */
export function resizeWords(pod: Pod, { pod: whole, containers }: Allocation, error?: string): string {
  const each = Object.entries(containers).map(([name, resources]) => ({ name, resources }))
  return JSON.stringify({ ...(whole === undefined ? {} : { resources: whole }), containers: each, generation: pod.metadata.generation, ...(error === undefined ? {} : { error }) })
}
