import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import { gate } from '../../shared/kit/gate.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Cgroups } from '../cgroups/port.ts'
import { plainMoves, type QuickMoves } from '../cgroups/quick-moves.ts'
import { runProgram, type ProgramResult } from '../host/exec.ts'
import { ensureFolder, exists } from '../host/files.ts'
import { identify } from '../host/proc.ts'
import { signalProcess } from '../host/signals.ts'
import { bundleOf, configuredCgroup, findMonitor, listBundles, readContainerFile, removeBundle, runtimeFolders, sweepExecLogs, writeBundle, writeContainerFile, type ContainerFile, type RuntimeFolders } from './bundle.ts'
import { createUnderMonitor } from './conmon.ts'
import { execInContainer } from './exec-process.ts'
import { letGo, letGoOnceMore } from './exec-fifo.ts'
import { watchExits, type ExitRecord, type ExitWatch } from './exits.ts'
import { endHalfMade, endMakers } from './half-made.ts'
import { openContainerInput, tellMonitor } from './input.ts'
import type { ContainerRuntime, ContainerSpec, ContainerState, CreateResult } from './port.ts'
import { withoutCore } from './core-link.ts'
import { settleOwnUsers } from './own-users.ts'
import { plainWords } from './words.ts'

export interface CrunOptions {
  /** Bundles, exit codes and runtime state: one folder per agent. Best on a tmpfs. */
  readonly folder: string
  /** `crun` or `runc`, by path or name. */
  readonly runtime: string
  readonly conmon: string
  readonly version: string
  readonly cgroups: Pick<Cgroups, 'remove' | 'killAll' | 'oomKills'>
  /** How many containers are made at once: about two a core. */
  readonly concurrency: number
  /** How long a call of the runtime may take before it is given up; two minutes, as kubelet has it, unless given. */
  readonly limitMs?: number
  /** Makes the runtime's moves of processes between groups quicker; left out: they take what they take. */
  readonly moves?: QuickMoves
  readonly clock: Clock
  readonly log: Log
}

interface Known {
  file: ContainerFile
  exit?: ExitRecord & { readonly oomKilled: boolean }
}

const SIGKILL = 9
const LIMIT_MS = 120_000

/** Opens the runtime: finds the containers of an agent before it and watches for exits. */
export async function openCrun(options: CrunOptions): Promise<ContainerRuntime & AsyncDisposable> {
  const folders = runtimeFolders(options.folder)
  await ensureFolder(folders.bundles, 0o700)
  await ensureFolder(folders.runtimeRoot, 0o700)
  const runtime = new CrunRuntime(options, folders)
  await runtime.begin()
  return runtime
}

class CrunRuntime implements ContainerRuntime, AsyncDisposable {
  readonly name: string
  readonly version: string
  readonly #options: CrunOptions
  readonly #folders: RuntimeFolders
  readonly #known = new Map<string, Known>()
  readonly #listeners = new Set<(id: string) => void>()
  readonly #creating
  #exits: ExitWatch | undefined

  constructor(options: CrunOptions, folders: RuntimeFolders) {
    this.#options = options
    this.#folders = folders
    this.name = options.runtime.includes('runc') ? 'runc' : 'crun'
    this.version = options.version
    this.#creating = gate(options.concurrency)
  }

  async begin(): Promise<void> {
    for (const id of await endHalfMade(this.#folders, this.#options.clock)) await this.delete(id)
    for (const id of await listBundles(this.#folders)) {
      await sweepExecLogs(bundleOf(this.#folders, id))
      await this.#load(id)
    }
    this.#exits = await watchExits(this.#folders, (id) => void this.#noteExit(id))
  }

  create(spec: ContainerSpec): Promise<CreateResult> {
    return (this.#options.moves ?? plainMoves).during(() => this.#creating.run(() => this.#create(spec)))
  }

  async #create(spec: ContainerSpec): Promise<CreateResult> {
    if (this.#known.has(spec.id)) return { kind: 'refused', message: `a container ${spec.id} exists already` }
    const bundle = bundleOf(this.#folders, spec.id)
    await writeBundle(bundle, spec.config)
    const { runtime, conmon } = this.#options
    const result = await this.#makeInTime(bundle, createUnderMonitor({ conmon, runtime, runtimeRoot: this.#folders.runtimeRoot, id: spec.id, bundle, exits: this.#folders.exits, logPath: spec.logPath, terminal: spec.terminal, stdin: spec.stdin, stdinOnce: spec.stdinOnce === true, onMonitorEnd: () => void this.#monitorEnded(spec.id) }))
    const process = result.kind === 'created' ? await identify(result.pid) : undefined
    if (process === undefined) {
      await this.delete(spec.id)
      return result.kind === 'refused' ? result : { kind: 'refused', message: 'the container ended before it was started' }
    }
    await withoutCore(process.pid, spec.config)
    if (spec.ownUsers !== undefined) await settleOwnUsers(process.pid, spec.ownUsers)
    const file = { process, logPath: spec.logPath, cgroupsPath: cgroupsPathOf(spec.config), stdin: spec.stdin }
    this.#known.set(spec.id, { file })
    return result
  }

  /** A runtime that hangs is ended, and so is its monitor: others wait for their turn. */
  async #makeInTime(bundle: string, making: Promise<CreateResult>): Promise<CreateResult> {
    const { clock, limitMs = LIMIT_MS } = this.#options
    const late: CreateResult = { kind: 'refused', message: `context deadline exceeded: ${this.name} has not made the container within ${limitMs / 1000} s` }
    let isLate = false
    let cancel = (): void => {}
    const givenUp = new Promise<CreateResult>((resolve) => {
      cancel = clock.after(limitMs, () => {
        isLate = true
        void endMakers([bundle], clock).finally(() => resolve(late))
      })
    })
    try {
      const made = await Promise.race([making, givenUp])
      // That it ended without an answer is our doing.
      return isLate && made.kind === 'refused' ? late : made
    } finally {
      cancel()
      making.catch(() => {})
    }
  }

  /** Runs the runtime's program. @throws Fault('timeout') when it hangs; it is ended then */
  async #program(args: readonly string[]): Promise<ProgramResult> {
    const { clock, runtime, limitMs = LIMIT_MS } = this.#options
    const late = new AbortController()
    const cancel = clock.after(limitMs, () => late.abort())
    try {
      return await runProgram(runtime, ['--root', this.#folders.runtimeRoot, ...args], { signal: late.signal, killSignal: 'SIGKILL' })
    } catch (error) {
      if (late.signal.aborted) throw new Fault('timeout', `${this.name} ${args[0] ?? ''}: context deadline exceeded, no end within ${limitMs / 1000} s`, { cause: error })
      throw error
    } finally {
      cancel()
    }
  }

  async start(id: string): ReturnType<ContainerRuntime['start']> {
    const known = this.#known.get(id)
    if (known === undefined) return { kind: 'refused', message: `no container ${id}` }
    if (known.file.startedMs !== undefined) return { kind: 'started', startedMs: known.file.startedMs }
    const startedMs = this.#options.clock.nowMs()
    // Noted first: a container that ran, and of which nobody knows it, would be made and run once more.
    await writeContainerFile(bundleOf(this.#folders, id), { ...known.file, startedMs })
    const refusal = await this.#release(id)
    if (refusal !== undefined) return { kind: 'refused', message: refusal }
    known.file = { ...known.file, startedMs }
    return { kind: 'started', startedMs }
  }

  /** Lets the container's process go on to its command; answers why not. */
  async #release(id: string): Promise<string | undefined> {
    if (this.name === 'crun' && (await letGo(this.#fifoOf(id)))) return undefined
    const result = await this.#program(['start', id])
    return result.exitCode === 0 ? undefined : plainWords(result.stderr)
  }

  /** A start that was noted by an agent before this one, and perhaps not carried out to its end. */
  async #finishStart(id: string, { process }: ContainerFile): Promise<void> {
    if (!(await exists(this.#fifoOf(id)))) return
    if (this.name === 'crun') await letGoOnceMore(this.#fifoOf(id), process, this.#options.clock)
    else await this.#release(id)
  }

  readonly #fifoOf = (id: string): string => join(this.#folders.runtimeRoot, id, 'exec.fifo')

  async kill(id: string, signal: number, options: { readonly all?: boolean } = {}): Promise<void> {
    const known = this.#known.get(id)
    if (known === undefined || known.exit !== undefined) return
    if (options.all !== true) return void (await signalProcess(known.file.process, signal))
    await this.#program(['kill', '--all', id, String(signal)])
  }

  async delete(id: string): Promise<void> {
    const known = this.#known.get(id)
    const bundle = bundleOf(this.#folders, id)
    const cgroupsPath = (known?.file ?? (await readContainerFile(bundle)))?.cgroupsPath ?? (await configuredCgroup(bundle))
    // An agent that was killed may have left half of what is removed here, of which the runtime's program can make nothing.
    await this.#noteExit(id)
    if (this.name === 'crun' && known?.exit !== undefined) await rm(join(this.#folders.runtimeRoot, id), { recursive: true, force: true })
    else if (await exists(join(this.#folders.runtimeRoot, id))) await this.#deleteByProgram(id)
    if (cgroupsPath !== '') {
      // What the first process left behind dies with it in a pid namespace of its own only.
      await this.#options.cgroups.killAll(cgroupsPath)
      await this.#options.cgroups.remove(cgroupsPath)
    }
    await rm(join(this.#folders.exits, id), { force: true })
    // Last, because it tells of all the rest.
    await removeBundle(bundle)
    this.#known.delete(id)
  }

  async #deleteByProgram(id: string): Promise<void> {
    const monitor = await findMonitor(bundleOf(this.#folders, id), id)
    const result = await this.#program(['delete', '--force', id])
    const folder = join(this.#folders.runtimeRoot, id)
    if (result.exitCode !== 0 && (await exists(folder))) {
      // Nor of what it had not begun with when it was killed.
      if (await exists(join(folder, 'config.json'))) throw new Fault('internal', `cannot delete container ${id}: ${plainWords(result.stderr)}`)
      await rm(folder, { recursive: true, force: true })
    }
    if (monitor !== undefined && (this.#known.get(id)?.exit ?? undefined) === undefined) await signalProcess(monitor, SIGKILL)
  }

  async state(id: string): Promise<ContainerState> {
    const known = this.#known.get(id) ?? (await this.#load(id))
    if (known === undefined) return { kind: 'unknown' }
    if (known.exit === undefined) await this.#noteExit(id)
    const { process, startedMs } = known.file
    // With its monitor the exit code is on its way even when the process is gone.
    const isWatched = known.exit === undefined && (await findMonitor(bundleOf(this.#folders, id), id)) !== undefined
    // Before a monitor ends it writes the exit code: it may have done both just now.
    if (known.exit === undefined && !isWatched) await this.#noteExit(id)
    if (known.exit !== undefined) return { kind: 'exited', ...exitedState(known.exit, startedMs) }
    // Nobody will tell how it ended.
    if (!isWatched) return { kind: 'unknown' }
    return startedMs === undefined ? { kind: 'created', pid: process.pid } : { kind: 'running', pid: process.pid, startedMs }
  }

  async list(): Promise<readonly string[]> {
    return listBundles(this.#folders)
  }

  onExit(listener: (id: string) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  async exec(id: string, options: Parameters<ContainerRuntime['exec']>[1]): ReturnType<ContainerRuntime['exec']> {
    return execInContainer({ runtime: this.#options.runtime, runtimeRoot: this.#folders.runtimeRoot, bundle: bundleOf(this.#folders, id), clock: this.#options.clock }, id, options)
  }

  async openInput(id: string): ReturnType<ContainerRuntime['openInput']> {
    const known = this.#known.get(id)
    if (known === undefined || known.exit !== undefined) throw new Fault('not-found', `container ${id} does not run`)
    if (!known.file.stdin) throw new Fault('invalid', `container ${id} was made without stdin`)
    return openContainerInput(bundleOf(this.#folders, id))
  }

  async resizeTerminal(id: string, size: { readonly width: number; readonly height: number }): Promise<void> {
    await tellMonitor(bundleOf(this.#folders, id), `1 ${size.height} ${size.width}`)
  }

  async reopenLog(id: string): Promise<void> {
    await tellMonitor(bundleOf(this.#folders, id), '2 0 0')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#exits?.stop()
    this.#listeners.clear()
  }

  async #load(id: string): Promise<Known | undefined> {
    const file = await readContainerFile(bundleOf(this.#folders, id))
    if (file === undefined) return undefined
    const known: Known = { file }
    this.#known.set(id, known)
    if (file.startedMs !== undefined) await this.#finishStart(id, file)
    return known
  }

  /** Mostly the container has ended, and its exit code is there. Where the monitor alone died, whoever listens finds the container unknown. */
  async #monitorEnded(id: string): Promise<void> {
    await this.#noteExit(id)
    const known = this.#known.get(id)
    if (known !== undefined && known.exit === undefined) for (const listener of this.#listeners) listener(id)
  }

  async #noteExit(id: string): Promise<void> {
    const known = this.#known.get(id)
    if (known === undefined || known.exit !== undefined) return
    try {
      const exit = await this.#exits?.read(id)
      if (exit === undefined) return
      // The kernel's own counter: conmon's note of it may come after the exit code.
      const oomKilled = (await this.#options.cgroups.oomKills(known.file.cgroupsPath)) > 0
      if (known.exit !== undefined) return
      known.exit = { ...exit, oomKilled }
      for (const listener of this.#listeners) listener(id)
    } catch (error) {
      this.#options.log.error({ container: id, err: messageOf(error) }, 'cannot read the exit code')
    }
  }
}

function exitedState(exit: NonNullable<Known['exit']>, startedMs: number | undefined): Omit<Extract<ContainerState, { kind: 'exited' }>, 'kind'> {
  // The file's time is as coarse as the kernel's tick.
  const started = startedMs ?? exit.finishedMs
  return { exitCode: exit.exitCode, oomKilled: exit.oomKilled, startedMs: started, finishedMs: Math.max(started, exit.finishedMs) }
}

function cgroupsPathOf(config: Readonly<Record<string, unknown>>): string {
  const path = (config['linux'] as { readonly cgroupsPath?: unknown } | undefined)?.cgroupsPath
  return typeof path === 'string' ? path : ''
}
