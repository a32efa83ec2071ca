import type { OpenStream, StreamFrame } from '../../proto/gen/node/v1/session.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Pod, PodStatus } from '../../shared/model/gen/api.ts'
import { keyOf, uidOf } from '../../shared/model/meta.ts'
import { formatTime } from '../../shared/model/time.ts'
import type { PodReporter, PodStatusReport, PodWorkers } from '../pods/port.ts'
import type { Duplex } from '../session/port.ts'
import type { StaticFolder } from './files.ts'
import { isStatic } from './is-static.ts'
import type { ParsedFile, StaticFile } from './parse.ts'

const MIRROR = 'kubernetes.io/config.mirror'
/** As often as kubelet, beside being told. */
const LOOK_MS = 20_000
/** Until the folder has been read for the first time, all pods wait for it. */
const FIRST_LOOK_MS = 1_000
/** Writers make several changes of one. */
const SETTLE_MS = 100

export interface StaticPodsOptions {
  readonly nodeName: string
  readonly folder: StaticFolder
  readonly parse: (file: StaticFile) => ParsedFile
  readonly clock: Clock
  readonly log: Log
}

interface Running {
  readonly pod: Pod
  /** Its file is gone, or says something else. */
  readonly isEnding: boolean
  readonly status?: PodStatus | undefined
}

/**
 * Runs the pods of a folder beside those that are assigned. What happens to their mirrors in the API does not touch them: it is told what they are, and
 * a mirror that somebody deletes comes back.
 */
export class StaticPods {
  readonly #options: StaticPodsOptions
  readonly #listeners = new Set<() => void>()
  /** By `namespace/name`, as the files say. */
  #wanted = new Map<string, Pod>()
  /** By uid: what the workers have. */
  readonly #running = new Map<string, Running>()
  /** By `namespace/name`. */
  readonly #mirrors = new Map<string, Pod>()
  readonly #complaints = new Map<string, string>()
  #workers: PodWorkers | undefined
  #reporter: PodReporter | undefined
  /** What was said before the files were read. */
  #waiting: Array<() => void> | undefined = []
  /** One look after the other: the last one says what there is. */
  #lastLook: Promise<void> = Promise.resolve()

  constructor(options: StaticPodsOptions) {
    this.#options = options
  }

  /** The pods that are to have mirrors. */
  wanted(): readonly Pod[] {
    return [...this.#wanted.values()]
  }

  /** What the control plane is to be told: the wanted, unless there are none on either side. */
  toTell(): readonly Pod[] | undefined {
    return this.#wanted.size + this.#mirrors.size === 0 ? undefined : this.wanted()
  }

  /** Calls when the wanted are others, one has lost its mirror, or there is a mirror of none. The answer unsubscribes. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Workers that do both. `reporter` hears of mirrors what their pods do. */
  around(create: (reporter: PodReporter) => PodWorkers, reporter: PodReporter): PodWorkers {
    this.#reporter = reporter
    const inner = create({ report: (report) => this.#report(report), event: (pod, event) => reporter.event(pod, event) })
    this.#workers = inner
    return {
      setAll: (pods, onClear) =>
        this.#whenRead(() => {
          this.#mirrors.clear()
          for (const pod of pods.filter(isMirror)) this.#mirrors.set(keyOf(pod), pod)
          inner.setAll([...pods.filter((pod) => !isMirror(pod)), ...[...this.#running.values()].map(({ pod }) => pod)], onClear)
          for (const pod of pods.filter(isMirror)) this.#mirrorSeen(pod)
          if ([...this.#mirrors.keys()].some((key) => !this.#wanted.has(key))) this.#tell()
        }),
      update: (pod) => this.#whenRead(() => (isMirror(pod) ? this.#mirrorSeen(pod) : inner.update(pod))),
      remove: (key, uid) => this.#whenRead(() => (this.#mirrors.get(key)?.metadata.uid === uid ? this.#mirrorGone(key) : inner.remove(key, uid))),
      sourcesChanged: (kind, key) => inner.sourcesChanged(kind, key),
      imagesChanged: () => inner.imagesChanged(),
      serveStream: (request: OpenStream, stream: Duplex<StreamFrame, StreamFrame>) => inner.serveStream(request, stream),
      statuses: () => inner.statuses().flatMap((report) => this.#asMirror(report)),
      run: (signal) => this.#run(inner, signal),
    }
  }

  async #run(inner: PodWorkers, signal: AbortSignal): Promise<void> {
    const { clock, folder } = this.#options
    let cancel = (): void => {}
    const stop = folder.watch(() => {
      cancel()
      cancel = clock.after(SETTLE_MS, () => void this.#look())
    })
    try {
      await this.#look()
      await Promise.all([inner.run(signal), this.#lookAgain(signal)])
    } finally {
      cancel()
      stop()
    }
  }

  async #lookAgain(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#options.clock, this.#waiting ? FIRST_LOOK_MS : LOOK_MS, signal).catch(() => {})
      if (!signal.aborted) await this.#look()
    }
  }

  #whenRead(work: () => void): void {
    if (this.#waiting) this.#waiting.push(work)
    else work()
  }

  /** Reads the folder. What cannot be read now leaves everything as it is. */
  #look(): Promise<void> {
    this.#lastLook = this.#lastLook.then(() => this.#lookOnce()).catch((error: unknown) => this.#options.log.warn({ err: messageOf(error) }, 'static pods cannot be read'))
    return this.#lastLook
  }

  async #lookOnce(): Promise<void> {
    this.#take(this.#podsOf(await this.#options.folder.read()))
    // Not earlier: a pod that runs here and that nobody knows would be taken for one that is to end.
    const waiting = this.#waiting ?? []
    this.#waiting = undefined
    for (const work of waiting) work()
  }

  #podsOf(files: ReadonlyMap<string, string>): ReadonlyMap<string, Pod> {
    const { parse, nodeName, clock, log } = this.#options
    const wanted = new Map<string, Pod>()
    for (const [path, text] of files) {
      const parsed = parse({ path, text, nodeName, nowMs: clock.nowMs() })
      if (parsed.kind === 'pod') wanted.set(keyOf(parsed.pod), this.#known(parsed.pod))
      else if (this.#complaints.get(path) !== text) log.warn({ path, why: parsed.message }, 'a file is no static pod')
      this.#complaints.set(path, text)
    }
    return wanted
  }

  /** The one that runs, where it is the same: it was seen earlier. */
  #known(pod: Pod): Pod {
    return this.#running.get(uidOf(pod))?.pod ?? pod
  }

  #take(wanted: ReadonlyMap<string, Pod>): void {
    const before = new Set(this.wanted().map(uidOf))
    this.#wanted = new Map(wanted)
    for (const [uid, running] of this.#running) if (this.#wanted.get(keyOf(running.pod))?.metadata.uid !== uid && !running.isEnding) this.#end(uid, running)
    this.#startWanted()
    if (before.size !== wanted.size || this.wanted().some((pod) => !before.has(uidOf(pod)))) this.#tell()
  }

  /** What has the name of one that still ends waits for it. */
  #startWanted(): void {
    for (const pod of this.#wanted.values()) {
      if ([...this.#running.values()].some((one) => keyOf(one.pod) === keyOf(pod))) continue
      this.#running.set(uidOf(pod), { pod, isEnding: false })
      this.#workers?.update(pod)
    }
  }

  #end(uid: string, running: Running): void {
    const { clock } = this.#options
    const grace = running.pod.spec?.terminationGracePeriodSeconds ?? 30
    const pod = { ...running.pod, metadata: { ...running.pod.metadata, deletionTimestamp: formatTime(clock.nowMs() + grace * 1000), deletionGracePeriodSeconds: grace } }
    this.#running.set(uid, { ...running, pod, isEnding: true })
    this.#workers?.update(pod)
  }

  #report(report: PodStatusReport): void {
    const uid = uidOf(report.pod)
    const running = this.#running.get(uid)
    // Of a file that went while no agent ran.
    if (running === undefined && isStatic(report.pod)) return
    if (running === undefined) return this.#reporter?.report(report)
    if (report.removed) {
      this.#running.delete(uid)
      return this.#startWanted()
    }
    this.#running.set(uid, { ...running, status: report.status })
    for (const told of this.#asMirror(report)) this.#reporter?.report(told)
  }

  /** What is told of a pod to those who only know its mirror; nothing while there is none. */
  #asMirror(report: PodStatusReport): readonly PodStatusReport[] {
    if (!isStatic(report.pod)) return [report]
    const mirror = this.#mirrors.get(keyOf(report.pod))
    return mirror?.metadata.annotations?.[MIRROR] === uidOf(report.pod) ? [{ ...report, pod: mirror, removed: false }] : []
  }

  #mirrorSeen(mirror: Pod): void {
    const key = keyOf(mirror)
    // Somebody deletes it: nothing here ends for that, so it may go at once.
    if (mirror.metadata.deletionTimestamp !== undefined) {
      this.#mirrors.set(key, mirror)
      return this.#reporter?.report({ pod: mirror, status: mirror.status ?? {}, removed: true })
    }
    const isNew = this.#mirrors.get(key)?.metadata.uid !== mirror.metadata.uid
    this.#mirrors.set(key, mirror)
    if (isNew && !this.#wanted.has(key)) this.#tell()
    const running = this.#running.get(mirror.metadata.annotations?.[MIRROR] ?? '')
    if (isNew && running?.status !== undefined) for (const told of this.#asMirror({ pod: running.pod, status: running.status, removed: false })) this.#reporter?.report(told)
  }

  #mirrorGone(key: string): void {
    this.#mirrors.delete(key)
    if (this.#wanted.has(key)) this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

/** Of an agent that has no folder, but may find mirrors of one before it that had: they are not run, and go. */
export const noStaticPods = ({ nodeName, clock, log }: Omit<StaticPodsOptions, 'folder' | 'parse'>): StaticPods =>
  new StaticPods({ nodeName, clock, log, folder: { read: async () => new Map(), watch: () => () => {} }, parse: () => ({ kind: 'refused', message: 'there is no folder' }) })

const isMirror = (pod: Pod): boolean => pod.metadata.annotations?.[MIRROR] !== undefined
