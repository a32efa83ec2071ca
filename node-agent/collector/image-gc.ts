import { backoffMs } from '../../shared/kit/backoff.ts'
import { type Clock, sleep } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { CollectableImages } from './collectable-images.ts'
import { batchFor, type DiskSpace, forSpace, type ImageGcPolicy, type SeenImage, tooOld } from './image-gc-plan.ts'

/** As often as kubelet. */
const PERIOD_MS = 5 * 60_000
/** Sooner where too little was found: what is in use now, or too young, may soon not be, and pods wait for the room. */
const AGAIN = { baseMs: 10_000, capMs: PERIOD_MS, factor: 2 }
/** Ids in one line of the log. */
const MOST_TOLD = 20

export interface ImageCollectorOptions {
  readonly policy: ImageGcPolicy
  readonly images: CollectableImages
  /** Of the file system that images lie on. */
  readonly disk: () => Promise<DiskSpace>
  /** An event of the node. */
  readonly tell: (event: { readonly type: 'Warning'; readonly reason: string; readonly message: string }) => void
  readonly clock: Clock
  readonly log: Log
}

/**
 * Keeps the disk from filling up with images, in kubelet's way and with its words. Never removes what a container of any agent of the host stands on, nor what somebody brought by hand: no
 * registry would give that again.
 */
export class ImageCollector {
  readonly #options: ImageCollectorOptions
  readonly #sinceMs: number
  #seen = new Map<string, SeenImage>()
  /** In a row. */
  #failures = 0

  constructor(options: ImageCollectorOptions) {
    this.#options = options
    this.#sinceMs = options.clock.nowMs()
  }

  /** Looks again and again until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.collect()
      await sleep(this.#options.clock, backoffMs(AGAIN, this.#failures) || PERIOD_MS, signal).catch(() => {})
    }
  }

  /** Looks once. Answers how many bytes were freed. */
  async collect(): Promise<number> {
    try {
      const freed = await this.#collect()
      this.#failures = 0
      return freed
    } catch (error) {
      const message = messageOf(error)
      // The first failure may be one of the start: kubelet is silent about it, too.
      if (this.#failures > 0) this.#options.tell({ type: 'Warning', reason: 'ImageGCFailed', message })
      this.#options.log.warn({ err: message }, 'images cannot be collected')
      this.#failures++
      return 0
    }
  }

  async #collect(): Promise<number> {
    const { policy, clock, disk } = this.#options
    const nowMs = clock.nowMs()
    await this.#look(nowMs)
    const old = await this.#discard(tooOld([...this.#seen.values()], policy, { nowMs, sinceMs: this.#sinceMs }))
    const space = await disk()
    if (space.capacityBytes <= 0) {
      this.#options.tell({ type: 'Warning', reason: 'InvalidDiskCapacity', message: `invalid capacity ${space.capacityBytes} on image filesystem` })
      throw new Error(`invalid capacity ${space.capacityBytes} on image filesystem`)
    }
    const { needBytes, order } = forSpace([...this.#seen.values()], space, { policy, nowMs })
    if (needBytes <= 0) return old
    const freed = await this.#free(order, needBytes)
    if (freed >= needBytes) return old + freed
    const message = `Failed to garbage collect required amount of images. Attempted to free ${needBytes} bytes, but only found ${freed} bytes eligible to free.`
    this.#options.tell({ type: 'Warning', reason: 'FreeDiskSpaceFailed', message })
    throw new Error(message)
  }

  async #look(nowMs: number): Promise<void> {
    const seen = new Map<string, SeenImage>()
    for (const { id, pinned, isUsed, usedMs, freesBytes } of await this.#options.images.stored()) {
      const before = this.#seen.get(id)
      // What is kept for builds counts from its last use, which the store knows.
      seen.set(id, { id, pinned, freesBytes, firstSeenMs: usedMs ?? before?.firstSeenMs ?? nowMs, lastUsedMs: isUsed ? nowMs : before?.lastUsedMs })
    }
    this.#seen = seen
  }

  /** So many after each other that it is enough. */
  async #free(images: readonly SeenImage[], enoughBytes: number): Promise<number> {
    let freed = 0
    for (let at = 0; at < images.length && freed < enoughBytes; ) {
      const batch = batchFor(images, at, enoughBytes - freed)
      freed += await this.#discard(batch)
      at += batch.length
    }
    return freed
  }

  async #discard(images: readonly SeenImage[]): Promise<number> {
    if (images.length === 0) return 0
    const ids = images.map(({ id }) => id)
    const bytes = await this.#options.images.discardAll(ids)
    for (const id of ids) this.#seen.delete(id)
    this.#options.log.info({ ids: ids.slice(0, MOST_TOLD), count: ids.length, bytes }, 'what nobody uses was removed from the image store')
    return bytes
  }
}
