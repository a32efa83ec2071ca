/** The keeper's thread as the main thread sees it. */
import { randomUUID } from 'node:crypto'
import { Worker } from 'node:worker_threads'
import type { TlsFiles } from '../../proto/rpc.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { RunRight } from '../../shared/model/fencing.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import type { KeeperNote } from './keeper.ts'
import type { UnreachablePeer } from './peers.ts'
import type { PodRight } from './port.ts'
import { SharedCells, type FromThread, type ThreadStart, type ToThread } from './thread-messages.ts'
import { describeNote, type NoteLevel } from './words.ts'

export interface KeeperThreadOptions extends Omit<ThreadStart, 'cells' | 'instance' | 'agentStartedMs'> {
  readonly clock: Clock
  readonly log: Log
}

/** The right to run pods, kept by a thread of its own. */
export interface KeeperThread extends PodRight {
  /** Resolves when the deadline file is there. */
  readonly ready: Promise<void>
  readonly unreachable: readonly UnreachablePeer[] | undefined
  /** K of the terms that hold now. */
  readonly killMs: number
  onReach(listener: () => void): () => void
  /** What the keeper notes. */
  onNote(listener: (note: KeeperNote) => void): () => void
  identify(identity: TlsFiles): void
  /** No sign of life from now on; the deadline stands. */
  stop(): void
}

/** Beside this file, compiled or not. */
const entry = (): URL => (import.meta.url.endsWith('.ts') ? new URL('thread.ts', import.meta.url) : new URL('agent-keeper.bundle.mjs', import.meta.url))

const TICK_MS = 1_000
const RESTART_MS = 100
/** It keeps a few maps; the rest are buffers of connections, which are not counted here. */
const LIMITS = { maxOldGenerationSizeMb: 24, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 } as const

/** Starts it at once. A thread that dies is started again: without it the right ends by itself. */
export function startKeeper({ clock, log, ...start }: KeeperThreadOptions): KeeperThread {
  const buffer = new SharedArrayBuffer(SharedCells.BYTES)
  const cells = new SharedCells(buffer)
  let identity = start.identity
  const whole = { ...start, agentStartedMs: clock.nowMs(), cells: buffer }
  const rightListeners = new Set<(right: RunRight) => void>()
  const reachListeners = new Set<() => void>()
  const noteListeners = new Set<(note: KeeperNote) => void>()
  let right: RunRight = { kind: 'none' }
  let killMs = DEFAULT_TERMS.killMs
  let unreachable: readonly UnreachablePeer[] | undefined
  let isStopped = false
  let cancelTick = (): void => {}
  const ready = Promise.withResolvers<void>()

  const tick = (): void => {
    cells.tickMs = clock.monotonicMs()
    cancelTick = clock.after(TICK_MS, tick)
  }
  const take = (message: FromThread): void => {
    switch (message.kind) {
      case 'ready':
        return ready.resolve()
      case 'right':
        ;({ right, killMs } = message)
        if (right.kind !== 'none') unreachable ??= []
        log.info({ right }, `the right to run pods: ${right.kind}`)
        for (const listener of rightListeners) listener(right)
        for (const listener of reachListeners) listener()
        return
      case 'reach':
        unreachable = message.unreachable
        for (const listener of reachListeners) listener()
        return
      case 'note': {
        const { level, message: words } = describeNote(message.note)
        sayAt(log, level, words)
        for (const listener of noteListeners) listener(message.note)
        return
      }
      case 'trouble':
        return log.warn({}, message.message)
    }
  }
  const spawn = (): Worker => {
    // Each under a name of its own: a thread numbers its beats anew, and one that goes on under the name of the one before would say nothing new for ever.
    const worker = new Worker(entry(), { name: 'keeper', workerData: { ...whole, instance: randomUUID(), identity } satisfies ThreadStart, resourceLimits: LIMITS, execArgv: ['--disable-warning=ExperimentalWarning'] })
    worker.on('message', take)
    worker.on('error', (error) => log.error({ err: messageOf(error) }, 'the keeper of this node\'s lease failed'))
    worker.once('exit', () => {
      if (!isStopped) clock.after(RESTART_MS, () => void (isStopped || (thread = spawn())))
    })
    return worker
  }
  tick()
  let thread = spawn()
  const post = (message: ToThread): void => thread.postMessage(message)
  return {
    ready: ready.promise,
    get unreachable() {
      return unreachable
    },
    get killMs() {
      return killMs
    },
    mayRun: () => clock.monotonicMs() < cells.killAtMs,
    right: () => right,
    onChange(listener) {
      rightListeners.add(listener)
      return () => rightListeners.delete(listener)
    },
    onReach(listener) {
      reachListeners.add(listener)
      return () => reachListeners.delete(listener)
    },
    onNote(listener) {
      noteListeners.add(listener)
      return () => noteListeners.delete(listener)
    },
    identify(renewed) {
      identity = renewed
      post({ kind: 'identify', identity })
    },
    stop() {
      isStopped = true
      cancelTick()
      post({ kind: 'stop' })
    },
  }
}

function sayAt(log: Log, level: NoteLevel, words: string): void {
  switch (level) {
    case 'info':
      return log.info({}, words)
    case 'warn':
      return log.warn({}, words)
    case 'error':
      return log.error({}, words)
  }
}
