/** The thread of heartbeats: takes them in and answers however busy the rest of the process is. Loads little, because each module is loaded a second time here. */
import { systemClock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import { systemRandom } from '../../shared/kit/random.ts'
import { runAsThread } from '../../shared/kit/thread-entry.ts'
import { LeaderLink } from './leader-link.ts'
import { serveHeartbeats } from './server.ts'
import { sharedLimit, type FromThread, type ThreadStart, type ToThread } from './thread-messages.ts'
import { HeartbeatTracker } from './tracker.ts'

function run({ addresses, tls, limit, sessionGraceMs }: ThreadStart, say: (message: FromThread) => void): (message: ToThread) => void {
  let leadership = 0
  const link = new LeaderLink({ tls, clock: systemClock, greetings: () => tracker.hellos(), onMessage: (message) => tracker.handOn(message) })
  const tracker: HeartbeatTracker = new HeartbeatTracker({
    clock: systemClock,
    random: systemRandom,
    limit: sharedLimit(limit, () => leadership),
    sessionGraceMs,
    listener: {
      onSight: (nodeName, sight) => say({ kind: 'sight', leadership, nodeName, sight }),
      onEpochAcked: (nodeName, epoch) => say({ kind: 'epoch', leadership, nodeName, epoch }),
      onVision: (vision) => say({ kind: 'vision', leadership, vision }),
      onRestart: () => {},
    },
    passOn: (message) => link.pass(message),
  })
  const serving = serveHeartbeats({ addresses, tls, tracker, onTrouble: (message) => say({ kind: 'trouble', message }) })
  serving.then(
    ({ ports }) => say({ kind: 'listening', ports }),
    (error: unknown) => say({ kind: 'cannot-listen', message: messageOf(error) }),
  )
  return (message) => {
    switch (message.kind) {
      case 'lead':
        leadership = message.leadership
        return tracker.lead(message.start)
      case 'follow':
        return tracker.follow()
      case 'leader':
        return link.lead(message.address)
      case 'membership':
        return tracker.setMembership(message.inUse)
      case 'admit':
        return tracker.admit(message.node)
      case 'fence':
        return tracker.fence(message.nodeName, message.evidence)
      case 'forget':
        return tracker.forget(message.nodeName)
      case 'session':
        return tracker.setSession(message.nodeName, message.isOpen, message.bootId)
      case 'stop':
        tracker.follow()
        link.lead(undefined)
        return void serving.then((server) => server.close(), () => {})
    }
  }
}

runAsThread<ThreadStart, ToThread, FromThread>('heartbeats', run)
