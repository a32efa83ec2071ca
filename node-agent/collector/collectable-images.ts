import type { StoredImage } from '../images/disk-images.ts'

/** What a collector needs of a store. */
export interface CollectableImages {
  stored(): Promise<readonly StoredImage[]>
  /** Bytes that were freed: what is in use after all stays. */
  discardAll(ids: readonly string[]): Promise<number>
}

/** The store, where images that pods of this node will use again count as used, too. */
export const collectable = (images: CollectableImages, noted: () => ReadonlySet<string>): CollectableImages => ({
  async stored() {
    const ids = noted()
    return (await images.stored()).map((image) => (ids.has(image.id) ? { ...image, isUsed: true } : image))
  },
  async discardAll(ids) {
    const stay = noted()
    return await images.discardAll(ids.filter((id) => !stay.has(id)))
  },
})

/** Under pressure even images go that would be kept otherwise: all that no pod stands on and nobody brought by hand. */
export async function discardUnused(images: CollectableImages): Promise<void> {
  const going = (await images.stored()).filter(({ pinned, isUsed, freesBytes }) => !pinned && !isUsed && freesBytes !== 0)
  if (going.length > 0) await images.discardAll(going.map(({ id }) => id))
}
