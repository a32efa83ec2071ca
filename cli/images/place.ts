import type { ImagesImported } from '../../shared/model/image-api.ts'
import type { Upload } from '../wire/upload.ts'

export interface ImageCall {
  readonly method: string
  /** After `IMAGE_API`: empty, or with a slash in front. */
  readonly path: string
  readonly query?: ReadonlyArray<readonly [name: string, value: string]>
  readonly body?: unknown
  readonly upload?: Upload
}

/** One store of images, and who reads it: a node, several nodes of one host, or all labs of this host. */
export interface ImagePlace {
  /** For people: `node n1`, `nodes n1, n2`, `this host`. */
  readonly title: string
  readonly nodes: readonly string[]
  /** @throws Problem in the words of the store */
  json<T>(call: ImageCall): Promise<T>
  stream(call: ImageCall): Promise<AsyncIterable<Uint8Array>>
  /** Brings in a file or folder of this very host, where the store is here too; it need not be sent then. */
  readonly importPath?: (path: string) => Promise<ImagesImported>
}

export const queryText = (query: ImageCall['query'] = []): string => (query.length === 0 ? '' : `?${new URLSearchParams(query.map(([name, value]) => [name, value])).toString()}`)
