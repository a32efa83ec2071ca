import type { Pod, PriorityClass } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { isCore, type AdmissionPlugin, type AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import { findObject, priorityClassesResource, type AdmissionSources } from './sources.ts'

type Preemption = 'PreemptLowerPriority' | 'Never'

interface Priority {
  readonly className: string
  readonly value: number
  readonly preemption: string
}

/** Known to every cluster, even before their objects are. */
const SYSTEM: Readonly<Record<string, number>> = { 'system-cluster-critical': 2_000_000_000, 'system-node-critical': 2_000_001_000 }

const LOWER: Preemption = 'PreemptLowerPriority'

/** The number behind a pod's priority class; pods may not say another one. */
export function priority(sources: AdmissionSources): AdmissionPlugin {
  return {
    name: 'Priority',
    async mutate(request) {
      if (!isCore(request, 'pods') || request.subresource !== '') return request.object
      return request.operation === 'CREATE' ? newPod(sources, request) : keepPriority(request)
    },
  }
}

async function newPod(sources: AdmissionSources, request: AdmissionRequest): Promise<JsonObject> {
  const pod = request.object as unknown as Pod
  const { spec } = pod
  const computed = await priorityOf(sources, request, spec?.priorityClassName ?? '')
  if (spec?.priority !== undefined && spec.priority !== computed.value) {
    throw forbid(request, `the integer value of priority (${spec.priority}) must not be provided in pod spec; priority admission controller computed ${computed.value} from the given PriorityClass name`)
  }
  if (spec?.preemptionPolicy !== undefined && spec.preemptionPolicy !== computed.preemption) {
    throw forbid(request, `the string value of PreemptionPolicy (${spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${computed.preemption} from the given PriorityClass name`)
  }
  const className = computed.className === '' ? {} : { priorityClassName: computed.className }
  return { ...pod, spec: { ...spec, ...className, priority: computed.value, preemptionPolicy: computed.preemption } } as unknown as JsonObject
}

async function priorityOf(sources: AdmissionSources, request: AdmissionRequest, className: string): Promise<Priority> {
  if (className === '') return globalDefault(sources)
  const found = (await findObject(sources, priorityClassesResource, { namespace: '', name: className, signal: request.call.signal })) as unknown as PriorityClass | undefined
  const value = found?.value ?? SYSTEM[className]
  if (value === undefined) throw forbid(request, `no PriorityClass with name ${className} was found`)
  return { className, value, preemption: found?.preemptionPolicy ?? LOWER }
}

/** The class that says it is for everybody; the lowest of several. */
function globalDefault({ resources }: AdmissionSources): Priority {
  const { group, version, plural } = priorityClassesResource
  const store = resources.find(group, version, plural)
  const classes = (store?.cache.list(`/gantry/${group}/${plural}/`) ?? []).map((item) => item.object as unknown as PriorityClass).filter((one) => one.globalDefault === true)
  const lowest = classes.toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))[0]
  return { className: lowest?.metadata.name ?? '', value: lowest?.value ?? 0, preemption: lowest?.preemptionPolicy ?? LOWER }
}

/** An update that leaves the number out means the one that is there. */
function keepPriority({ object, old }: AdmissionRequest): JsonObject {
  const pod = object as unknown as Pod
  const before = (old as unknown as Pod | undefined)?.spec
  const kept = {
    ...(pod.spec?.priority === undefined && before?.priority !== undefined && { priority: before.priority }),
    ...(pod.spec?.preemptionPolicy === undefined && before?.preemptionPolicy !== undefined && { preemptionPolicy: before.preemptionPolicy }),
  }
  return Object.keys(kept).length === 0 ? object : ({ ...pod, spec: { ...pod.spec, ...kept } } as unknown as JsonObject)
}
