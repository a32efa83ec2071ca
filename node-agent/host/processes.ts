import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { Fault, isFault } from '../../shared/kit/faults.ts'
import { constants } from 'node:os'
import { launchQuickly } from './quick-launch.ts'

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** What its standard streams are: `pipe` (a pair of sockets) to us, a file that is open here, or nothing. */
  readonly stdin?: 'pipe' | 'ignore' | number
  readonly stdout?: 'pipe' | 'ignore' | number
  readonly stderr?: 'pipe' | 'ignore' | number
  /** Also give it a pipe as file descriptor 3, whose other end is `extra`. */
  readonly extraPipe?: boolean
}

/** A program that runs, with its streams. Lives on when nobody looks at it; ends by itself or by {@link Launched.kill}. */
export interface Launched {
  readonly pid: number
  readonly stdin: Writable | undefined
  readonly stdout: Readable | undefined
  readonly stderr: Readable | undefined
  readonly extra: Readable | undefined
  /** Resolves when the process has ended: 128 + signal for one that was killed. Its output may still be on the way. */
  readonly exited: Promise<{ readonly exitCode: number }>
  kill(signal: number): void
  /** The agent may end although this runs on. */
  unref(): void
}

/** Starts a program, before it answers its promise: descriptors it was given may be closed then. Throws Fault('unsupported') if it cannot be started at all. */
export async function launch(program: string, args: readonly string[], options: LaunchOptions = {}): Promise<Launched> {
  try {
    const quick = launchQuickly(program, args, options)
    if (quick !== undefined) return quick
  } catch (error) {
    throw isFault(error) ? error : cannotRun(program, error as Error)
  }
  const streams = [options.stdin ?? 'ignore', options.stdout ?? 'ignore', options.stderr ?? 'ignore', ...(options.extraPipe ? ['pipe' as const] : [])] as const
  const child = spawn(program, args, { stdio: [...streams], ...(options.env ? { env: options.env } : {}), ...(options.cwd === undefined ? {} : { cwd: options.cwd }) })
  const exited = exitOf(child)
  if (child.pid === undefined) return failed(program, child)
  return {
    pid: child.pid,
    stdin: child.stdin ?? undefined,
    stdout: child.stdout ?? undefined,
    stderr: child.stderr ?? undefined,
    extra: (child.stdio[3] as Readable | undefined) ?? undefined,
    exited,
    kill: (signal) => void child.kill(signal),
    unref() {
      child.unref()
      ;(child.stdio[3] as { unref?: () => void } | undefined)?.unref?.()
    },
  }
}

const exitOf = (child: ChildProcess): Promise<{ readonly exitCode: number }> =>
  new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve({ exitCode: code ?? 128 + (signal === null ? 0 : constants.signals[signal]) }))
    child.once('error', () => resolve({ exitCode: 127 }))
  })

/** A machine without room for another process is not one that lacks the program. */
export function cannotRun(program: string, cause: Error): Fault {
  const { code = '' } = cause as NodeJS.ErrnoException
  return SHORTAGES.has(code) ? new Fault('exhausted', `cannot run ${program}: ${code === 'EAGAIN' ? 'resource temporarily unavailable (no process is left)' : cause.message}`, { cause }) : new Fault('unsupported', `cannot run ${program}: is it installed?`, { cause })
}

const SHORTAGES: ReadonlySet<string> = new Set(['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE'])

const failed = (program: string, child: ChildProcess): Promise<never> =>
  new Promise((_resolve, reject) => {
    child.once('error', (cause) => reject(cannotRun(program, cause)))
  })
