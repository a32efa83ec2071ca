import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isMainThread } from 'node:worker_threads'
import { loadLibc, type Libc } from './libc.ts'
import type { Launched, LaunchOptions } from './processes.ts'
import type { SpawnCalls } from './spawn-calls.ts'

/** Nobody but us waits for these, by their numbers. */
const running = new Map<number, (exitCode: number) => void>()
let calls: SpawnCalls | undefined
let isOpen = false

/** Where it can be: a thread that is not the first is not told when a child ends. */
function openCalls(libc: Libc): SpawnCalls | undefined {
  if (isOpen || !isMainThread) return calls
  isOpen = true
  try {
    calls = libc.spawnCalls()
    process.on('SIGCHLD', reap)
  } catch {
    // A C library without them: Node starts the programs.
  }
  return calls
}

function reap(): void {
  for (const [pid, tell] of running) {
    const exitCode = calls?.ended(pid)
    if (exitCode === undefined) continue
    running.delete(pid)
    tell(exitCode)
  }
}

/**
 * Starts a program by calls of the C library, at once: what it was given may be closed when this answers. Undefined where that cannot be (no such calls, a program
 * that is to be looked for, streams that we are to write to or that are no pipes); Node starts it then. Throws as Node's `spawn` does.
 */
export function launchQuickly(program: string, args: readonly string[], options: LaunchOptions): Launched | undefined {
  const { stdin = 'ignore', stdout = 'ignore', stderr = 'ignore', extraPipe = false } = options
  const libc = loadLibc()
  const spawning = libc === undefined || !program.startsWith('/') || stdin === 'pipe' || stdout === 'pipe' ? undefined : openCalls(libc)
  if (libc === undefined || spawning === undefined || stdin === 'pipe' || stdout === 'pipe') return undefined
  const given = [stdin, stdout, stderr, ...(extraPipe ? (['pipe'] as const) : [])]
  const pipes = given.map((stream) => (stream === 'pipe' ? libc.pipe() : undefined))
  const streams = given.map((stream, fd) => (stream === 'ignore' ? 'nothing' : stream === 'pipe' ? (pipes[fd]?.writeEnd ?? 'nothing') : stream))
  const closeAll = (end: 'readEnd' | 'writeEnd'): void => {
    for (const pipe of pipes) if (pipe !== undefined) closeSync(pipe[end])
  }
  try {
    if (streams.some((stream) => stream !== 'nothing' && stream < streams.length)) {
      closeAll('readEnd')
      return undefined
    }
    const pid = spawning.spawn({ program, args, env: options.env ?? process.env, cwd: options.cwd, streams })
    return launched(pid, pipes.map((pipe) => (pipe === undefined ? undefined : new Socket({ fd: pipe.readEnd, readable: true, writable: false }))))
  } catch (error) {
    closeAll('readEnd')
    throw error
  } finally {
    closeAll('writeEnd')
  }
}

function launched(pid: number, streams: ReadonlyArray<Socket | undefined>): Launched {
  const [, , stderr, extra] = streams
  let hasEnded = false
  const exited = new Promise<{ readonly exitCode: number }>((resolve) => {
    running.set(pid, (exitCode) => {
      hasEnded = true
      resolve({ exitCode })
    })
  })
  return {
    pid,
    stdin: undefined,
    stdout: undefined,
    stderr: stderr satisfies Readable | undefined,
    extra: extra satisfies Readable | undefined,
    exited,
    kill: (signal) => void (hasEnded || process.kill(pid, signal)),
    unref: () => void extra?.unref(),
  }
}
