import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { taskGroup, type TaskGroup } from '../../shared/kit/task-group.ts'
import type { Pod, PodStatus } from '../../shared/model/gen/api.ts'
import { deepEqual } from '../../shared/model/json.ts'
import type { NodeTimeline } from '../../shared/model/start-timeline.ts'
import { isStatic } from '../static-pods/is-static.ts'
import { allocatedPod, wantsResize } from './allocation.ts'
import { containerExited, stopPod } from './apply.ts'
import { CheckpointFile } from './checkpoint.ts'
import { endedOf, lostContainer } from './ended.ts'
import { removeLastTraces } from './last-traces.ts'
import type { PodParts } from './parts.ts'
import { planPod } from './plan.ts'
import type { PodStatusReport } from './port.ts'
import { Probing } from './probing.ts'
import { containerRecord, containersOf, withMoment, type PodRecord } from './record.ts'
import type { Room } from './resize.ts'
import { isDue, retryDelayMs, sourcesDue } from './restart.ts'
import { mayRun } from './right.ts'
import { downwardFilesChanged } from './seen-pod.ts'
import { podStatus } from './status.ts'
import { podIPOf, type Change } from './step-context.ts'
import { stepKey, type ActionStep } from './steps.ts'
import { doStep, isNote, noteChange } from './sync.ts'
import { events, type PodEvent } from './words.ts'

export interface WorkerOptions {
  readonly parts: PodParts
  readonly pod: Pod
  readonly record: PodRecord
  /** Found running after the agent's start. */
  readonly adopted: boolean
  readonly signal: AbortSignal
  /** Whether the node can give what the object wishes now. */
  readonly room: (pod: Pod) => Room
  /** What the pod was given has changed, or it has begun to end: others may have room now. */
  readonly onRoomChanged: () => void
  /** Everything of a deleted pod is gone, and this is said of it. Not called where its object was gone before. */
  readonly onLeft: (last: PodStatusReport) => void
  /** Whether that word is still kept: then what is noted of the pod is too, for the next agent. */
  readonly isKept: () => boolean
  /** Everything of the pod is gone and reported. `next`: what was said of it since then, by a file that came back. */
  readonly onGone: (next: Pod | undefined) => void
}

/** Why a pod is evicted, and how. */
export interface Eviction {
  readonly message: string
  readonly annotations?: Readonly<Record<string, string>> | undefined
  /** Not for what the pod did itself. */
  readonly isDisruption: boolean
  readonly graceMs: number
}

/** A plan that never comes to rest is a mistake of ours: after so many decisions in one go it waits for the next event. */
const MOST_DECISIONS = 100

/** How soon to ask again how a container ended, when the runtime could not say. */
const EXIT_RETRY_MS = 1_000

/** Looks after one pod from its first sight to its last trace: observe, plan, do, observe again. Woken by events and timers only. */
export class PodWorker {
  readonly #options: WorkerOptions
  readonly #parts: PodParts
  readonly #log: Log
  readonly #checkpoint: CheckpointFile
  readonly #tasks: TaskGroup
  readonly #probing: Probing
  readonly #inFlight = new Set<string>()
  /** Steps that failed, and when they may be tried again. */
  readonly #failed = new Map<string, { readonly failures: number; readonly retryAtMs: number }>()
  readonly #earlyExits = new Set<string>()
  readonly #waiters = new Set<() => void>()
  #pod: Pod
  #record: PodRecord
  /** As computed last, and as told last. */
  #status: PodStatus | undefined
  #told: PodStatus | undefined
  #isTelling = false
  #cancelTimer = (): void => {}
  #refreshAgain = false
  /** Volumes of an adopted pod are brought up to date with the first word on it: what they are filled from is known then. */
  #isUnrefreshed: boolean
  #scheduled = false
  #ended = false
  /** What was said of the pod after its last word. */
  #next: Pod | undefined
  /** A pod that ends is not reckoned with any more. */
  #countsForRoom = true

  constructor(options: WorkerOptions) {
    const { parts, pod, record } = options
    this.#options = options
    this.#parts = parts
    this.#pod = pod
    this.#record = record
    this.#isUnrefreshed = options.adopted
    this.#log = parts.log.child({ pod: `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`, uid: pod.metadata.uid })
    this.#checkpoint = new CheckpointFile(parts, pod.metadata.uid ?? '')
    this.#tasks = taskGroup((name, error) => this.#log.error({ step: name, err: messageOf(error) }, 'a step was left behind'), options.signal)
    this.#probing = new Probing({ parts, pod: () => this.#pod, podIP: () => podIPOf({ pod: this.#pod, record: this.#record, parts }), change: (change) => this.change(change), emit: (event) => this.#emit(event) })
  }

  /** Begins the work. */
  begin(): void {
    this.#probing.follow(containersOf(this.#pod), this.#record, this.#options.adopted)
    this.#schedule()
  }

  get pod(): Pod {
    return this.#pod
  }

  get record(): PodRecord {
    return this.#record
  }

  get status(): PodStatus | undefined {
    return this.#told
  }

  /** The object changed. */
  update(pod: Pod): void {
    if (this.#ended) return void (this.#next = pod)
    const before = this.#pod
    this.#pod = pod
    if (this.#isUnrefreshed || downwardFilesChanged(before, pod)) this.#refreshVolumes()
    this.#isUnrefreshed = false
    this.#schedule()
  }

  /** The object is gone: everything of it ends at once. */
  remove(): void {
    this.#next = undefined
    if (this.#record.stop?.why === 'removed') return
    this.change((record) => stopPod(record, { why: 'removed', sinceMs: this.#parts.clock.nowMs(), graceMs: 0 }))
  }

  /** A ConfigMap or Secret that the pod may use changed: volumes are filled anew, and what waited for it is tried now. */
  sourcesChanged(): void {
    this.#refreshVolumes()
    this.change(sourcesDue)
  }

  /** The node lacks something: the pod fails for that. False where it ends already. */
  evict({ graceMs, isDisruption, message, annotations }: Eviction): boolean {
    const { stop, rejected } = this.#record
    if (stop !== undefined || rejected !== undefined || this.#ended) return false
    this.#emit(events.evicted(message, annotations))
    this.change((record) => stopPod(record, { why: 'failed', sinceMs: this.#parts.clock.nowMs(), graceMs }, { reason: 'Evicted', message, ...(isDisruption ? { isDisruption: true } : {}) }))
    return true
  }

  /** Brings the files of the volumes up to date: tokens that grow old are replaced. */
  refresh(): void {
    if ((this.#pod.spec?.volumes ?? []).some((one) => one.projected !== undefined)) this.#refreshVolumes()
  }

  /** Something it may wait for has changed: what the node may run, or how much room there is. */
  look(): void {
    this.#schedule()
  }

  /** The pod with what it was given. */
  get allocated(): Pod {
    return allocatedPod(this.#pod, this.#record.allocated)
  }

  /** How its start went, once it has come that far. */
  get timeline(): NodeTimeline | undefined {
    const { timeline, firstSeenMs } = this.#record
    return timeline.started === undefined ? undefined : { seenMs: firstSeenMs, ...timeline }
  }

  /** The object wishes something else than the pod was given. */
  get waitsForRoom(): boolean {
    return wantsResize(this.#pod, this.#record.allocated)
  }

  /** The runtime says that a container of ours has ended. */
  containerExited(id: string): void {
    const container = containersOf(this.#pod).find(({ spec }) => {
      const { now } = containerRecord(this.#record, spec.name)
      return now.kind === 'running' && now.id === id
    })
    if (container === undefined) {
      // It may have been quicker than the answer of the start that is under way.
      if (this.#inFlight.has('start-container')) this.#earlyExits.add(id)
      return
    }
    const key = `exit ${id}`
    if (this.#inFlight.has(key)) return
    const howItEnded = async (): Promise<Change> => {
      const state = await this.#parts.runtime.state(id)
      const { now, attempt } = containerRecord(this.#record, container.spec.name)
      if (now.kind !== 'running' || now.id !== id || state.kind === 'running' || state.kind === 'created') return (record) => record
      if (state.kind === 'unknown') await this.#parts.runtime.delete(id)
      const ended = state.kind === 'exited' ? await endedOf(this.#parts, { pod: this.allocated, container, id, attempt, state }) : lostContainer(id, now.startedMs, this.#parts.clock.nowMs())
      if (ended.outOfMemory !== undefined) this.#emit(ended.exitCode === 0 ? events.outOfMemoryInside(container.spec.name, ended.outOfMemory) : events.outOfMemory(container.spec.name, ended.outOfMemory))
      return (record) => containerExited(record, container.spec.name, ended)
    }
    const again = (): void => void (this.#ended || this.containerExited(id))
    // Nobody tells of it a second time.
    this.#run(key, () => howItEnded().catch((error: unknown) => (this.#parts.clock.after(EXIT_RETRY_MS, again), Promise.reject(error as Error))))
  }

  /** Applies a change that came from outside the plan and goes on. */
  change(change: Change): void {
    const before = this.#record
    this.#record = change(before)
    if (this.#record !== before) this.#changed()
  }

  /** Resolves at the next change of the record, for those who follow a log or wait for an end. */
  nextChange(): Promise<void> {
    return new Promise((resolve) => void this.#waiters.add(resolve))
  }

  /** The agent ends: containers run on. */
  async stop(): Promise<void> {
    this.#ended = true
    this.#cancelTimer()
    this.#probing.stop()
    await this.#tasks[Symbol.asyncDispose]()
    await this.#checkpoint.settled()
  }

  #changed(): void {
    if (this.#refreshAgain) this.#refreshVolumes()
    this.#probing.follow(containersOf(this.#pod), this.#record, false)
    for (const wake of this.#waiters) wake()
    this.#waiters.clear()
    this.#schedule()
  }

  /** Plans soon, once for everything that happens in this moment. */
  #schedule(): void {
    if (this.#scheduled || this.#ended) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      if (!this.#ended) this.#advance()
    })
  }

  #advance(): void {
    const nowMs = this.#parts.clock.nowMs()
    let wakeAtMs: number | undefined
    for (let decisions = 0; ; decisions++) {
      const plan = planPod({ pod: this.#pod, record: this.#record, inFlight: this.#inFlight, mayRun: mayRun(this.#parts.right, this.#pod), nowMs, room: this.waitsForRoom ? this.#options.room(this.#pod) : undefined })
      wakeAtMs = plan.wakeAtMs
      const notes = plan.steps.filter(isNote)
      if (notes.length === 0 || decisions >= MOST_DECISIONS) {
        if (decisions >= MOST_DECISIONS) this.#log.error({ steps: plan.steps }, 'the plan does not come to rest')
        this.#keep()
        wakeAtMs = this.#startSteps(plan.steps.filter((step): step is ActionStep => !isNote(step)), wakeAtMs)
        break
      }
      for (const note of notes) {
        this.#record = noteChange(note)(this.#record)
        if ('event' in note && note.event !== undefined) this.#emit(note.event)
        if (note.kind === 'note-pull-wait') this.#emit(note.failed)
        if (note.kind === 'note-resize' && note.allocated !== undefined) this.#resized()
      }
      this.#probing.follow(containersOf(this.#pod), this.#record, false)
    }
    if (this.#record.stop !== undefined) this.#giveUpRoom()
    this.#report()
    this.#setTimer(wakeAtMs, nowMs)
  }

  #startSteps(steps: readonly ActionStep[], wakeAtMs: number | undefined): number | undefined {
    const nowMs = this.#parts.clock.nowMs()
    let wake = wakeAtMs
    for (const step of steps) {
      const key = stepKey(step)
      if (this.#inFlight.has(key)) continue
      const retryAtMs = this.#failed.get(key)?.retryAtMs ?? 0
      if (!isDue(retryAtMs, nowMs)) wake = Math.min(wake ?? retryAtMs, retryAtMs)
      else this.#run(key, () => this.#do(step))
    }
    return wake
  }

  async #do(step: ActionStep): Promise<Change> {
    // How a container ended is known from nowhere else once it is deleted, and a container that nobody has noted might get a twin.
    if (step.kind === 'start-container' || step.kind === 'delete-container' || step.kind === 'clean-up') await this.#checkpoint.settled()
    return doStep({ parts: this.#parts, pod: this.allocated, record: this.#record, signal: this.#tasks.signal, emit: (event) => this.#emit(event) }, step)
  }

  /** Files that tell of its resources say something else now. */
  #resized(): void {
    this.#refreshVolumes()
    this.#options.onRoomChanged()
  }

  #giveUpRoom(): void {
    if (!this.#countsForRoom) return
    this.#countsForRoom = false
    this.#options.onRoomChanged()
  }

  #keep(): void {
    this.#checkpoint.save({ pod: this.#pod, record: this.#record })
  }

  #run(key: string, work: () => Promise<Change>): void {
    this.#inFlight.add(key)
    this.#tasks.start(key, async (signal) => {
      try {
        const change = await work()
        if (signal.aborted && this.#ended) return
        this.#record = change(this.#record)
        this.#failed.delete(key)
      } catch (error) {
        if (signal.aborted) return
        const failures = (this.#failed.get(key)?.failures ?? 0) + 1
        this.#failed.set(key, { failures, retryAtMs: this.#parts.clock.nowMs() + retryDelayMs(failures) / 10 })
        this.#log.warn({ step: key, failures, err: messageOf(error) }, 'a step failed and is tried again')
      } finally {
        this.#inFlight.delete(key)
        if (key === 'start-container') this.#lookAtEarlyExits()
        this.#changed()
      }
    })
  }

  #lookAtEarlyExits(): void {
    const ids = [...this.#earlyExits]
    this.#earlyExits.clear()
    for (const id of ids) this.containerExited(id)
  }

  /** Volumes that are being filled at this moment may have been given what was there before: they are filled once more then. */
  #refreshVolumes(): void {
    const key = 'prepare-volumes'
    this.#refreshAgain = this.#inFlight.has(key)
    if (this.#refreshAgain || this.#record.volumes.kind !== 'ready' || this.#record.stop !== undefined) return
    this.#run(key, () => this.#do({ kind: 'prepare-volumes' }).then((change) => (record) => (change(record).volumes.kind === 'ready' ? change(record) : record)))
  }

  #report(): void {
    const { parts } = this.#options
    const status = podStatus({ pod: this.allocated, record: this.#record, node: { hostIP: parts.config.hostIP }, before: this.#status, nowMs: parts.clock.nowMs() })
    const why = this.#record.stop?.why
    if (this.#record.cleaned && (why === 'deleted' || why === 'removed')) return this.#leave(status)
    this.#noteReady(status)
    this.#keep()
    // While a deleted pod ends, its status stays as it was: how it ended is told as a whole.
    if (why === 'deleted' || why === 'removed' || deepEqual(status, this.#status)) return
    this.#status = status
    this.#tellOnceKept()
  }

  /** An agent that is killed must not know less than it told: a pod that was ready would be unready for a moment. */
  #tellOnceKept(): void {
    if (this.#isTelling) return
    this.#isTelling = true
    void this.#checkpoint.settled().then(() => {
      this.#isTelling = false
      if (this.#ended || this.#status === undefined) return
      this.#told = this.#status
      this.#parts.reporter.report({ pod: this.#pod, status: this.#status, removed: false, timeline: this.timeline })
    })
  }

  #noteReady(status: PodStatus): void {
    if (status.conditions?.some((one) => one.type === 'Ready' && one.status === 'True') === true) this.#record = withMoment(this.#record, 'ready', this.#parts.clock.nowMs())
  }

  /** The last word: how it ended, then that nothing of it is left. */
  #leave(status: PodStatus): void {
    this.#ended = true
    this.#cancelTimer()
    this.#probing.stop()
    const { parts, onGone, onLeft, isKept } = this.#options
    this.#told = undefined
    const last: PodStatusReport = { pod: this.#pod, status, removed: true, timeline: this.timeline }
    // A file that comes back is the same pod again, which is to run.
    if (this.#record.stop?.why === 'deleted' && !isStatic(this.#pod)) onLeft(last)
    parts.reporter.report(last)
    // After the report: an agent that is killed between finds the pod again and reports it again. The checkpoint goes last: nobody else knows of the logs, nor, until the report has come through, of how the pod ended.
    this.#tasks.start('leave', (signal) => removeLastTraces({ parts, pod: this.#pod, checkpoint: this.#checkpoint, isKept, onGone: () => onGone(this.#next) }, signal))
  }

  #setTimer(atMs: number | undefined, nowMs: number): void {
    this.#cancelTimer()
    this.#cancelTimer = atMs === undefined ? () => {} : this.#parts.clock.after(Math.max(1, atMs - nowMs), () => this.#schedule())
  }

  #emit(event: PodEvent): void {
    this.#parts.reporter.event(this.#pod, event)
  }
}
