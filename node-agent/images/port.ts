import type { RegistryLogin } from './registry/port.ts'
import type { PullProgress } from './registry/remote-image.ts'

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
  | { readonly kind: 'present'; readonly image: Image; readonly pulled: false | PullTimes }
  /** A "no" as kubelet words it: `ErrImageNeverPull`, `ErrImagePull`, `InvalidImageName`. */
  | { readonly kind: 'refused'; readonly reason: 'ErrImageNeverPull' | 'ErrImagePull' | 'InvalidImageName'; readonly message: string }

/** How long it took in ms: alone, and with waiting for a turn or for somebody else's pull. */
export interface PullTimes {
  readonly pullMs: number
  readonly totalMs: number
}

export interface EnsureOptions {
  readonly signal: AbortSignal
  /** What the pod's pull secrets say; the node's own logins count beside them. */
  readonly logins?: readonly RegistryLogin[] | undefined
  /** Called once if a registry is to be asked, before it is. */
  readonly onPulling?: (() => void) | undefined
  readonly onProgress?: ((progress: PullProgress) => void) | undefined
}

export interface ImageStore {
  /**
   * Finds or pulls it, by Kubernetes' policy. One download serves all who ask for it; nothing is found before it is complete and verified. An image that was pulled
   * with somebody else's secret is asked of its registry again. Rejects when the signal aborts.
   */
  ensure(reference: string, policy: 'Always' | 'IfNotPresent' | 'Never', options: EnsureOptions): Promise<EnsureResult>
  /** By name, digest or id. */
  find(reference: string): Promise<Image | undefined>
  list(): Promise<readonly Image[]>
  /** An archive (OCI layout as tar, docker-archive; plain or gzip). Digests are checked; throws Fault('corrupt' | 'invalid') and leaves nothing behind. */
  importArchive(file: string, signal?: AbortSignal): Promise<readonly Image[]>
  remove(reference: string): Promise<boolean>
  /** Calls when images came or went, by whichever process; an event may stand for several. The answer unsubscribes. */
  onChange(listener: () => void): () => void
}
