import type { Heredoc } from './lines.ts'

/** The instructions of a Dockerfile as values; variables in them are not replaced yet. */
export type Instruction = { readonly line: number; /** As written, on one line. */ readonly text: string } & Work

export type Work =
  | { readonly kind: 'arg'; readonly args: readonly Arg[] }
  | { readonly kind: 'env'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'label'; readonly pairs: readonly Pair[] }
  | { readonly kind: 'run'; readonly command: Command; readonly heredocs: readonly Heredoc[]; readonly mounts: readonly RawMount[]; readonly network: RunNetwork | undefined }
  | Copy
  | { readonly kind: 'workdir' | 'user' | 'stopsignal' | 'maintainer'; readonly value: string }
  | { readonly kind: 'cmd' | 'entrypoint'; readonly command: Command }
  | { readonly kind: 'shell'; readonly shell: readonly string[] }
  | { readonly kind: 'expose' | 'volume'; readonly values: readonly string[] }
  | { readonly kind: 'healthcheck'; readonly check: Healthcheck }
  | { readonly kind: 'onbuild'; readonly trigger: string }

export interface Arg {
  readonly name: string
  readonly value: string | undefined
}

export type Pair = readonly [name: string, value: string]

export type Command = { readonly form: 'shell'; readonly text: string } | { readonly form: 'exec'; readonly words: readonly string[] }

export type RunNetwork = 'default' | 'none' | 'host'

/** `type=cache,target=/x`: keys and values as written. */
export type RawMount = Readonly<Record<string, string>>

export interface Copy {
  readonly kind: 'copy' | 'add'
  readonly sources: readonly string[]
  /** Texts below it that become files. */
  readonly files: readonly Heredoc[]
  readonly destination: string
  /** A stage or an image; the context unless given. */
  readonly from: string | undefined
  readonly owner: string | undefined
  readonly mode: string | undefined
  readonly excluded: readonly string[]
  /** The folders on the way to a source are made too. */
  readonly parents: boolean
  /** Archives are unpacked; ADD does so unless told otherwise. */
  readonly unpack: boolean
  /** What comes from a URL is unpacked only when it is said. */
  readonly unpackFetched: boolean
  /** `sha256:…` of what comes from the URL. */
  readonly checksum: string | undefined
}

/** As Docker keeps it in an image's config; times in nanoseconds. */
export interface Healthcheck {
  readonly test: readonly string[]
  readonly intervalNanos?: number
  readonly timeoutNanos?: number
  readonly startPeriodNanos?: number
  readonly startIntervalNanos?: number
  readonly retries?: number
}

export interface Stage {
  readonly index: number
  /** In small letters; its number where it has none. */
  readonly name: string | undefined
  readonly line: number
  readonly text: string
  /** An image, a stage before it, or `scratch`. */
  readonly base: string
  readonly platform: string | undefined
  readonly instructions: readonly Instruction[]
}

export interface Dockerfile {
  readonly escape: string
  /** Before the first FROM. */
  readonly globals: readonly (Instruction & { readonly kind: 'arg' })[]
  readonly stages: readonly Stage[]
  readonly warnings: readonly string[]
}
