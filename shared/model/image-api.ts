/** What the images of a node are asked and answer, below {@link IMAGE_API} of the node's own API (reached through `/api/v1/nodes/NAME/proxy`). Types alone. */
export const IMAGE_API = '/gantry/v1/images'

/** `GET`: all images of the node's store. */
export interface ImageList {
  /** Names the store: nodes of one host may share it, and then have the same images. */
  readonly store: string
  readonly images: readonly ListedImage[]
}

export interface ListedImage {
  readonly id: string
  /** Full names, `docker.io/library/busybox:1.35`. */
  readonly tags: readonly string[]
  /** `docker.io/library/busybox@sha256:…` */
  readonly digests: readonly string[]
  readonly sizeBytes: number
  /** `local`: brought by somebody's hand; it is never collected by itself. `peer`: from a node to which it was brought so. */
  readonly origin: 'local' | 'pulled' | 'peer' | 'unknown'
  /** RFC 3339; missing where it is not known. */
  readonly added?: string | undefined
  /** A container stands on it. */
  readonly isUsed: boolean
}

/** `DELETE ?ref=` */
export interface ImageRemoved {
  readonly name: string
  readonly isUsed: boolean
}

/** `POST /prune?all=true` */
export interface ImagesPruned {
  readonly images: ReadonlyArray<{ readonly id: string; readonly tags: readonly string[] }>
  readonly bytes: number
}

/** `GET /history?ref=`, oldest first. */
export interface ImageHistory {
  readonly id: string
  readonly steps: ReadonlyArray<{ readonly created: string; readonly createdBy: string; readonly comment: string; readonly sizeBytes: number }>
}

/** `POST /check?ref=&repair=true` */
export interface ImageCheck {
  readonly images: number
  readonly damage: ReadonlyArray<{ readonly image: string; readonly kind: 'blob' | 'layer'; readonly digest: string; readonly message: string; readonly isRepaired: boolean; readonly advice: string }>
}

/** `POST /import`: the archive is the body. */
export interface ImagesImported {
  readonly images: ReadonlyArray<{ readonly id: string; readonly tags: readonly string[] }>
}

/** `POST /commit?namespace=&pod=&container=&name=` */
export interface ImageCommitted {
  readonly id: string
  readonly tags: readonly string[]
  /** Id of the image that the container was made from. */
  readonly base: string
  readonly container: string
}

/** `POST /pull?ref=` and `POST /push?ref=` answer lines of these; the last is `done` or `failed`. */
export type TransferLine =
  | { readonly kind: 'layer'; readonly digest: string; readonly doneBytes: number; readonly totalBytes: number; readonly state: string }
  | { readonly kind: 'done'; readonly name: string; readonly id: string; readonly isNew: boolean }
  | { readonly kind: 'failed'; readonly message: string }

/** The first line of what is sent to `POST /build`; the context follows it as a tar. */
export interface BuildRequest {
  /** The text, and what the file is called in messages. */
  readonly dockerfile: string
  readonly name: string
  readonly tags: readonly string[]
  readonly target?: string | undefined
  readonly args: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly network: 'default' | 'none' | 'host'
  /** Nothing is taken from the cache; what is made is kept there all the same. */
  readonly noCache: boolean
  /** Base images are asked of their registries although they are here. */
  readonly pull: boolean
  /** By id, in base64. */
  readonly secrets: Readonly<Record<string, string>>
  /** A docker config with logins for the registries of the base images. */
  readonly logins?: unknown
}

/** `POST /build` answers lines of these; the last is `done` or `failed`. */
export type BuildLine =
  | { readonly kind: 'warning'; readonly message: string }
  /** `step` counts from 1; `name` says which stage it is of and what it does. */
  | { readonly kind: 'step'; readonly step: number; readonly name: string; readonly state: 'started' | 'cached' | 'done' | 'failed'; readonly tookMs: number }
  | { readonly kind: 'output'; readonly step: number; readonly text: string }
  | { readonly kind: 'pull'; readonly step: number; readonly digest: string; readonly doneBytes: number; readonly totalBytes: number }
  | { readonly kind: 'done'; readonly id: string; readonly names: readonly string[]; readonly sizeBytes: number }
  | { readonly kind: 'failed'; readonly message: string }
