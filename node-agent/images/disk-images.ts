import type { ImageStore } from './port.ts'
import type { Swept } from './sweep.ts'

/** What the store on disk can do beyond what pods need of it: what people and the collector ask of it. */
export interface DiskImages extends ImageStore {
  /**
   * Keeps the layers as long as `holder` (a file or folder that is there already) is there. To be called before they are used; layers are paths as in `Image.layers`.
   * Throws Fault('not-found') where one is gone.
   */
  hold(holder: string, layers: readonly string[]): Promise<void>
  /** Takes away blobs and layers that no image is made of and nobody holds. */
  reclaim(): Promise<Swept>
}
