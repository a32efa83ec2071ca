/** The room without a thread or sockets: for simulations, tests and throw-away clusters, whose links are their own. */
import type { ToAgent } from '../../proto/gen/node/v1/heartbeat.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import type { Random } from '../../shared/kit/random.ts'
import type { HeartbeatListener, HeartbeatsOfProcess } from './port.ts'
import { HeartbeatTracker, type HeartbeatConnection, type HeartbeatPeer } from './tracker.ts'

export interface InProcessHeartbeats extends HeartbeatsOfProcess {
  connect(peer: HeartbeatPeer, send: (message: ToAgent) => void): HeartbeatConnection
}

export function createInProcessHeartbeats(parts: { readonly clock: Clock; readonly random: Random; readonly sessionGraceMs?: number | undefined }): InProcessHeartbeats {
  let listener: HeartbeatListener | undefined
  const tracker = new HeartbeatTracker({
    ...parts,
    listener: {
      onSight: (nodeName, sight) => listener?.onSight(nodeName, sight),
      onEpochAcked: (nodeName, epoch) => listener?.onEpochAcked(nodeName, epoch),
      onVision: (vision) => listener?.onVision(vision),
      onRestart: () => listener?.onRestart(),
    },
  })
  return {
    listen: (next) => void (listener = next),
    handOnTo: () => {},
    lead: (start) => tracker.lead(start),
    follow: () => tracker.follow(),
    mayAckUntil: (ms) => tracker.mayAckUntil(ms),
    setMembership: (inUse) => tracker.setMembership(inUse),
    admit: (node) => tracker.admit(node),
    fence: (nodeName, evidence) => tracker.fence(nodeName, evidence),
    forget: (nodeName) => tracker.forget(nodeName),
    setSession: (nodeName, isOpen, bootId) => tracker.setSession(nodeName, isOpen, bootId),
    connect: (peer, send) => tracker.connect(peer, send),
  }
}
