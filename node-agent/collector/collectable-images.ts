import type { StoredImage } from '../images/disk-images.ts'

/** What a collector needs of a store. */
export interface CollectableImages {
  stored(): Promise<readonly StoredImage[]>
  /** Bytes that were freed; 0 where it is in use after all. */
  discard(id: string): Promise<number>
}

/** The store, where images that pods of this node will use again count as used, too. */
export const collectable = (images: CollectableImages, noted: () => ReadonlySet<string>): CollectableImages => ({
  async stored() {
    const ids = noted()
    return (await images.stored()).map((image) => (ids.has(image.id) ? { ...image, isUsed: true } : image))
  },
  discard: async (id) => (noted().has(id) ? 0 : await images.discard(id)),
})

/** Under pressure even images go that would be kept otherwise: all that no pod stands on and nobody brought by hand. */
export async function discardUnused(images: CollectableImages): Promise<void> {
  for (const { id, pinned, isUsed } of await images.stored()) if (!pinned && !isUsed) await images.discard(id)
}
