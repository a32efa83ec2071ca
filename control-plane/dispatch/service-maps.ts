import type { Clock } from '../../shared/kit/clock.ts'
import type { Endpoint, EndpointSlice, Pod } from '../../shared/model/gen/api.ts'
import { isTerminating, keyOf, uidOf } from '../../shared/model/meta.ts'
import type { Informer } from '../informers/port.ts'

/** How long a terminating pod's SIGTERM waits at most for the nodes' service maps to have forgotten it. */
export const HOLD_MS = 500

/** How long it waits after they have: a call that was let through before is answered in that time. */
export const LINGER_MS = 100

/** A node that programs service maps, and how far it has come. */
export interface MapsReader {
  ackedServiceMaps(): number
}

/**
 * Takes a terminating pod out of every node's service maps *before* its own node is told to stop it, so that a rolling update loses
 * no call: its termination is kept back until {@link LINGER_MS} after each reader has acked maps without it, or until {@link HOLD_MS} has passed.
 * A pod that is not ready in any slice gets no calls and does not wait.
 */
export interface ServiceMaps {
  /** Grows with each change of a service or slice, and with each pod that leaves the maps. */
  readonly revision: number
  bump(): number
  /** The slice as nodes are to see it: endpoints of terminating pods are not ready. */
  visible(slice: EndpointSlice): EndpointSlice
  /** Keys of the slices that name the pod. */
  slicesOf(podUid: string): readonly string[]
  /** Whether the pod's termination is still kept back; calls `release` once it no more is. */
  isHeld(pod: Pod, release: () => void): boolean
  /** A reader acked, came or went. */
  readersChanged(): void
}

interface Hold {
  readonly needed: number
  /** Ends the wait that is on. */
  cancel: () => void
  lingers: boolean
  readonly release: Set<() => void>
}

export interface ServiceMapsOptions {
  readonly clock: Clock
  readonly pods: Informer<Pod>
  readonly slices: Informer<EndpointSlice>
  readonly readers: () => Iterable<MapsReader>
  /** Tells everybody that these slices look different now. */
  readonly onSlicesChanged: (keys: readonly string[]) => void
}

const POD_UID_INDEX = 'pod-uid'
const getsCalls = (slice: EndpointSlice, podUid: string): boolean => (slice.endpoints ?? []).some(({ targetRef, conditions }) => targetRef?.uid === podUid && conditions?.ready !== false)
const podUids = (slice: EndpointSlice): readonly string[] => (slice.endpoints ?? []).flatMap((endpoint) => (endpoint.targetRef?.uid ? [endpoint.targetRef.uid] : []))

export function createServiceMaps({ clock, pods, slices, readers, onSlicesChanged }: ServiceMapsOptions): ServiceMaps {
  let revision = 1
  const held = new Map<string, Hold>()
  /** Pods whose hold has ended: their termination is never kept back again. */
  const released = new Set<string>()
  slices.addIndex(POD_UID_INDEX, podUids)

  const end = (uid: string, hold: Hold): void => {
    hold.cancel()
    held.delete(uid)
    released.add(uid)
    for (const release of hold.release) release()
  }
  const endAfter = (uid: string, ms: number): (() => void) =>
    clock.after(ms, () => {
      const hold = held.get(uid)
      if (hold) end(uid, hold)
    })
  const acked = (needed: number): boolean => [...readers()].every((reader) => reader.ackedServiceMaps() >= needed)

  pods.subscribe(({ before, after }) => {
    if (!after && before) {
      const uid = uidOf(before)
      const hold = held.get(uid)
      if (hold) end(uid, hold)
      released.delete(uid)
    }
    if (!after || !isTerminating(after) || released.has(uidOf(after)) || held.has(uidOf(after))) return
    const uid = uidOf(after)
    const keys = slices.byIndex(POD_UID_INDEX, uid).filter((slice) => getsCalls(slice, uid)).map(keyOf)
    if (keys.length === 0) {
      released.add(uid)
      return
    }
    revision++
    held.set(uid, { needed: revision, lingers: false, release: new Set(), cancel: endAfter(uid, HOLD_MS) })
    onSlicesChanged(keys)
  })

  return {
    get revision() {
      return revision
    },
    bump: () => ++revision,
    visible: (slice) => withoutTerminating(slice, pods),
    slicesOf: (podUid) => slices.byIndex(POD_UID_INDEX, podUid).map(keyOf),
    isHeld(pod, release) {
      const hold = held.get(uidOf(pod))
      hold?.release.add(release)
      return hold !== undefined
    },
    readersChanged() {
      for (const [uid, hold] of held) {
        if (hold.lingers || !acked(hold.needed)) continue
        hold.cancel()
        hold.cancel = endAfter(uid, LINGER_MS)
        hold.lingers = true
      }
    },
  }
}

function withoutTerminating(slice: EndpointSlice, pods: Informer<Pod>): EndpointSlice {
  const leaves = (endpoint: Endpoint): boolean => {
    if (endpoint.targetRef?.kind !== 'Pod' || endpoint.conditions?.ready === false) return false
    const pod = pods.get(`${endpoint.targetRef.namespace ?? ''}/${endpoint.targetRef.name ?? ''}`)
    return pod !== undefined && uidOf(pod) === endpoint.targetRef.uid && isTerminating(pod)
  }
  if (!(slice.endpoints ?? []).some(leaves)) return slice
  const endpoints = (slice.endpoints ?? []).map((endpoint) => (leaves(endpoint) ? { ...endpoint, conditions: { serving: endpoint.conditions?.serving ?? true, terminating: true, ready: false } } : endpoint))
  return { ...slice, endpoints }
}
