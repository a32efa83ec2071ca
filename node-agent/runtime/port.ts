import type { OwnUsers } from './oci-user.ts'

/**
 * Containers as the OCI runtime knows them, each held by a monitor (conmon) of its own that outlives the agent.
 *
 * Life: `create` (bundle written, process waiting) → `start` → running → exited (the monitor wrote the exit code) → `delete`.
 * All verbs are idempotent where a plan may repeat them: starting what runs, killing what has exited, deleting what is gone are no errors.
 */
export interface ContainerSpec {
  readonly id: string
  readonly rootfs: string
  /** The OCI runtime configuration (config.json), made by `oci-spec.ts`. */
  readonly config: Readonly<Record<string, unknown>>
  /** Log file in CRI format. */
  readonly logPath: string
  readonly terminal: boolean
  readonly stdin: boolean
  /** The standard input ends with the first one who wrote to it. */
  readonly stdinOnce?: boolean
  /** For a container in a user namespace of its pod's own: what its runtime may not set from within is set from outside before the start. */
  readonly ownUsers?: OwnUsers | undefined
}

export type ContainerState =
  | { readonly kind: 'created'; readonly pid: number }
  | { readonly kind: 'running'; readonly pid: number; readonly startedMs: number }
  | { readonly kind: 'exited'; readonly exitCode: number; readonly signal?: number | undefined; readonly oomKilled: boolean; readonly startedMs: number; readonly finishedMs: number }
  /** No such container, or one whose monitor is gone, so that nobody can tell of it: to be deleted. */
  | { readonly kind: 'unknown' }

export type CreateResult = { readonly kind: 'created'; readonly pid: number } | /** The runtime's own words. */ { readonly kind: 'refused'; readonly message: string }

export interface ExecOptions {
  readonly command: readonly string[]
  readonly tty: boolean
  readonly env?: readonly string[]
  /** Ends the process; after its end it lets go of what children of it still hold open. */
  readonly signal?: AbortSignal
}

/** A process run inside a container. Streams are bytes; a consumer that is slow slows the process. */
export interface ExecProcess {
  readonly stdout: AsyncIterable<Uint8Array>
  readonly stderr: AsyncIterable<Uint8Array>
  writeStdin(bytes: Uint8Array): Promise<void>
  closeStdin(): void
  resize(width: number, height: number): void
  /** Resolves at its end; `refused` holds the runtime's words where the command was never started. */
  readonly exit: Promise<{ readonly exitCode: number; readonly refused?: string | undefined }>
}

/** The standard input and terminal of a container's first process. */
export interface ContainerInput {
  write(bytes: Uint8Array): Promise<void>
  /** Ends the container's standard input if it was created with `stdinOnce`. */
  close(): void
}

export interface ContainerRuntime {
  readonly name: string
  readonly version: string
  create(spec: ContainerSpec): Promise<CreateResult>
  start(id: string): Promise<{ readonly kind: 'started'; readonly startedMs: number } | { readonly kind: 'refused'; readonly message: string }>
  /** To the container's init, or to every process of it. */
  kill(id: string, signal: number, options?: { readonly all?: boolean }): Promise<void>
  delete(id: string): Promise<void>
  state(id: string): Promise<ContainerState>
  /** Ids of all containers of this agent, for adoption and the collector. */
  list(): Promise<readonly string[]>
  /** Called with the id whenever a container exits (from the monitor's exit file, also of containers adopted). The answer unsubscribes. */
  onExit(listener: (id: string) => void): () => void
  exec(id: string, options: ExecOptions): Promise<ExecProcess>
  /** Throws Fault('not-found') when it does not run, Fault('invalid') when it was created without stdin. */
  openInput(id: string): Promise<ContainerInput>
  /** The size of the container's own terminal; none: nothing happens. */
  resizeTerminal(id: string, size: { readonly width: number; readonly height: number }): Promise<void>
  /** Reopens log files after rotation. */
  reopenLog(id: string): Promise<void>
}
