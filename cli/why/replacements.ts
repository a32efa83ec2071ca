/** Which pods a node lost in an outage, and what stands in their place. PURE. */
import type { EndpointSlice, Event, Pod } from '../../shared/model/gen/api.ts'
import { parseTime } from '../../shared/model/time.ts'
import { firstMs } from '../events/moment.ts'
import type { Outage } from './outages.ts'

export interface Successor {
  readonly name: string
  readonly nodeName: string | undefined
  /** `undefined`: known to the second only. */
  readonly createdMs: number | undefined
  readonly boundMs: number | undefined
  /** When the first of its containers started. */
  readonly startedMs: number | undefined
  /** When it became ready, to the second: more is not stored. */
  readonly readyMs: number | undefined
  /** Services that lead to it: those in brackets do not yet. */
  readonly services: readonly string[]
}

export interface LostPod {
  readonly namespace: string
  readonly name: string
  /** `undefined`: nobody told when. */
  readonly removedMs: number | undefined
  readonly successor: Successor | undefined
}

export interface ClusterFacts {
  readonly events: readonly Event[]
  readonly pods: readonly Pod[]
  readonly slices: readonly EndpointSlice[]
}

/** Said of a pod that is taken from a node that is given up. */
const REMOVALS = new Set(['TaintManagerEviction', 'NodeFenced', 'NodeLost', 'PodReplaced', 'PodRemoved', 'DeletingNodePod'])
const CREATED = /^(?:Created pod:|create Pod) (\S+)/
const ASSIGNED = /^Successfully assigned \S+ to (\S+)$/
/** Creations later than this after an outage's end have other reasons. */
const AFTERMATH_MS = 10_000
/** A pod may be taken a moment before its node's verdict is told. */
const BEFORE_MS = 1_000

const isPodEvent = ({ involvedObject }: Event): boolean => involvedObject.kind === 'Pod'
const keyOf = ({ involvedObject: { namespace = '', name = '' } }: Event): string => `${namespace}/${name}`

interface Creation {
  readonly key: string
  readonly name: string
  readonly ownerKey: string
  /** As exactly as it is known. */
  readonly atMs: number
  readonly isExact: boolean
}

export function lostPods(nodeName: string, outage: Outage, facts: ClusterFacts): readonly LostPod[] {
  const podEvents = Map.groupBy(facts.events.filter(isPodEvent).toSorted((a, b) => firstMs(a) - firstMs(b)), keyOf)
  const creations = creationsOf(facts)
  const fromMs = (outage.verdictMs ?? outage.startMs) - BEFORE_MS
  const untilMs = outage.endMs === undefined ? Number.POSITIVE_INFINITY : outage.endMs + AFTERMATH_MS
  const lost = [...podEvents].flatMap(([key, events]) => {
    const removal = events.find((event) => REMOVALS.has(event.reason ?? '') && firstMs(event) >= outage.startMs - BEFORE_MS && firstMs(event) < untilMs)
    return removal && wasOn(nodeName, events, removal) ? [{ key, removedMs: firstMs(removal) }] : []
  })
  const taken = new Set<string>()
  return lost
    .toSorted((a, b) => a.removedMs - b.removedMs || (a.key < b.key ? -1 : 1))
    .map(({ key, removedMs }) => {
      const [namespace = '', name = ''] = key.split('/')
      const creation = creations.find((one) => !taken.has(`${one.key}@${one.atMs}`) && one.atMs >= fromMs && one.atMs < untilMs && replaces(one, { key, creations }))
      if (creation) taken.add(`${creation.key}@${creation.atMs}`)
      return { namespace, name, removedMs, successor: creation && successorOf(creation, { facts, events: podEvents.get(creation.key) ?? [] }) }
    })
}

/** By the word of those that made pods; of many pods made in a short time their events are combined, and the pods themselves tell. */
function creationsOf({ events, pods }: ClusterFacts): readonly Creation[] {
  const told = events.flatMap((event) => {
    const { namespace = '', kind = '', name: owner = '' } = event.involvedObject
    const [, name] = event.reason === 'SuccessfulCreate' ? (CREATED.exec(event.message ?? '') ?? []) : []
    return name === undefined ? [] : [{ key: `${namespace}/${name}`, name, ownerKey: `${kind} ${namespace}/${owner}`, atMs: firstMs(event), isExact: true }]
  })
  const known = new Set(told.map(({ key }) => key))
  const untold = pods.flatMap(({ metadata: { namespace = '', name = '', creationTimestamp, ownerReferences } }) => {
    const owner = ownerReferences?.find(({ controller }) => controller)
    const createdMs = parseTime(creationTimestamp ?? undefined)
    if (!owner || createdMs === undefined || known.has(`${namespace}/${name}`)) return []
    // The scheduler looks at a pod at once.
    const scheduled = events.find((event) => isPodEvent(event) && event.reason === 'Scheduled' && keyOf(event) === `${namespace}/${name}`)
    const atMs = scheduled && firstMs(scheduled) - createdMs < 1_500 ? firstMs(scheduled) : createdMs
    return [{ key: `${namespace}/${name}`, name, ownerKey: `${owner.kind} ${namespace}/${owner.name}`, atMs, isExact: false }]
  })
  return [...told, ...untold].toSorted((a, b) => a.atMs - b.atMs)
}

/** Who made the lost pod made this one. The making of an old pod is forgotten: then the name tells. */
function replaces(creation: Creation, { key, creations }: { readonly key: string; readonly creations: readonly Creation[] }): boolean {
  const made = creations.find((one) => one.key === key && one.atMs < creation.atMs)
  if (made) return made.ownerKey === creation.ownerKey
  const [kind = '', owner = ''] = creation.ownerKey.split(' ')
  return kind === 'StatefulSet' ? creation.key === key : key.slice(0, key.lastIndexOf('-')) === owner
}

/** By the word of who removed it, of the scheduler, or of the node's agent. Where nobody remembers it may have been. */
function wasOn(nodeName: string, events: readonly Event[], removal: Event): boolean {
  if (removal.related?.kind === 'Node') return removal.related.name === nodeName
  const before = events.filter((event) => firstMs(event) <= firstMs(removal))
  const places = before.flatMap(({ message = '', source }) => [ASSIGNED.exec(message)?.[1], source?.host].filter((one) => one !== undefined && one !== ''))
  return places.length === 0 || places.at(-1) === nodeName
}

function successorOf({ key, name, atMs, isExact }: Creation, { facts, events }: { readonly facts: ClusterFacts; readonly events: readonly Event[] }): Successor {
  const later = events.filter((event) => firstMs(event) >= atMs - 1_000)
  const scheduled = later.find(({ reason }) => reason === 'Scheduled')
  const started = later.find(({ reason }) => reason === 'Started')
  const pod = facts.pods.find(({ metadata }) => `${metadata.namespace ?? ''}/${metadata.name ?? ''}` === key)
  return {
    name,
    nodeName: pod?.spec?.nodeName ?? ASSIGNED.exec(scheduled?.message ?? '')?.[1],
    createdMs: isExact ? atMs : undefined,
    boundMs: scheduled && firstMs(scheduled),
    startedMs: started && firstMs(started),
    readyMs: pod && readyMs(pod),
    services: pod ? servicesOf(pod, facts.slices) : [],
  }
}

function readyMs({ status }: Pod): number | undefined {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' ? parseTime(ready.lastTransitionTime) : undefined
}

function servicesOf({ metadata }: Pod, slices: readonly EndpointSlice[]): readonly string[] {
  return slices.flatMap((slice) => {
    const service = slice.metadata.labels?.['kubernetes.io/service-name']
    const endpoint = slice.endpoints?.find(({ targetRef }) => targetRef?.uid !== undefined && targetRef.uid === metadata.uid)
    return service === undefined || !endpoint ? [] : [endpoint.conditions?.ready === false ? `(${service})` : service]
  })
}
