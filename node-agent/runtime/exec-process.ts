import { randomBytes } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { Clock } from '../../shared/kit/clock.ts'
import { childrenOf } from '../host/proc.ts'
import { launchOnPipes, type PipeOwner } from '../host/standard-pipes.ts'
import { sendSignal } from '../host/signals.ts'
import { unlessMissing } from '../host/errno.ts'
import { readContainerFile, readProcess } from './bundle.ts'
import { execOnTerminal } from './exec-terminal.ts'
import { idsOnNode } from './own-users.ts'
import type { ExecOptions, ExecProcess } from './port.ts'
import { plainWords } from './words.ts'

export interface ExecDoor {
  /** The OCI runtime's program and its `--root`. */
  readonly runtime: string
  readonly runtimeRoot: string
  /** Of the container that the command is run in. */
  readonly bundle: string
  readonly clock: Clock
}

const SIGKILL = 9
/** What a runtime exits with when it could not start the command. */
const RUNTIME_FAILED: ReadonlySet<number> = new Set([1, 126, 127, 255])

/** Runs a command inside a container through the OCI runtime's `exec`. */
export async function execInContainer(door: ExecDoor, id: string, options: ExecOptions): Promise<ExecProcess> {
  // Gone with the container at the latest.
  const files = join(door.bundle, `exec-${randomBytes(6).toString('hex')}`)
  const [logFile, processFile] = [`${files}.log`, `${files}.json`]
  const process = await processFor(door.bundle, options)
  await writeFile(processFile, JSON.stringify(process), { mode: 0o600 })
  const args = ['--root', door.runtimeRoot, '--log', logFile, 'exec', '--process', processFile, id]
  const started = options.tty ? await execOnTerminal(door, args) : await onPipes(door.runtime, args, await ownerOf(door.bundle, process))
  let hasEnded = false
  const kill = (): void => void (hasEnded ? started.letGo?.() : killTree(started))
  if (options.signal?.aborted) kill()
  options.signal?.addEventListener('abort', kill, { once: true })
  const exit = started.exited.then(async ({ exitCode }) => {
    hasEnded = true
    await rm(processFile, { force: true })
    return { exitCode, refused: await refusal(logFile, exitCode) }
  })
  return { ...started.streams, exit }
}

/**
 * What is run beside the container's first process is what that one is, but for its command: its user, groups, capabilities, limits. Left to itself, crun makes it
 * root's.
 */
async function processFor(bundle: string, { command, tty, env = [] }: ExecOptions): Promise<Readonly<Record<string, unknown>>> {
  const { consoleSize: _, ...process } = await readProcess(bundle)
  const own = (process['env'] ?? []) as readonly string[]
  return { ...process, args: command, terminal: tty, env: [...own, ...env] }
}

/** Whose the command's streams are: a runtime inside a user namespace could not give away what root of the node made. */
async function ownerOf(bundle: string, process: Readonly<Record<string, unknown>>): Promise<PipeOwner> {
  const { uid = 0, gid = 0 } = (process['user'] ?? {}) as Partial<PipeOwner>
  const pid = (await readContainerFile(bundle))?.process.pid
  // A container that has ended is for the runtime to tell of.
  return pid === undefined ? { uid, gid } : idsOnNode(pid, { uid, gid }).catch(() => ({ uid, gid }))
}

/** Ends the command, not only the runtime's program that waits for it (which would leave it running). */
async function killTree({ pid, holder }: StartedExec): Promise<void> {
  const children = await childrenOf(pid)
  for (const child of children) sendSignal(child, SIGKILL)
  if (children.every((child) => child === holder?.())) sendSignal(pid, SIGKILL)
}

async function refusal(logFile: string, exitCode: number): Promise<string | undefined> {
  const text = RUNTIME_FAILED.has(exitCode) ? ((await unlessMissing(readFile(logFile, 'utf8'))) ?? '') : ''
  await rm(logFile, { force: true })
  return text.trim() === '' ? undefined : plainWords(text.trim().split('\n').at(-1) ?? '')
}

export interface StartedExec {
  readonly pid: number
  readonly exited: Promise<{ readonly exitCode: number }>
  readonly streams: Omit<ExecProcess, 'exit'>
  /** A process of ours among the runtime's children: no part of the command. */
  holder?(): number | undefined
  /** Closes our ends of its streams. */
  letGo?(): void
}

async function onPipes(program: string, args: readonly string[], owner: PipeOwner): Promise<StartedExec> {
  const child = await launchOnPipes(program, args, owner)
  // Whoever runs the command may end without reading all of its input.
  child.stdin?.on('error', () => {})
  return {
    pid: child.pid,
    exited: child.exited,
    letGo() {
      child.stdout?.destroy()
      child.stderr?.destroy()
    },
    streams: {
      stdout: bytesOf(child.stdout),
      stderr: bytesOf(child.stderr),
      writeStdin: (bytes) =>
        new Promise((resolve) => {
          if (child.stdin === undefined || child.stdin.destroyed) resolve()
          else child.stdin.write(bytes, () => resolve())
        }),
      closeStdin: () => void child.stdin?.end(),
      resize: () => {},
    },
  }
}

async function* bytesOf(stream: Readable | undefined): AsyncIterable<Uint8Array> {
  if (stream !== undefined) for await (const chunk of stream) yield chunk as Buffer
}
