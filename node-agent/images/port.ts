/** Images on this node: content by digest, made available as unpacked layers. One store may be shared by every agent on the host (the lab does). */
export interface ImageConfig {
  readonly env: readonly string[]
  readonly entrypoint: readonly string[]
  readonly cmd: readonly string[]
  readonly workingDir: string
  /** `user`, `user:group`, `uid:gid`, or empty. */
  readonly user: string
  readonly stopSignal: string
  readonly labels: Readonly<Record<string, string>>
  readonly volumes: readonly string[]
}

export interface Image {
  /** `sha256:…` of its config: the image ID. */
  readonly id: string
  /** Full names, `docker.io/library/busybox:1.35`. */
  readonly tags: readonly string[]
  /** `docker.io/library/busybox@sha256:…` */
  readonly digests: readonly string[]
  readonly sizeBytes: number
  readonly config: ImageConfig
  /** Folders of its unpacked layers, lowest first: what a snapshot is stacked on. */
  readonly layers: readonly string[]
}

export type EnsureResult =
  | { readonly kind: 'present'; readonly image: Image; readonly pulled: boolean }
  /** A "no" as kubelet words it: `ErrImageNeverPull`, `ErrImagePull`, `InvalidImageName`. */
  | { readonly kind: 'refused'; readonly reason: 'ErrImageNeverPull' | 'ErrImagePull' | 'InvalidImageName'; readonly message: string }

export interface ImageStore {
  /** Finds or pulls it, by Kubernetes' policy. There is no registry client yet: what is not here cannot be pulled. */
  ensure(reference: string, policy: 'Always' | 'IfNotPresent' | 'Never', signal: AbortSignal): Promise<EnsureResult>
  /** By name, digest or id. */
  find(reference: string): Promise<Image | undefined>
  list(): Promise<readonly Image[]>
  /** An archive (OCI layout as tar, docker-archive; plain or gzip). Digests are checked; throws Fault('corrupt' | 'invalid') and leaves nothing behind. */
  importArchive(file: string, signal?: AbortSignal): Promise<readonly Image[]>
  remove(reference: string): Promise<boolean>
  /** Calls when images came or went, by whichever process; an event may stand for several. The answer unsubscribes. */
  onChange(listener: () => void): () => void
}
