import type { OpenStream, PodRef, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import { backoffMs } from '../../shared/kit/backoff.ts'
import { sleep } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import { staysWhenFenced } from '../../shared/model/fenced-pods.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { uidOf } from '../../shared/model/meta.ts'
import { parseTime } from '../../shared/model/time.ts'
import { collectGarbage } from '../collector/collector.ts'
import { refusedUnderPressure } from '../eviction/admit-pressure.ts'
import type { Duplex } from '../session/port.ts'
import { admit } from './admit.ts'
import { admitPlace } from './admit-place.ts'
import { hasStarted, seedFromStatus } from './adopt.ts'
import { allocationToldOf } from './allocation.ts'
import { Adoptions, type Meanwhile } from './adoptions.ts'
import { readCheckpoints } from './checkpoint.ts'
import { LateLabels } from './late-labels.ts'
import { OomWatch } from './oom.ts'
import type { PodParts } from './parts.ts'
import { checkpointPath, containerLogPath } from './paths.ts'
import type { PodStatusReport, PodWorkers, SourceKind } from './port.ts'
import { containerRecord, containersOf, newRecord, podUidHex, withContainer, type PodRecord, type Verdict } from './record.ts'
import { roomFor } from './resize.ts'
import { usesSource } from './sources.ts'
import { serveStream } from './streams.ts'
import { PodWorker, type Eviction } from './worker.ts'
import { events } from './words.ts'

const LOG_CHECK_MS = 10_000
/** How soon to try again what could not be cleared away. */
const COLLECT_AGAIN_MS = 30_000
/** The same while somebody waits for it. */
const CLEAR_AGAIN_MS = 500
/** How soon to look again for containers where that failed. */
const LOOK_AGAIN = { baseMs: 100, capMs: 5_000, factor: 2 }
/** A pod that is not taken over for so long may never be: whoever asks something of it is told so. */
const TAKE_OVER_MS = 60_000
/** A token lives ten minutes at least, and is replaced when a fifth of that is left. */
const TOKEN_CHECK_MS = 60_000

/** All pods of this node, each with a worker of its own. */
export class NodePodWorkers implements PodWorkers {
  readonly #parts: PodParts
  readonly #workers = new Map<string, PodWorker>()
  readonly #ended = new AbortController()
  readonly #adoptions: Adoptions
  readonly #oom: OomWatch
  readonly #late: LateLabels
  /** The beginnings of the ids of containers that an agent before this one left: nobody of theirs is begun anew, also when nothing was noted. */
  #found: ReadonlySet<string> = new Set()
  /** What was said before the pods of an earlier agent were known: done after that. */
  #waiting: Array<() => void> | undefined = []
  /** Resolves then. */
  readonly #looked = Promise.withResolvers<void>()
  /** What the last COMPLETE named and what was assigned since, until nothing else is left. */
  #clearing: { readonly uids: Set<string>; isCollected: boolean; readonly onClear: () => void } | undefined
  /** The last words on pods that ended because they were deleted, by uid, until their objects are gone too: they may have got lost, and nothing else here knows how those pods ended. So long their checkpoints stay, for an agent after this one. */
  readonly #left = new Map<string, PodStatusReport>()
  #exempt = ''
  #cancelTimer = (): void => {}
  #cancelTokenTimer = (): void => {}

  constructor(parts: PodParts) {
    this.#parts = parts
    this.#oom = new OomWatch(parts)
    this.#late = new LateLabels(parts.clock, (pod) => this.#take(pod))
    this.#adoptions = new Adoptions({ parts, signal: this.#ended.signal, onAdopted: (pod, record, meanwhile) => this.#adopted(pod, record, meanwhile) })
  }

  setAll(pods: readonly Pod[], onClear: () => void = () => {}): void {
    this.#whenAdopted(() => {
      const uids = new Set(pods.map(uidOf))
      this.#clearing = { uids, isCollected: false, onClear }
      for (const [uid, worker] of this.#workers) if (!uids.has(uid)) worker.remove()
      for (const uid of this.#adoptions.uids()) if (!uids.has(uid)) this.#adoptions.say(uid, 'removed')
      for (const uid of this.#left.keys()) if (!uids.has(uid)) this.#forget(uid)
      this.#late.keepOnly(uids)
      for (const pod of pods) this.#take(pod)
      void this.#collect()
    })
  }

  update(pod: Pod): void {
    this.#whenAdopted(() => {
      // It may have to wait for this node to be clear itself.
      this.#clearing?.uids.add(uidOf(pod))
      this.#take(pod)
    })
  }

  remove(_key: string, uid: string): void {
    this.#whenAdopted(() => {
      this.#forget(uid)
      this.#late.forget(uid)
      this.#adoptions.say(uid, 'removed')
      this.#workers.get(uid)?.remove()
    })
  }

  sourcesChanged(kind: SourceKind, key: string): void {
    this.#whenAdopted(() => {
      for (const worker of this.#workers.values()) if (usesSource(worker.pod, kind, key)) worker.sourcesChanged()
    })
  }

  /** Images came or went: pods that wait for one that is here now look again at once. The others keep their back-off, however many images others pull. */
  imagesChanged(): void {
    for (const worker of this.#workers.values()) {
      const waiting = containersOf(worker.pod).filter(({ spec }) => containerRecord(worker.record, spec.name).problem?.of === 'image')
      for (const { spec } of waiting) void this.#lookAgain(worker, { name: spec.name, image: spec.image ?? '' })
    }
  }

  async #lookAgain(worker: PodWorker, { name, image }: { readonly name: string; readonly image: string }): Promise<void> {
    // A store that cannot be read is told of where images are listed.
    const found = await this.#parts.images.find(image).catch(() => undefined)
    if (found === undefined || this.#workers.get(uidOf(worker.pod)) !== worker) return
    worker.change((record) => {
      const { problem } = containerRecord(record, name)
      return problem?.of === 'image' ? withContainer(record, name, { problem: { ...problem, retryAtMs: 0 } }) : record
    })
  }

  async serveStream(request: OpenStream, stream: Duplex<StreamFrame, StreamFrame>): Promise<void> {
    await serveStream({ parts: this.#parts, findPod: (ref) => this.#find(ref), allPods: () => [...this.#workers.values()] }, request, stream)
  }

  statuses(): readonly PodStatusReport[] {
    return [...this.#workers.values()].flatMap((worker) => (worker.status === undefined ? [] : [{ pod: worker.pod, status: worker.status, removed: false, timeline: worker.timeline }]))
  }

  /** The pods that are looked after now, with what is known of them. */
  pods(): ReadonlyArray<Pick<PodWorker, 'pod' | 'record'>> {
    return [...this.#workers.values()]
  }

  /** False where it is not here, or ends already. */
  evict(uid: string, eviction: Eviction): boolean {
    return this.#workers.get(uid)?.evict(eviction) ?? false
  }

  async run(signal: AbortSignal): Promise<void> {
    const { runtime } = this.#parts
    const stopListening = runtime.onExit((id) => this.#exited(id))
    const stopAsking = this.#parts.right.onChange(() => {
      for (const worker of this.#workers.values()) worker.look()
    })
    try {
      await this.#adoptAll()
      this.#scheduleLogCheck()
      this.#scheduleTokenCheck()
      await new Promise<void>((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true })))
    } finally {
      stopListening()
      stopAsking()
      this.#cancelTimer()
      this.#cancelTokenTimer()
      this.#late.end()
      this.#ended.abort(new Error('the agent ends'))
      await Promise.all([...this.#workers.values()].map((worker) => worker.stop()))
    }
  }

  #whenAdopted(work: () => void): void {
    if (this.#waiting === undefined) work()
    else this.#waiting.push(work)
  }

  async #adoptAll(): Promise<void> {
    for (const { pod, record } of await readCheckpoints(this.#parts)) this.#adoptions.begin(pod, record)
    this.#found = new Set((await this.#containersFound()).map((id) => id.slice(0, 32)))
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    this.#exemptThoseHere()
    for (const work of waiting) work()
    this.#looked.resolve()
  }

  /** No pod is begun before it is known what runs. */
  async #containersFound(): Promise<readonly string[]> {
    const { runtime, clock, log } = this.#parts
    for (let failures = 1; !this.#ended.signal.aborted; failures++) {
      try {
        return await runtime.list()
      } catch (error) {
        log.warn({ failures, err: messageOf(error) }, 'cannot see yet which containers are here')
        await sleep(clock, backoffMs(LOOK_AGAIN, failures), this.#ended.signal).catch(() => {})
      }
    }
    return []
  }

  #take(pod: Pod): void {
    const uid = uidOf(pod)
    const last = this.#left.get(uid)
    // Begun anew it would be told to have failed before it ran.
    if (last !== undefined) return this.#parts.reporter.report({ ...last, pod })
    const known = this.#workers.get(uid)
    if (known !== undefined) {
      known.update(pod)
      return this.#exemptThoseHere()
    }
    if (this.#adoptions.has(uid)) return this.#adoptions.say(uid, pod)
    if (pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed') return this.#takeFinished(pod)
    const nowMs = this.#parts.clock.nowMs()
    const seeded: PodRecord = { ...seedFromStatus(pod, newRecord(parseTime(pod.status?.startTime) ?? nowMs)), allocated: allocationToldOf(pod) }
    if (hasStarted(seeded) || this.#found.has(podUidHex(uid))) return this.#adopt(pod, seeded)
    const refusal = pod.metadata.deletionTimestamp === undefined ? (refusedUnderPressure(pod, this.#parts.pressures?.() ?? []) ?? this.#refused(pod)) : undefined
    if (refusal !== undefined && this.#late.holds(pod, refusal)) return
    this.#late.forget(uid)
    const record: PodRecord = refusal === undefined ? seeded : { ...seeded, rejected: { reason: refusal.reason, message: `Pod was rejected: ${refusal.message}` } }
    if (refusal !== undefined) this.#parts.reporter.event(pod, events.rejected(refusal.reason, refusal.message))
    this.#start(pod, record, false)
  }

  #refused(pod: Pod): Verdict | undefined {
    const others = this.#othersThan(uidOf(pod))
    return admit(pod, others, this.#parts.config.capacity) ?? admitPlace(pod, others, this.#parts.ownNode?.())
  }

  /** The pods that need room on this node beside one, with what they were given. */
  #othersThan(uid: string): readonly Pod[] {
    const others = [...this.#workers].filter(([one, { record }]) => one !== uid && record.stop === undefined && record.rejected === undefined).map(([, worker]) => worker.allocated)
    return [...others, ...this.#adoptions.inNeedOfRoom()]
  }

  /** There may be room now for what waits for it. */
  #roomChanged(uid: string): void {
    for (const [one, worker] of this.#workers) if (one !== uid && worker.waitsForRoom) worker.look()
  }

  #adopt(pod: Pod, record: PodRecord): void {
    this.#late.forget(uidOf(pod))
    this.#adoptions.begin(pod, record)
    this.#exemptThoseHere()
  }

  #adopted(pod: Pod, record: PodRecord, { next, exits }: Meanwhile): void {
    this.#start(pod, record, true)
    for (const id of exits) this.#exited(id)
    if (next === 'removed') this.#workers.get(uidOf(pod))?.remove()
    else if (next !== undefined) this.#take(next)
  }

  /** A pod that ended before this agent knew it: nothing runs and nothing will; only its removal is to be told. */
  #takeFinished(pod: Pod): void {
    this.#late.forget(uidOf(pod))
    if (pod.metadata.deletionTimestamp !== undefined) this.#parts.reporter.report({ pod, status: pod.status ?? {}, removed: true })
  }

  #start(pod: Pod, record: PodRecord, adopted: boolean): void {
    const uid = uidOf(pod)
    const worker = new PodWorker({ parts: this.#parts, pod, record, adopted, signal: this.#ended.signal, room: (wished) => roomFor(wished, this.#othersThan(uid), this.#parts.config.capacity), onRoomChanged: () => this.#roomChanged(uid), onLeft: (last) => void this.#left.set(uid, last), isKept: () => this.#left.has(uid), onGone: (next) => this.#gone(uid, next) })
    this.#workers.set(uid, worker)
    this.#exemptThoseHere()
    worker.begin()
  }

  /** Its object is gone: nobody asks any more how it ended. A worker that is still about to leave sees to its checkpoint itself. */
  #forget(uid: string): void {
    const { files, config, log } = this.#parts
    if (!this.#left.delete(uid) || this.#workers.has(uid)) return
    files.remove(checkpointPath(config.checkpointFolder, uid)).catch((error: unknown) => log.warn({ uid, err: messageOf(error) }, 'the note on a pod that is gone stays until the next start'))
  }

  #gone(uid: string, next: Pod | undefined): void {
    this.#workers.delete(uid)
    if (next !== undefined) this.#take(next)
    this.#roomChanged(uid)
    this.#exemptThoseHere()
    this.#lookIfClear()
  }

  /** Before the pods of an agent before this one are known, what that one said stands. */
  #exemptThoseHere(): void {
    if (this.#waiting !== undefined) return
    const pods = [...[...this.#workers.values()].map((worker) => worker.pod), ...this.#adoptions.pods()]
    const uids = pods.filter(staysWhenFenced).map(uidOf).toSorted()
    if (uids.join() === this.#exempt) return
    this.#exempt = uids.join()
    this.#parts.deadlines.setExempt(uids)
  }

  #lookIfClear(): void {
    const clearing = this.#clearing
    if (!clearing?.isCollected || [...this.#workers.keys(), ...this.#adoptions.uids()].some((uid) => !clearing.uids.has(uid))) return
    this.#clearing = undefined
    clearing.onClear()
  }

  #exited(id: string): void {
    this.#adoptions.exited(id)
    const prefix = id.slice(0, 32)
    for (const [uid, worker] of this.#workers) if (podUidHex(uid) === prefix) worker.containerExited(id)
  }

  /** A pod that an agent before this one left is found as soon as it is taken over: what is asked of it meanwhile waits, but not for ever. */
  async #find({ uid, namespace, name }: PodRef): Promise<PodWorker | undefined> {
    const fits = ({ metadata }: Pod): boolean => metadata.uid === uid || (metadata.namespace === namespace && metadata.name === name)
    const late = Promise.withResolvers<never>()
    const cancel = this.#parts.clock.after(TAKE_OVER_MS, () => late.reject(new Fault('unavailable', `pod ${namespace}/${name} is not taken over yet by the agent, which was started again`)))
    await Promise.race([this.#looked.promise.then(() => this.#adoptions.over(fits)), late.promise]).finally(cancel)
    return this.#workers.get(uid) ?? [...this.#workers.values()].find(({ pod }) => fits(pod))
  }

  async #collect(): Promise<void> {
    let isClear = false
    const clearing = this.#clearing
    try {
      const found = await collectGarbage(this.#parts, () => [...this.#workers.keys(), ...this.#adoptions.uids(), ...(this.#parts.guests ?? [])])
      isClear = !found.some(({ failed }) => failed)
      if (isClear && clearing) clearing.isCollected = true
      this.#lookIfClear()
    } catch (error) {
      this.#parts.log.warn({ err: messageOf(error) }, 'cannot clear what nobody owns')
    }
    if (!isClear && !this.#ended.signal.aborted) this.#parts.clock.after(this.#clearing ? CLEAR_AGAIN_MS : COLLECT_AGAIN_MS, () => void (this.#ended.signal.aborted || this.#collect()))
  }

  /** How large the logs are is looked at by the clock: an event for each written line would cost more. */
  #scheduleLogCheck(): void {
    this.#cancelTimer = this.#parts.clock.after(LOG_CHECK_MS, () => {
      Promise.all([this.#rotateLogs(), this.#lookForLosses()])
        .catch((error: unknown) => this.#parts.log.warn({ err: messageOf(error) }, 'cannot look after the logs and the memory of containers'))
        .finally(() => void (this.#ended.signal.aborted || this.#scheduleLogCheck()))
    })
  }

  #scheduleTokenCheck(): void {
    this.#cancelTokenTimer = this.#parts.clock.after(TOKEN_CHECK_MS, () => {
      for (const worker of this.#workers.values()) worker.refresh()
      this.#scheduleTokenCheck()
    })
  }

  /** Processes that the kernel killed in containers that run on. */
  async #lookForLosses(): Promise<void> {
    const running = new Set<string>()
    for (const { pod, record } of this.#workers.values()) {
      for (const { container, words } of await this.#oom.look(pod, record)) this.#parts.reporter.event(pod, events.outOfMemoryInside(container, words))
      for (const { now } of Object.values(record.containers)) if (now.kind === 'running') running.add(now.id)
    }
    this.#oom.keepOnly(running)
  }

  async #rotateLogs(): Promise<void> {
    const { logs, runtime, config } = this.#parts
    for (const { pod, record } of this.#workers.values()) {
      for (const { spec } of containersOf(pod)) {
        const { now, attempt } = containerRecord(record, spec.name)
        if (now.kind !== 'running') continue
        const path = containerLogPath(config.logFolder, pod, { container: spec.name, attempt })
        if (await logs.rotate(path, { maxBytes: config.logMaxBytes, maxFiles: config.logMaxFiles })) await runtime.reopenLog(now.id)
      }
    }
  }
}
