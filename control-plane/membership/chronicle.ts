/** Tells people, as Events, what is decided about nodes and when. All that matters stands in the sentences: times to the millisecond, since those of Events are seconds. */
import type { Clock } from '../../shared/kit/clock.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Vision } from '../../shared/model/fencing.ts'
import type { Node, ObjectReference } from '../../shared/model/gen/api.ts'
import { nodes } from '../../shared/model/resources.ts'
import { referenceTo, type EventRecorder } from '../controllers/events/recorder.ts'
import type { FenceEvidence } from '../heartbeats/port.ts'
import type { Lister } from '../informers/port.ts'
import { clockText, fencedText, lengthText, undecidedText, type Undecided } from './words.ts'

const COMPONENT = 'node-controller'
/** A control plane that has just begun to lead, or is blind for a moment, is no news. */
const BLIND_IS_NEWS_MS = 2_000
/** Who is refused asks again every second: that is told now and then. */
const DOUBLED_AGAIN_MS = 10_000
const KUBE_SYSTEM: ObjectReference = { kind: 'Namespace', apiVersion: 'v1', name: 'kube-system' }
const LEADER: ObjectReference = { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', namespace: 'kube-system', name: 'gantry-control-plane' }

export interface NodeChronicle {
  leads(members: number): void
  admitted(nodeName: string, of: { readonly bootIdBefore: string | undefined; readonly bootId: string; readonly wasFenced: boolean }): void
  fenced(nodeName: string, of: { readonly evidence: FenceEvidence; readonly atMs: number }): void
  undecided(nodeName: string, of: Undecided): void
  /** Seen again without having been judged. */
  backUndecided(nodeName: string, silentForMs: number): void
  doubled(nodeName: string, message: string): void
  vision(vision: Vision): void
}

export interface ChronicleParts {
  readonly events: EventRecorder
  readonly nodes: Lister<Node>
  readonly identity: string
  readonly clock: Clock
  readonly log: Log
  readonly signal: AbortSignal
}

export function createChronicle({ events, nodes: lister, identity, clock, log, signal }: ChronicleParts): NodeChronicle {
  let cancelBlind: () => void = () => {}
  let toldBlindMs: number | undefined
  const doubledMs = new Map<string, number>()
  const about = (nodeName: string): ObjectReference => {
    const node = lister.get(nodeName)
    return node ? referenceTo(nodes, node) : { kind: 'Node', apiVersion: 'v1', name: nodeName }
  }
  const note = (object: ObjectReference, reason: string, message: string): void => {
    log.info({ reason }, message)
    events.record(COMPONENT, object, { type: 'Normal', reason, message })
  }
  const warn = (object: ObjectReference, reason: string, message: string): void => {
    log.warn({ reason }, message)
    events.record(COMPONENT, object, { type: 'Warning', reason, message })
  }
  return {
    leads: (members) => note(LEADER, 'LeaderElected', `${identity} leads since ${clockText(clock.nowMs())}; ${members} ${members === 1 ? 'node is a member' : 'nodes are members'}`),
    admitted(nodeName, { bootIdBefore, bootId, wasFenced }) {
      const at = clockText(clock.nowMs())
      if (bootIdBefore !== undefined && bootIdBefore !== bootId) warn(about(nodeName), 'NodeRebooted', `${nodeName}: booted anew (boot id ${bootIdBefore}, now ${bootId}), so nothing of before runs; back before it was given up: its pods start again in place, at ${at}`)
      note(about(nodeName), 'NodeAdmitted', `${nodeName}: registered and nothing is left of what is not its own; it may run pods${wasFenced ? ' again' : ''} from ${at} on`)
    },
    fenced: (nodeName, fenced) => warn(about(nodeName), fenced.evidence.kind === 'rebooted' ? 'NodeRebooted' : 'NodeFenced', fencedText(nodeName, fenced)),
    undecided: (nodeName, undecided) => warn(about(nodeName), 'NodeSilent', undecidedText(nodeName, undecided)),
    backUndecided: (nodeName, silentForMs) => note(about(nodeName), 'NodeReady', `${nodeName}: heartbeats are back at ${clockText(clock.nowMs())}, after ${lengthText(silentForMs)}; it was not given up`),
    doubled(nodeName, message) {
      const nowMs = clock.monotonicMs()
      if (nowMs < (doubledMs.get(nodeName) ?? Number.NEGATIVE_INFINITY) + DOUBLED_AGAIN_MS) return
      doubledMs.set(nodeName, nowMs)
      warn(about(nodeName), 'NodeDoubled', message)
    },
    vision({ blind, seen, of }) {
      cancelBlind()
      const sinceMs = clock.nowMs()
      if (blind) {
        cancelBlind = clock.after(BLIND_IS_NEWS_MS, () => {
          if (signal.aborted) return
          toldBlindMs = sinceMs
          warn(KUBE_SYSTEM, 'ControlPlaneBlind', `fewer than half of the nodes are seen since ${clockText(sinceMs)} (${seen} of ${of} then): it may be ${identity} that is cut off, so no node is given up`)
        })
      } else if (toldBlindMs !== undefined) {
        note(KUBE_SYSTEM, 'ControlPlaneSees', `${seen} of ${of} nodes are seen again at ${clockText(sinceMs)}, after ${lengthText(sinceMs - toldBlindMs)}; every node has a whole lease from now on`)
        toldBlindMs = undefined
      }
    },
  }
}
