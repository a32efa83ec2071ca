import type { Clock } from '../../shared/kit/clock.ts'
import type { Node } from '../../shared/model/gen/api.ts'
import { nameOf } from '../../shared/model/meta.ts'
import type { Informer } from '../informers/port.ts'
import type { NodeLiveness, NodeState } from './liveness-port.ts'

/** On the Nodes that an agent registered; a Node made by API has none. */
export const AGENT_ANNOTATION = 'gantry.dev/agent'

interface Sighting {
  seenMs: number
  lostSinceMs: number | undefined
  cancel: () => void
}

/** Keeps the last sign of life of each node, and says when one has outlived its lease. */
export interface LivenessTracker extends NodeLiveness {
  seen(nodeName: string): void
}

export interface LivenessOptions {
  readonly clock: Clock
  readonly nodes: Informer<Node>
  /** A node unseen for this long is lost. */
  readonly leaseMs: number
  /** After a start of the control plane nodes have this long to come back before the first is called lost. */
  readonly startGraceMs: number
}

export function createLiveness({ clock, nodes, leaseMs, startGraceMs }: LivenessOptions): LivenessTracker {
  const sightings = new Map<string, Sighting>()
  const listeners = new Set<(nodeName: string) => void>()
  const tell = (nodeName: string): void => {
    for (const listener of listeners) listener(nodeName)
  }
  const expect = (nodeName: string, withinMs: number): void => {
    const sighting = sightings.get(nodeName)
    if (!sighting) return
    sighting.cancel = clock.after(withinMs, () => {
      const leftMs = sighting.seenMs + leaseMs - clock.monotonicMs()
      if (leftMs > 0) return expect(nodeName, leftMs)
      sighting.lostSinceMs = clock.nowMs()
      tell(nodeName)
    })
  }
  nodes.subscribe(({ key, after }) => {
    if (!after) {
      sightings.get(key)?.cancel()
      sightings.delete(key)
    } else if (after.metadata.annotations?.[AGENT_ANNOTATION] !== undefined && !sightings.has(nameOf(after))) {
      sightings.set(key, { seenMs: clock.monotonicMs() + startGraceMs - leaseMs, lostSinceMs: undefined, cancel: () => {} })
      expect(key, startGraceMs)
    }
  })
  return {
    seen(nodeName) {
      const known = sightings.get(nodeName)
      if (!known) {
        sightings.set(nodeName, { seenMs: clock.monotonicMs(), lostSinceMs: undefined, cancel: () => {} })
        expect(nodeName, leaseMs)
        return tell(nodeName)
      }
      known.seenMs = clock.monotonicMs()
      if (known.lostSinceMs === undefined) return
      known.lostSinceMs = undefined
      expect(nodeName, leaseMs)
      tell(nodeName)
    },
    stateOf(nodeName): NodeState {
      const known = sightings.get(nodeName)
      if (!known) return { kind: 'no-agent' }
      return known.lostSinceMs === undefined ? { kind: 'seen' } : { kind: 'lost', sinceMs: known.lostSinceMs }
    },
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
