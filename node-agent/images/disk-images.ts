import type { BuildStore } from './build-store.ts'
import type { SourceCounts } from './peers/counts.ts'
import type { Holdings } from './peers/port.ts'
import type { Image, ImageStore } from './port.ts'
import type { ImageOrigin } from './records.ts'
import type { ImageShelf } from './shelf.ts'
import type { Swept } from './sweep.ts'

/** What the store on disk can do beyond what pods need of it: what people and the collector ask of it. */
export interface DiskImages extends ImageStore {
  readonly shelf: ImageShelf
  /** What it gives to other nodes. */
  readonly holdings: Holdings
  /** Where what was pulled came from. */
  readonly sources: () => SourceCounts
  /**
   * Keeps the layers as long as `holder` (a file or folder that is there already) is there. To be called before they are used; layers are paths as in `Image.layers`.
   * Throws Fault('not-found') where one is gone.
   */
  hold(holder: string, layers: readonly string[]): Promise<void>
  /** An archive as it comes; it is kept on disk until it has been read. Otherwise as `importArchive`. */
  importStream(bytes: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<readonly Image[]>
  /** One layer more on an image, under a new name (or none); what it is made of is `tar`, plain. Throws Fault('not-found' | 'invalid' | 'corrupt'). */
  derive(base: string, layer: { readonly tar: AsyncIterable<Uint8Array>; readonly name?: string; readonly createdBy: string; readonly comment: string }): Promise<Image>
  /** Begins a build: what it makes and what it uses is held until it is disposed. */
  build(): Promise<BuildStore>
  /** Results of builds' steps are kept no longer: those whose layers no image has, or all of them and the folders of cache mounts that no build uses now. Answers the bytes that were freed, also of what nobody held before. */
  forgetBuilds(which: 'unneeded' | 'all'): Promise<number>
  /** The same for all who share this store, and for nobody else. */
  identity(): Promise<string>
  /** Every image with what the collector must know of it, every result of a build's step that is kept, and every cache mount. */
  stored(): Promise<readonly StoredImage[]>
  /**
   * Removes kept results, images with all their names unless a container stands on them, and cache mounts unless a build uses them. Answers the bytes that were freed: layers that other images
   * share stay. One sweep for all of them: while it runs no container starts.
   */
  discardAll(ids: readonly string[]): Promise<number>
  /** Takes away blobs and layers that no image is made of and nobody holds. */
  reclaim(): Promise<Swept>
}

export interface StoredImage {
  /** Of an image; the key of a build's step; what stands for a cache mount. */
  readonly id: string
  readonly origin: ImageOrigin | 'unknown'
  readonly addedMs: number | undefined
  /** When a build last used what is kept for builds. */
  readonly usedMs?: number
  /** About so much would go with it; 0 where its files stay in any case, because an image that stays or work under way has them. Absent where nobody knows before. */
  readonly freesBytes?: number
  /** Brought by somebody's hand: it must not go by itself, because no registry is known to give it again. */
  readonly pinned: boolean
  /** A container of some agent of the host stands on it, or a build of some agent has it mounted. */
  readonly isUsed: boolean
}
