import { channel } from '../../shared/kit/channel.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { programOf, type Program } from './fake-program.ts'
import type { ContainerRuntime, ContainerSpec, ContainerState, ExecOptions, ExecProcess } from './port.ts'

/** What outlives a simulated agent: the containers of its node, as conmon would hold them. */
export interface FakeHost {
  readonly containers: Map<string, FakeContainer>
  nextPid: number
}

export interface FakeContainer {
  readonly spec: ContainerSpec
  readonly program: Program
  readonly pid: number
  state: ContainerState
  /** Stops the timer of its end. */
  cancel: () => void
  readonly watchers: Set<(id: string) => void>
}

export interface FakeRuntimeOptions {
  readonly clock: Clock
  /** Shared by the runtimes of one simulated node, before and after a restart of its agent. */
  readonly host?: FakeHost
  /** What `create` takes. */
  readonly createMs?: number
  /** How long `start` goes on after the process runs: it may have ended before the answer. */
  readonly startMs?: number
  /** How a container's command behaves; by default read from its arguments (`fake-program.ts`). */
  readonly program?: (args: readonly string[], spec: ContainerSpec) => Program
  /** The exit code of a command run inside a container; 0 unless told. */
  readonly exec?: (id: string, command: readonly string[]) => { readonly exitCode: number; readonly stdout?: string; readonly stderr?: string }
}

export interface FakeRuntime extends ContainerRuntime, AsyncDisposable {
  readonly host: FakeHost
  /** Ends a container as if by itself. */
  exit(id: string, exitCode: number, options?: { readonly oomKilled?: boolean }): void
}

export const newFakeHost = (): FakeHost => ({ containers: new Map(), nextPid: 1000 })

/** Containers that are only timers: deterministic under a virtual clock. */
export function fakeRuntime({ clock, host = newFakeHost(), createMs = 0, startMs = 0, program = (args) => programOf(args), exec = () => ({ exitCode: 0 }) }: FakeRuntimeOptions): FakeRuntime {
  const listeners = new Set<(id: string) => void>()
  const tell = (id: string): void => {
    for (const listener of listeners) listener(id)
  }
  const pause = (ms: number): Promise<void> => (ms <= 0 ? Promise.resolve() : new Promise((resolve) => void clock.after(ms, resolve)))
  const find = (id: string): FakeContainer | undefined => {
    const container = host.containers.get(id)
    container?.watchers.add(tell)
    return container
  }
  for (const container of host.containers.values()) container.watchers.add(tell)

  const end = (container: FakeContainer, exitCode: number, oomKilled = false): void => {
    const { state, spec } = container
    if (state.kind === 'exited') return
    container.cancel()
    const finishedMs = clock.nowMs()
    container.state = { kind: 'exited', exitCode, oomKilled, startedMs: state.kind === 'running' ? state.startedMs : finishedMs, finishedMs }
    for (const watcher of container.watchers) watcher(spec.id)
  }

  return {
    name: 'fake',
    version: '0',
    host,
    exit(id, exitCode, options = {}) {
      const container = find(id)
      if (container) end(container, exitCode, options.oomKilled)
    },
    async create(spec) {
      await pause(createMs)
      const behaviour = program(argsOf(spec), spec)
      if (behaviour.missing !== undefined) return { kind: 'refused', message: `exec: "${behaviour.missing}": executable file not found in $PATH` }
      if (host.containers.has(spec.id)) return { kind: 'refused', message: `a container ${spec.id} exists already` }
      const pid = host.nextPid++
      host.containers.set(spec.id, { spec, program: behaviour, pid, state: { kind: 'created', pid }, cancel: () => {}, watchers: new Set([tell]) })
      return { kind: 'created', pid }
    },
    async start(id) {
      const container = find(id)
      if (container === undefined) return { kind: 'refused', message: `no container ${id}` }
      if (container.state.kind === 'running') return { kind: 'started', startedMs: container.state.startedMs }
      const startedMs = clock.nowMs()
      container.state = { kind: 'running', pid: container.pid, startedMs }
      const { exitAfterMs, exitCode, oomKilled } = container.program
      if (exitAfterMs !== undefined) container.cancel = clock.after(exitAfterMs, () => end(container, exitCode, oomKilled))
      await pause(startMs)
      return { kind: 'started', startedMs }
    },
    async kill(id, signal) {
      const container = find(id)
      if (container === undefined || container.state.kind === 'exited') return
      const { onTerm } = container.program
      if (signal === 9) end(container, 137)
      else if (onTerm !== 'ignore') container.cancel = clock.after(onTerm.afterMs, () => end(container, onTerm.exitCode))
    },
    async delete(id) {
      const container = find(id)
      container?.cancel()
      host.containers.delete(id)
    },
    state: async (id) => find(id)?.state ?? { kind: 'unknown' },
    list: async () => [...host.containers.keys()],
    onExit(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async exec(id, options) {
      if (find(id)?.state.kind !== 'running') throw new Fault('not-found', `container ${id} does not run`)
      return fakeProcess(options, exec(id, options.command))
    },
    async openInput(id) {
      if (find(id)?.state.kind !== 'running') throw new Fault('not-found', `container ${id} does not run`)
      return { write: async () => {}, close: () => {} }
    },
    resizeTerminal: async () => {},
    reopenLog: async () => {},
    async [Symbol.asyncDispose]() {
      for (const container of host.containers.values()) container.watchers.delete(tell)
      listeners.clear()
    },
  }
}

function argsOf(spec: ContainerSpec): readonly string[] {
  const args = (spec.config['process'] as { readonly args?: unknown } | undefined)?.args
  return Array.isArray(args) ? args.map(String) : []
}

function fakeProcess(_options: ExecOptions, { exitCode, stdout = '', stderr = '' }: { readonly exitCode: number; readonly stdout?: string; readonly stderr?: string }): ExecProcess {
  return { stdout: said(stdout), stderr: said(stderr), writeStdin: async () => {}, closeStdin: () => {}, resize: () => {}, exit: Promise.resolve({ exitCode }) }
}

function said(text: string): AsyncIterable<Uint8Array> {
  const output = channel<Uint8Array>()
  if (text !== '') output.push(new TextEncoder().encode(text))
  output.close()
  return output
}
