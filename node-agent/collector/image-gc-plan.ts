/**
 * Which images go, by kubelet's rules (`pkg/kubelet/images/image_gc_manager.go`): above the high mark of the disk so many as bring it down to the low mark, those longest unused first;
 * and, where an age is set, whatever was not used for so long. Pure.
 */
export interface ImageGcPolicy {
  /** Above so many percent of the disk images are removed … */
  readonly highPercent: number
  /** … until it is filled to so many. */
  readonly lowPercent: number
  /** An image is left alone so long after it was first seen. */
  readonly minAgeMs: number
  /** One that was not used for so long goes in any case; 0 for never. */
  readonly maxAgeMs: number
}

export const KUBELET_IMAGE_GC: ImageGcPolicy = { highPercent: 85, lowPercent: 80, minAgeMs: 2 * 60_000, maxAgeMs: 0 }

/** An image as the collector remembers it. */
export interface SeenImage {
  readonly id: string
  readonly firstSeenMs: number
  /** When a container of it was last seen; `undefined` for never. */
  readonly lastUsedMs: number | undefined
  /** As in `StoredImage`: 0 frees nothing, absent is not known. */
  readonly freesBytes?: number | undefined
  /** Never to be removed by itself. */
  readonly pinned: boolean
}

export interface DiskSpace {
  readonly capacityBytes: number
  readonly availableBytes: number
}

/** Those that nobody used for longer than the policy allows. */
export function tooOld(images: readonly SeenImage[], { maxAgeMs }: ImageGcPolicy, { nowMs, sinceMs }: { readonly nowMs: number; readonly sinceMs: number }): readonly SeenImage[] {
  // An agent that has not looked for so long cannot know that nobody used it.
  if (maxAgeMs <= 0 || nowMs - sinceMs <= maxAgeMs) return []
  return inOrder(images).filter((image) => isFree(image, nowMs) && nowMs - (image.lastUsedMs ?? image.firstSeenMs) > maxAgeMs)
}

/** How much must go, and in which order images may: one after the other until it is enough. */
export function forSpace(images: readonly SeenImage[], disk: DiskSpace, { policy, nowMs }: { readonly policy: ImageGcPolicy; readonly nowMs: number }): { readonly needBytes: number; readonly order: readonly SeenImage[] } {
  const usedPercent = 100 - Math.trunc((disk.availableBytes * 100) / disk.capacityBytes)
  if (usedPercent < policy.highPercent) return { needBytes: 0, order: [] }
  const needBytes = Math.trunc((disk.capacityBytes * (100 - policy.lowPercent)) / 100) - disk.availableBytes
  return { needBytes, order: inOrder(images).filter((image) => image.freesBytes !== 0 && isFree(image, nowMs) && nowMs - image.firstSeenMs >= policy.minAgeMs) }
}

/** The next that go at once: so many of those whose size is known as promise to be enough, or one where only its removal tells. */
export function batchFor(order: readonly SeenImage[], from: number, needBytes: number): readonly SeenImage[] {
  let end = from
  for (let promised = 0; promised < needBytes && end < order.length; end++) {
    const bytes = order[end]?.freesBytes
    if (bytes === undefined) break
    promised += bytes
  }
  return order.slice(from, Math.max(end, from + 1))
}

/** Seen in use at this very look, or never to go by itself. */
const isFree = ({ lastUsedMs, pinned }: SeenImage, nowMs: number): boolean => !pinned && (lastUsedMs === undefined || lastUsedMs < nowMs)

/** Longest unused first, then longest here. */
const inOrder = (images: readonly SeenImage[]): readonly SeenImage[] => images.toSorted((a, b) => (a.lastUsedMs ?? -1) - (b.lastUsedMs ?? -1) || a.firstSeenMs - b.firstSeenMs)
