/** The keeper's thread: beats, acks and peers go on however busy the rest of the agent is. Loads little, because each module is loaded a second time here. */
import { systemClock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import { systemRandom } from '../../shared/kit/random.ts'
import type { RunRight } from '../../shared/model/fencing.ts'
import { runAsThread } from '../../shared/kit/thread-entry.ts'
import { DeadlineFiles } from './deadlines.ts'
import { Keeper } from './keeper.ts'
import { NodeIdentity, servePeers, tlsLinks, type PeerServer } from './tls-links.ts'
import { SharedCells, type FromThread, type ThreadStart, type ToThread } from './thread-messages.ts'

/** A main thread that has not ticked for so long hangs: a dead agent. */
const HANGS_AFTER_MS = 10_000
const LISTEN_AGAIN_MS = 1_000

function run(start: ThreadStart, say: (message: FromThread) => void): (message: ToThread) => void {
  const cells = new SharedCells(start.cells)
  const store = new DeadlineFiles(start.folder)
  const identity = new NodeIdentity(start.identity)
  let told: RunRight['kind'] | undefined
  const keeper = new Keeper({
    ...start,
    peerAddress: `${start.peerHost}:${start.peerPort}`,
    links: tlsLinks(identity),
    store,
    isAgentAlive: () => systemClock.monotonicMs() - cells.tickMs < HANGS_AFTER_MS,
    listener: {
      onRight(right, killAtMs) {
        cells.killAtMs = killAtMs
        if (right.kind === told) return
        told = right.kind
        say({ kind: 'right', right, killMs: keeper.terms.killMs })
      },
      onReach: (unreachable) => say({ kind: 'reach', unreachable }),
      onNote: (note) => say({ kind: 'note', note }),
    },
    clock: systemClock,
    random: systemRandom,
  })
  keeper.start()
  say({ kind: 'ready' })
  let server: PeerServer | undefined
  let isStopped = false
  const listen = (): void => {
    servePeers({ host: start.peerHost, port: start.peerPort, identity, answer: (question) => keeper.answer(question) }).then(
      (opened) => {
        server = opened
        if (isStopped) opened.close()
      },
      (error: unknown) => {
        say({ kind: 'trouble', message: `cannot listen for other nodes on ${start.peerHost}:${start.peerPort}: ${messageOf(error)}` })
        if (!isStopped) systemClock.after(LISTEN_AGAIN_MS, listen)
      },
    )
  }
  listen()
  return (message) => {
    if (message.kind === 'identify') {
      identity.renew(message.identity)
      server?.renew()
      return
    }
    isStopped = true
    keeper.stop()
    server?.close()
  }
}

runAsThread<ThreadStart, ToThread, FromThread>('heartbeats', run)
