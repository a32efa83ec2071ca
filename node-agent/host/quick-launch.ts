import { closeSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { isMainThread } from 'node:worker_threads'
import { loadLibc, type Libc, type OpenPipe } from './libc.ts'
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
  const pipes = openPipes(libc, given)
  const streams = given.map((stream, fd) => (stream === 'ignore' ? 'nothing' : stream === 'pipe' ? (pipes[fd]?.writeEnd ?? 'nothing') : stream))
  let pid: number
  try {
    if (streams.some((stream) => stream !== 'nothing' && stream < streams.length)) {
      closeAll(pipes, 'readEnd')
      return undefined
    }
    pid = spawning.spawn({ program, args, env: options.env ?? process.env, cwd: options.cwd, streams })
  } catch (error) {
    closeAll(pipes, 'readEnd')
    throw error
  } finally {
    closeAll(pipes, 'writeEnd')
  }
  return launched(pid, pipes)
}

type Pipes = ReadonlyArray<OpenPipe | undefined>

/** All or none. */
function openPipes(libc: Libc, given: ReadonlyArray<'pipe' | 'ignore' | number>): Pipes {
  const opened: Array<OpenPipe | undefined> = []
  try {
    for (const stream of given) opened.push(stream === 'pipe' ? libc.pipe() : undefined)
    return opened
  } catch (error) {
    for (const end of ['readEnd', 'writeEnd'] as const) closeAll(opened, end)
    throw error
  }
}

function closeAll(pipes: Pipes, end: keyof OpenPipe): void {
  for (const pipe of pipes) if (pipe !== undefined) closeSync(pipe[end])
}

function launched(pid: number, pipes: Pipes): Launched {
  let hasEnded = false
  // First of all: whatever fails from here on, its end is waited for.
  const exited = new Promise<{ readonly exitCode: number }>((resolve) => {
    running.set(pid, (exitCode) => {
      hasEnded = true
      resolve({ exitCode })
    })
  })
  const [, , stderr, extra] = readersOf(pid, pipes)
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

/** A program that nobody would hear is ended: whoever wanted it is told that it was not started. */
function readersOf(pid: number, pipes: Pipes): ReadonlyArray<Socket | undefined> {
  const readers: Array<Socket | undefined> = []
  try {
    for (const pipe of pipes) readers.push(pipe === undefined ? undefined : new Socket({ fd: pipe.readEnd, readable: true, writable: false }))
    return readers
  } catch (error) {
    for (const reader of readers) reader?.destroy()
    closeAll(pipes.slice(readers.length), 'readEnd')
    process.kill(pid, 'SIGKILL')
    throw error
  }
}
