import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { PodLimits } from '../cgroups/port.ts'
import { containerProtection } from '../cgroups/memory-qos.ts'
import { podLimits } from '../cgroups/pod-limits.ts'
import { limitsWithin } from '../runtime/oci-resources.ts'
import { allocatedPod } from './allocation.ts'
import { changeFor } from './allocation.ts'
import { containerRecord, containersOf, withContainer, type PodRecord } from './record.ts'
import { appliedPod, isBehind, resizeWords } from './resize.ts'
import type { Change, StepContext } from './step-context.ts'
import { events } from './words.ts'

/** How soon a resize that the host refused is tried again. */
const AGAIN_MS = 5_000

/** Changes the groups of what runs to what it was given. */
export async function resize(context: StepContext): Promise<Change> {
  const { parts, pod, record, emit } = context
  try {
    return await changeGroups(context)
  } catch (error) {
    if (isFault(error, 'cancelled')) throw error
    const message = messageOf(error)
    if (record.resize?.running?.error !== message) emit(events.resizeFailed(resizeWords(pod, record.allocated ?? { containers: {} }, message)))
    const retryAtMs = parts.clock.nowMs() + AGAIN_MS
    return (newest) => withRunning(newest, { error: message, retryAtMs })
  }
}

async function changeGroups({ parts, pod: wished, record, emit }: StepContext): Promise<Change> {
  const { cgroups, config } = parts
  const pod = allocatedPod(wished, record.allocated)
  const uid = pod.metadata.uid ?? ''
  const path = cgroups.podPath(uid)
  const target = podLimits(pod, config)
  // Wide enough for both: a container cannot be given more than its pod has, nor a pod less than its containers have.
  await cgroups.setLimits(path, wider(podLimits(appliedPod(pod, record), config), target))
  const behind = containersOf(pod).filter((one) => isBehind(one, containerRecord(record, one.spec.name)))
  const inPlace = behind.filter(({ spec }) => changeFor(spec, containerRecord(record, spec.name).applied) === 'in-place')
  for (const { spec } of inPlace) {
    const { now } = containerRecord(record, spec.name)
    if (now.kind !== 'running') continue
    const limits = { ...limitsWithin(pod, spec), ...(config.memoryQos && containerProtection(pod, spec, config.memoryQos)) }
    await refuseBelowUsage(`container ${JSON.stringify(spec.name)}`, limits, (await cgroups.usage(`${path}/${now.id}`))?.memoryBytes)
    await cgroups.setLimits(`${path}/${now.id}`, limits)
  }
  const applied = (newest: PodRecord): PodRecord => inPlace.reduce((one, { spec }) => withContainer(one, spec.name, { applied: spec.resources ?? {} }), newest)
  if (behind.length > inPlace.length) return (newest) => withRunning(applied(newest), { isWide: true })
  await refuseBelowUsage('pod', target, (await cgroups.usage(path))?.memoryBytes)
  await cgroups.setLimits(path, target)
  const { running: _done, ...rest } = record.resize ?? {}
  emit(events.resizeCompleted(resizeWords(pod, record.allocated ?? { containers: {} })))
  return (newest) => (newest.allocated === record.allocated ? { ...applied(newest), resize: rest } : applied(newest))
}

/** The kernel would kill for it. */
async function refuseBelowUsage(what: string, { memoryBytes }: PodLimits, usedBytes: number | undefined): Promise<void> {
  if (memoryBytes !== undefined && usedBytes !== undefined && memoryBytes < usedBytes) throw new Fault('conflict', `attempting to set ${what} memory limit (${memoryBytes}) below current usage (${usedBytes})`)
}

const more = (a: number | undefined, b: number | undefined): number | undefined => (a === undefined || b === undefined ? undefined : Math.max(a, b))

const wider = (a: PodLimits, b: PodLimits): PodLimits => ({ ...b, cpuShares: Math.max(a.cpuShares, b.cpuShares), cpuQuotaMicros: more(a.cpuQuotaMicros, b.cpuQuotaMicros), memoryBytes: more(a.memoryBytes, b.memoryBytes) })

/** A resize that came meanwhile has its own way to go. */
const withRunning = (record: PodRecord, change: Partial<NonNullable<NonNullable<PodRecord['resize']>['running']>>): PodRecord =>
  record.resize?.running === undefined ? record : { ...record, resize: { ...record.resize, running: { ...record.resize.running, ...change } } }
