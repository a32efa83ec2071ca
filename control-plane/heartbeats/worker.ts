/** The thread of heartbeats as the main thread sees it. */
import { Worker } from 'node:worker_threads'
import type { TlsFiles } from '../../proto/rpc.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { HeartbeatListener, HeartbeatsOfProcess } from './port.ts'
import type { HeartbeatAddress } from './server.ts'
import { LIMIT_BYTES, sharedLimit, type FromThread, type ThreadStart, type ToThread } from './thread-messages.ts'

export interface HeartbeatThreadOptions {
  readonly addresses: readonly HeartbeatAddress[]
  readonly tls: TlsFiles
  readonly clock: Clock
  readonly log: Log
  readonly sessionGraceMs?: number | undefined
}

export interface HeartbeatThread extends HeartbeatsOfProcess, AsyncDisposable {
  readonly ports: readonly number[]
}

/** Beside this file, compiled or not. */
const entry = (): URL => (import.meta.url.endsWith('.ts') ? new URL('thread.ts', import.meta.url) : new URL('control-plane-heartbeats.bundle.mjs', import.meta.url))

/** Some maps of names and numbers; what waits in connections is not counted here. */
const LIMITS = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4, stackSizeMb: 1 } as const
const RESTART_MS = 50

/**
 * Starts the thread and answers when it listens. A thread that dies is started again, and whoever leads is asked to begin anew.
 *
 * @throws Fault('unavailable') when an address cannot be listened on.
 */
export async function startHeartbeatThread(options: HeartbeatThreadOptions): Promise<HeartbeatThread> {
  const parts = new Thread(options)
  await parts.start()
  return parts
}

class Thread implements HeartbeatThread {
  ports: readonly number[] = []
  readonly #options: HeartbeatThreadOptions
  readonly #buffer = new SharedArrayBuffer(LIMIT_BYTES)
  readonly #limit = sharedLimit(this.#buffer, () => this.#leadership)
  #worker: Worker | undefined
  #leadership = 0
  #listener: HeartbeatListener | undefined
  #leader: string | undefined
  #isStopped = false

  constructor(options: HeartbeatThreadOptions) {
    this.#options = options
  }

  /** Resolves when it listens. */
  start(): Promise<void> {
    const { addresses, tls, sessionGraceMs, log, clock } = this.#options
    const listening = Promise.withResolvers<void>()
    const worker = new Worker(entry(), { name: 'heartbeats', workerData: { addresses, tls, limit: this.#buffer, sessionGraceMs } satisfies ThreadStart, resourceLimits: LIMITS, execArgv: ['--disable-warning=ExperimentalWarning'] })
    this.#worker = worker
    worker.on('message', (message: FromThread) => {
      if (message.kind === 'listening') this.ports = message.ports
      if (message.kind === 'listening') listening.resolve()
      else if (message.kind === 'cannot-listen') listening.reject(new Fault('unavailable', `heartbeats cannot be listened for: ${message.message}`))
      else this.#take(message)
    })
    worker.on('error', (error) => log.error({ err: messageOf(error) }, 'the thread of heartbeats failed'))
    worker.once('exit', () => {
      listening.reject(new Fault('unavailable', 'the thread of heartbeats has ended'))
      if (this.#isStopped || this.ports.length === 0) return
      clock.after(RESTART_MS, () => this.#startAgain())
    })
    return listening.promise
  }

  listen(listener: HeartbeatListener): void {
    this.#listener = listener
  }

  lead(start: Parameters<HeartbeatsOfProcess['lead']>[0]): void {
    const untilMs = this.#limit.untilMs()
    this.#leadership++
    // The same leadership may begin anew, with another thread.
    this.#limit.set(untilMs)
    this.#post({ kind: 'lead', start, leadership: this.#leadership })
  }

  follow(): void {
    this.#leadership++
    this.#limit.set(0)
    this.#post({ kind: 'follow' })
  }

  mayAckUntil(ms: number): void {
    this.#limit.set(ms)
  }

  handOnTo(address: string | undefined): void {
    this.#leader = address
    this.#post({ kind: 'leader', address })
  }

  setMembership(inUse: Parameters<HeartbeatsOfProcess['setMembership']>[0]): void {
    this.#post({ kind: 'membership', inUse })
  }

  admit(node: Parameters<HeartbeatsOfProcess['admit']>[0]): void {
    this.#post({ kind: 'admit', node })
  }

  fence(nodeName: string, evidence: Parameters<HeartbeatsOfProcess['fence']>[1]): void {
    this.#post({ kind: 'fence', nodeName, evidence })
  }

  forget(nodeName: string): void {
    this.#post({ kind: 'forget', nodeName })
  }

  setSession(nodeName: string, isOpen: boolean, bootId?: string): void {
    this.#post({ kind: 'session', nodeName, isOpen, bootId })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopped = true
    const worker = this.#worker
    if (!worker) return
    this.#post({ kind: 'stop' })
    await worker.terminate()
  }

  #post(message: ToThread): void {
    this.#worker?.postMessage(message)
  }

  #startAgain(): void {
    if (this.#isStopped) return
    this.start().then(
      () => {
        this.#post({ kind: 'leader', address: this.#leader })
        this.#listener?.onRestart()
      },
      (error: unknown) => this.#options.log.error({ err: messageOf(error) }, 'the thread of heartbeats does not start again'),
    )
  }

  #take(message: FromThread): void {
    if (message.kind === 'trouble') return this.#options.log.warn({}, message.message)
    if (message.kind === 'listening' || message.kind === 'cannot-listen' || message.leadership !== this.#leadership) return
    if (message.kind === 'sight') this.#listener?.onSight(message.nodeName, message.sight)
    else if (message.kind === 'epoch') this.#listener?.onEpochAcked(message.nodeName, message.epoch)
    else this.#listener?.onVision(message.vision)
  }
}
