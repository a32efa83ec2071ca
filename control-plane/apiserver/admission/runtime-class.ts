import type { Pod, RuntimeClass, Toleration } from '../../../shared/model/gen/api.ts'
import { deepEqual, type JsonObject } from '../../../shared/model/json.ts'
import { isCore, type AdmissionPlugin, type AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import { findObject, runtimeClassesResource, type AdmissionSources } from './sources.ts'

/** A pod's overhead is its runtime class's to say, and so is in part where it may run. */
export const runtimeClass = (sources: AdmissionSources): AdmissionPlugin => ({
  name: 'RuntimeClass',
  resources: ['/pods'],
  async mutate(request) {
    if (!isNewPod(request)) return request.object
    const pod = request.object as unknown as Pod
    const found = await classOf(sources, request, pod)
    return found ? (withClass(request, pod, found) as unknown as JsonObject) : request.object
  },
  async validate(request) {
    if (!isNewPod(request)) return
    const pod = request.object as unknown as Pod
    const overhead = (await classOf(sources, request, pod))?.overhead
    if (overhead) checkOverhead(request, pod, overhead.podFixed)
    else if (pod.spec?.overhead) throw forbid(request, 'pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead')
  },
})

const isNewPod = (request: AdmissionRequest): boolean => request.operation === 'CREATE' && isCore(request, 'pods') && request.subresource === ''

async function classOf(sources: AdmissionSources, request: AdmissionRequest, { spec }: Pod): Promise<RuntimeClass | undefined> {
  const name = spec?.runtimeClassName
  if (name === undefined) return undefined
  const found = await findObject(sources, runtimeClassesResource, { namespace: '', name, signal: request.call.signal })
  if (!found) throw forbid(request, `pod rejected: RuntimeClass ${JSON.stringify(name)} not found`)
  return found as unknown as RuntimeClass
}

function checkOverhead(request: AdmissionRequest, { spec }: Pod, fixed: NonNullable<RuntimeClass['overhead']>['podFixed']): void {
  if (!deepEqual(spec?.overhead ?? {}, fixed ?? {})) throw forbid(request, "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead")
}

function withClass(request: AdmissionRequest, pod: Pod, { overhead, scheduling }: RuntimeClass): Pod {
  if (overhead && pod.spec?.overhead) checkOverhead(request, pod, overhead.podFixed)
  const spec = { ...(pod.spec ?? { containers: [] }), ...(overhead?.podFixed && { overhead: overhead.podFixed }) }
  if (!scheduling) return { ...pod, spec }
  const nodeSelector = mergedSelector(request, spec.nodeSelector ?? {}, scheduling.nodeSelector ?? {})
  const tolerations = mergedTolerations([...(spec.tolerations ?? []), ...(scheduling.tolerations ?? [])])
  return { ...pod, spec: { ...spec, ...(Object.keys(nodeSelector).length > 0 && { nodeSelector }), ...(tolerations.length > 0 && { tolerations }) } }
}

type Labels = Readonly<Record<string, string>>

function mergedSelector(request: AdmissionRequest, own: Labels, wanted: Labels): Labels {
  for (const [key, value] of Object.entries(wanted)) {
    if (Object.hasOwn(own, key) && own[key] !== value) throw forbid(request, `conflict: runtimeClass.scheduling.nodeSelector[${key}] = ${value}; pod.spec.nodeSelector[${key}] = ${own[key]}`)
  }
  return { ...own, ...wanted }
}

/** Each once; one that another covers is left out. */
function mergedTolerations(all: readonly Toleration[]): readonly Toleration[] {
  const merged: Toleration[] = []
  for (const [index, one] of all.entries()) {
    if (merged.some((other) => covers(other, one))) continue
    if (all.slice(index + 1).some((other) => !deepEqual(other, one) && covers(other, one))) continue
    merged.push(one)
  }
  return merged
}

/** Whether whatever `narrow` tolerates `wide` tolerates too. */
function covers(wide: Toleration, narrow: Toleration): boolean {
  if (deepEqual(wide, narrow)) return true
  const anyKey = (wide.key ?? '') === '' && wide.operator === 'Exists'
  if ((wide.key ?? '') !== (narrow.key ?? '') && !anyKey) return false
  if ((wide.effect ?? '') !== (narrow.effect ?? '') && (wide.effect ?? '') !== '') return false
  if (wide.effect === 'NoExecute' && wide.tolerationSeconds !== undefined && (narrow.tolerationSeconds === undefined || narrow.tolerationSeconds > wide.tolerationSeconds)) return false
  if (wide.operator === 'Exists') return true
  return narrow.operator !== 'Exists' && (wide.value ?? '') === (narrow.value ?? '')
}
