import type { Pod, PriorityClass } from '../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../shared/model/json.ts'
import { systemPriorityClasses } from '../../registry/validation/priority-class.ts'
import { isCore, type AdmissionPlugin, type AdmissionRequest } from './plugin.ts'
import { forbid } from './refuse.ts'
import { findObject, listCached, priorityClassesResource, type AdmissionSources } from './sources.ts'

type Preemption = 'PreemptLowerPriority' | 'Never'

interface Priority {
  readonly className: string
  readonly value: number
  readonly preemption: string
}

const LOWER: Preemption = 'PreemptLowerPriority'

/** The number behind a pod's priority class; pods may not say another one. */
export function priority(sources: AdmissionSources): AdmissionPlugin {
  return {
    name: 'Priority',
    resources: ['/pods', 'scheduling.k8s.io/priorityclasses'],
    async mutate(request) {
      if (!isCore(request, 'pods') || request.subresource !== '') return request.object
      return request.operation === 'CREATE' ? newPod(sources, request) : keepPriority(request)
    },
    validate(request) {
      const { definition } = request.store
      if (definition.group !== priorityClassesResource.group || definition.plural !== priorityClassesResource.plural) return
      if (request.operation === 'DELETE') checkDeletion(request)
      else checkGlobalDefault(sources, request)
    },
  }
}

function checkDeletion(request: AdmissionRequest): void {
  if (Object.hasOwn(systemPriorityClasses, request.name)) throw forbid(request, 'this is a system priority class and cannot be deleted')
}

/** Only one class is everybody's. */
function checkGlobalDefault(sources: AdmissionSources, request: AdmissionRequest): void {
  if (request.object['globalDefault'] !== true) return
  const other = classesOf(sources).find((one) => one.globalDefault === true && one.metadata.name !== request.name)
  if (other) throw forbid(request, `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`)
}

const classesOf = (sources: AdmissionSources): readonly PriorityClass[] => listCached(sources, priorityClassesResource) as unknown as readonly PriorityClass[]

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
  const value = found?.value ?? (Object.hasOwn(systemPriorityClasses, className) ? systemPriorityClasses[className] : undefined)
  if (value === undefined) throw forbid(request, `no PriorityClass with name ${className} was found`)
  return { className, value, preemption: found?.preemptionPolicy ?? LOWER }
}

/** The class that says it is for everybody; the lowest of several. */
function globalDefault(sources: AdmissionSources): Priority {
  const lowest = classesOf(sources)
    .filter((one) => one.globalDefault === true)
    .toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))[0]
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
