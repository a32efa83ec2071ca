/** Registries (OCI distribution-spec 1.1, Docker's before it): what images are pulled from and pushed to. */
import type { Digest } from '../digest.ts'
import type { Reference } from '../reference.ts'

/** What is shown to a registry. */
export type Credential =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** An OAuth refresh token (`identitytoken` of a docker config): changed for an access token at the token service. */
  | { readonly kind: 'identity-token'; readonly token: string }
  /** A bearer token as it is (`registrytoken`). */
  | { readonly kind: 'access-token'; readonly token: string }

/** A credential and where it may be shown. */
export interface RegistryLogin {
  /** `host[:port][/path]`, as a docker config names it: globs in the host's labels, and the beginning of a path. */
  readonly registry: string
  readonly credential: Credential
  /** The Secret it came from; missing: it is the node's own, or a person's. */
  readonly secret?: SecretSource
  /** Of a person who asked for one pull or build: what it opens is open to nobody else. */
  readonly isPersonal?: true
}

export interface SecretSource {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  readonly sizeBytes: number
}

/** A manifest or an index as the registry gave it: its bytes have this digest. */
export interface ManifestBytes {
  readonly mediaType: string
  readonly digest: Digest
  readonly bytes: Buffer
}

/** Bytes to be pushed. */
export interface BlobSource {
  readonly digest: Digest
  readonly sizeBytes: number
  /** The bytes from an offset on: asked again where an upload was cut. */
  readonly open: (offset: number) => AsyncIterable<Buffer>
  /** Another repository of the same registry that has it: `library/busybox`. */
  readonly mountFrom?: string
}

export interface RegistryClient {
  /** Begins to work with one repository (`docker.io/library/busybox`). Nothing is asked yet. */
  open(repository: string, how: OpenOptions): RepositorySession
}

export interface OpenOptions {
  /** All there are, in the order in which they are tried; those that do not fit the repository are never shown to anybody. */
  readonly logins: readonly RegistryLogin[]
  readonly actions: 'pull' | 'pull,push'
  readonly signal: AbortSignal
}

/**
 * One repository, by way of its mirrors and its own server, with the logins that fit each. What one of them refuses is asked of the next; who answered
 * is asked first for the same kind of thing from then on. Each request is tried again where that may help (cut connections, 429, 5xx), within bounds.
 *
 * Every call throws Fault: 'not-found', 'permission' (401, 403), 'unavailable' (no connection, 5xx and 429 to the end), 'corrupt' (other bytes than
 * promised), 'invalid' (what is against the specification).
 */
export interface RepositorySession {
  /** By which login this was let in so far: the first one of a pod's secret or a person, if any of the answers came by one; undefined where all came without. */
  readonly login: RegistryLogin | undefined
  /** The node's own that fit the repository, at its server or a mirror. Throws Fault where they cannot be read. */
  ownLogins(): Promise<readonly RegistryLogin[]>
  /** What a tag or digest stands for. Costs no pull where the registry counts them: asked by HEAD. */
  resolve(reference: Pick<Reference, 'tag' | 'digest'>): Promise<Descriptor>
  /** At most 4 MiB; verified. */
  manifest(digest: Digest): Promise<ManifestBytes>
  /**
   * The bytes as they come: goes on by Range where the connection was cut, and throws Fault('corrupt') at the end of wrong ones, or as soon as there are too many.
   * Whoever has the beginning already asks for the rest of it, and checks the whole.
   */
  blob(descriptor: Descriptor, from?: number): AsyncIterable<Buffer>
  hasBlob(digest: Digest): Promise<boolean>
  /** Mounts it from where it is, or uploads it; nothing to do where it is there. `onBytes` is told how many have gone since the last call; less than nothing where it begins anew. */
  pushBlob(blob: BlobSource, onBytes?: (count: number) => void): Promise<'exists' | 'mounted' | 'pushed'>
  /** Under a tag, or under its digest alone. */
  pushManifest(name: string, manifest: Pick<ManifestBytes, 'mediaType' | 'bytes'>): Promise<Digest>
  tags(): Promise<readonly string[]>
}
