import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import { uidOf } from '../../shared/model/meta.ts'
import { calm, judgePressure, type Judged, type Observations, type PressureState } from './decide.ts'
import { hasStorageLimits, storageExcess } from './local-storage.ts'
import { pressureWords } from './message.ts'
import type { EvictablePods, EvictionMeasures, SeenPod } from './port.ts'
import { isCritical, rankForEviction, type Candidate } from './rank.ts'
import { shareOf, type Pressure, type Threshold } from './thresholds.ts'

/** How often the node is looked at, and how often at what pods have written (kubelet: both every 10 s). */
const LOOK_MS = 5_000
const STORAGE_MS = 10_000
/** Walks through folders take this part of the time at most. */
const STORAGE_PART = 0.05
/** So long the end of one pod is waited for before another is chosen. */
const VICTIM_MS = 30_000
/** Kubelet's least: what is evicted at once has a second. */
const AT_ONCE_MS = 1_000

export interface EvictionOptions {
  readonly nodeName: string
  readonly thresholds: readonly Threshold[]
  readonly transitionMs: number
  /** Of pods that a soft threshold evicts. */
  readonly longestGraceMs: number
  readonly measures: EvictionMeasures
  readonly pods: EvictablePods
  /** Removes images that nobody needs: done before a pod goes for want of disk. */
  readonly reclaimImages: () => Promise<unknown>
  /** An event of the node. */
  readonly tell: (event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }) => void
  readonly clock: Clock
  readonly log: Log
}

const STATUS_WORDS: Readonly<Record<Pressure, { readonly began: string; readonly ended: string }>> = {
  MemoryPressure: { began: 'NodeHasInsufficientMemory', ended: 'NodeHasSufficientMemory' },
  DiskPressure: { began: 'NodeHasDiskPressure', ended: 'NodeHasNoDiskPressure' },
  PIDPressure: { began: 'NodeHasInsufficientPID', ended: 'NodeHasSufficientPID' },
}

/** Ends pods before the node runs out of something, one at a time, and those that wrote more than they may. */
export class EvictionLoop {
  readonly #options: EvictionOptions
  readonly #listeners = new Set<() => void>()
  #state: PressureState = calm
  #pressures: readonly Pressure[] = []
  #victim: { readonly uid: string; readonly sinceMs: number } | undefined
  #storageAtMs = 0

  constructor(options: EvictionOptions) {
    this.#options = options
  }

  /** What the node lacks, for its conditions. */
  get pressures(): readonly Pressure[] {
    return this.#pressures
  }

  /** Calls when the pressures are others. The answer unsubscribes. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** Looks again and again until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look().catch((error: unknown) => this.#options.log.warn({ err: messageOf(error) }, 'cannot look at what is left on the node'))
      await sleep(this.#options.clock, LOOK_MS, signal).catch(() => {})
    }
  }

  /** Looks once. */
  async look(): Promise<void> {
    const { clock, thresholds, measures } = this.#options
    if (await this.#evictWriters()) return
    if (thresholds.length === 0) return
    const observations = await measures.observe()
    const judged = this.#judge(observations)
    this.#state = judged.state
    this.#setPressures(judged.conditions)
    if (judged.reclaim !== undefined && !this.#isVictimGoing(clock.monotonicMs())) await this.#reclaim(judged.reclaim, observations)
  }

  #judge(observations: Observations): Judged {
    const { thresholds, transitionMs, clock } = this.#options
    return judgePressure(this.#state, { thresholds, observations, transitionMs, nowMs: clock.monotonicMs() })
  }

  #active(): readonly SeenPod[] {
    return this.#options.pods.pods().filter(({ record }) => record.stop === undefined && record.rejected === undefined)
  }

  /** Whether any pod went for what it wrote itself. */
  async #evictWriters(): Promise<boolean> {
    const { clock, measures, pods, log } = this.#options
    const beganMs = clock.monotonicMs()
    if (beganMs < this.#storageAtMs) return false
    let any = false
    for (const seen of this.#active().filter(({ pod }) => hasStorageLimits(pod) && !isCritical(pod))) {
      const written = await this.#unlessUnknown(seen, measures.storage(seen))
      const message = written && storageExcess(seen.pod, written)
      if (message === undefined || !pods.evict(uidOf(seen.pod), { message, isDisruption: false, graceMs: AT_ONCE_MS })) continue
      log.info({ pod: `${seen.pod.metadata.namespace ?? ''}/${seen.pod.metadata.name ?? ''}`, message }, 'evicted')
      any = true
    }
    const endMs = clock.monotonicMs()
    this.#storageAtMs = endMs + Math.max(STORAGE_MS - LOOK_MS / 2, (endMs - beganMs) / STORAGE_PART)
    return any
  }

  /** What is known of one pod. Nothing that a pod does with its own files keeps the node from looking at the others. */
  async #unlessUnknown<T>({ pod }: SeenPod, measured: Promise<T>): Promise<T | undefined> {
    try {
      return await measured
    } catch (error) {
      this.#options.log.warn({ pod: `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`, err: messageOf(error) }, 'what a pod uses cannot be measured')
      return undefined
    }
  }

  #setPressures(now: readonly Pressure[]): void {
    const before = this.#pressures
    const began = now.filter((one) => !before.includes(one))
    const ended = before.filter((one) => !now.includes(one))
    if (began.length + ended.length === 0) return
    this.#pressures = now
    for (const reason of [...began.map((one) => STATUS_WORDS[one].began), ...ended.map((one) => STATUS_WORDS[one].ended)]) this.#options.tell({ type: 'Normal', reason, message: `Node ${this.#options.nodeName} status is now: ${reason}` })
    for (const listener of this.#listeners) listener()
  }

  /** What a pod held comes back only when it is gone. */
  #isVictimGoing(nowMs: number): boolean {
    const victim = this.#victim
    if (victim === undefined) return false
    const seen = this.#options.pods.pods().find(({ pod }) => uidOf(pod) === victim.uid)
    if (seen !== undefined && !seen.record.cleaned && nowMs - victim.sinceMs < VICTIM_MS) return true
    this.#victim = undefined
    return false
  }

  async #reclaim({ threshold, starved }: NonNullable<Judged['reclaim']>, observations: Observations): Promise<void> {
    const { tell, reclaimImages, measures, log } = this.#options
    tell({ type: 'Warning', reason: 'EvictionThresholdMet', message: `Attempting to reclaim ${starved}` })
    if (starved === 'ephemeral-storage' || starved === 'inodes') {
      await reclaimImages()
      if (this.#judge(await measures.observe()).reclaim === undefined) return
    }
    const candidates = await Promise.all(this.#active().map(async (seen): Promise<Candidate> => ({ pod: seen.pod, use: await this.#unlessUnknown(seen, measures.use(seen)) })))
    for (const candidate of rankForEviction(candidates, starved)) {
      if (isCritical(candidate.pod)) continue
      if (this.#evict(candidate, { threshold, words: pressureWords(candidate, starved, { threshold, amount: observations[threshold.signal] }) })) return
    }
    log.warn({ starved, signal: threshold.signal, below: shareOf(threshold.below, observations[threshold.signal]?.capacity ?? 0) }, 'no pod is left that could be evicted')
  }

  #evict({ pod }: Candidate, { threshold, words }: { readonly threshold: Threshold; readonly words: ReturnType<typeof pressureWords> }): boolean {
    const { pods, clock, log, longestGraceMs } = this.#options
    const own = (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000
    const graceMs = threshold.graceMs === undefined ? AT_ONCE_MS : Math.max(AT_ONCE_MS, Math.min(longestGraceMs, own))
    if (!pods.evict(uidOf(pod), { ...words, isDisruption: true, graceMs })) return false
    this.#victim = { uid: uidOf(pod), sinceMs: clock.monotonicMs() }
    log.info({ pod: `${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}`, message: words.message }, 'evicted')
    return true
  }
}
