/** Images from other nodes of the cluster: what nodes tell each other over mTLS. The reasons are in docs/adr/0007-images-from-other-nodes.md. */
import type { TlsFiles } from '../../../proto/rpc.ts'
import type { Digest } from '../digest.ts'
import type { RegistryLogin } from '../registry/port.ts'

/** A node that gives images to others. */
export interface PeerNode {
  readonly name: string
  readonly host: string
  readonly port: number
  /** Of its store (`DiskImages.identity`): nodes that share one have nothing to give each other. */
  readonly store: string
}

/** What is asked of other nodes. `all`: bytes, and names where no registry answers. `content`: bytes alone, by their digest. `none`: nothing, and nothing is given. */
export type PeerUse = 'all' | 'content' | 'none'

/** `have`: all of it. `fetching`: it comes from the registry. `claimed`: it is wanted, and nothing decided yet. `none`: nothing that this asker may have. */
export type BlobState = 'have' | 'fetching' | 'claimed' | 'none'

/** `POST /v1/ask`: whether the node has some bytes. Who asks wants them, and is remembered for it. */
export interface Question {
  readonly digest: Digest
  /** See rights.ts. */
  readonly rights: readonly string[]
}

export interface Answer {
  readonly state: BlobState
  /** Other nodes that asked for it lately, and may have it by now. */
  readonly also: readonly string[]
}

/** `POST /v1/name`: what a name stands for. */
export interface NameQuestion {
  readonly name: string
  readonly rights: readonly string[]
}

/** By which right the asker may have it. `local`: somebody brought it by hand, for all. `open`: it was pulled without any login. `shown`: by the login that the asker has shown. */
export type NameAnswer = { readonly kind: 'none' } | { readonly kind: 'found'; readonly digest: Digest; readonly right: 'local' | 'open' } | { readonly kind: 'found'; readonly digest: Digest; readonly right: 'shown'; readonly at: number }

/** Who may have some bytes: everybody, or who shows a login. */
export type Right = { readonly kind: 'open' } | { readonly kind: 'secret'; readonly hash: string }

export const OPEN: Right = { kind: 'open' }

/** What a node of its own store can give. */
export interface Holdings {
  /** Who may have these bytes; empty: they belong to no image here. As it was a moment ago, unless it must be as it is. */
  rightsTo(digest: Digest, now?: 'now'): Promise<readonly Right[]>
  /** Undefined where they are not here. */
  sizeBytes(digest: Digest): Promise<number | undefined>
  stream(digest: Digest, start: number): AsyncIterable<Buffer>
  /** What a full name stands for; `rights` of who asks, as `proofs` has them. */
  named(full: string): Promise<Named | undefined>
}

export interface Named {
  readonly digest: Digest
  readonly isLocal: boolean
  readonly rights: readonly Right[]
}

/** Who a node is, and whom it trusts. */
export type Identify = () => TlsFiles

/** A login and its hash: what a right is shown by. */
export interface ShownLogin {
  readonly login: RegistryLogin
  readonly hash: string
}

export interface PeerTimes {
  /** How long a node may take to answer a question. */
  readonly answerMs: number
  /** Silence in the middle of bytes. */
  readonly silenceMs: number
  /** How long one request waits at a node for what that node is fetching. */
  readonly waitMs: number
  /** How long somebody who is fetching may bring nothing, and how long everybody may be busy, before the registry is asked. */
  readonly patienceMs: number
  /** How long a registry may take to say what a name stands for before other nodes may say it. */
  readonly registryMs: number
}

export const PEER_TIMES: PeerTimes = { answerMs: 1_000, silenceMs: 10_000, waitMs: 10_000, patienceMs: 30_000, registryMs: 3_000 }
