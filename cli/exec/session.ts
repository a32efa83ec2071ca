/** One remote process: its input, output, screen size and end. */
import type { Call } from '../program/command.ts'
import { Problem } from '../program/problem.ts'
import { openChannels, type ChannelSocket } from '../stream/channels.ts'
import type { Status } from '../cluster/status-problem.ts'

const STDIN = 0
const STDOUT = 1
const STDERR = 2
const ERROR = 3
const RESIZE = 4

export interface SessionOptions {
  readonly path: string
  readonly stdin: boolean
  readonly tty: boolean
}

/** Runs until the process ends. Answers its exit code. @throws Problem when it could not be run */
export async function runSession(call: Call, { path, stdin, tty }: SessionOptions): Promise<number> {
  const { target } = await call.cluster()
  const ended = Promise.withResolvers<void>()
  let outcome = ''
  const socket = await openChannels(target, path, {
    protocols: ['v5.channel.k8s.io', 'v4.channel.k8s.io'],
    onClose: ended.resolve,
    onChunk(channel, bytes) {
      if (channel === STDOUT) call.terminal.bytes(bytes)
      else if (channel === STDERR) call.terminal.err(bytes.toString())
      else if (channel === ERROR) outcome += bytes.toString()
    },
  })
  const restore = tty ? rawScreen(socket) : () => {}
  const stop = stdin ? pump(socket) : () => {}
  call.signal.addEventListener('abort', () => socket.close(), { once: true })
  try {
    await ended.promise
  } finally {
    stop()
    restore()
  }
  if (call.signal.aborted) return 130
  return codeOf(outcome)
}

/** What the last word of the server means. @throws Problem when the command could not be run, or failed */
export function codeOf(outcome: string): number {
  if (outcome === '') throw new Problem('the connection ended before the command did: is the node still there? "gantry get nodes" tells')
  const status = JSON.parse(outcome) as Status
  if (status.status === 'Success') return 0
  const code = status.reason === 'NonZeroExitCode' ? status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message : undefined
  if (code === undefined) throw new Problem(status.message ?? outcome)
  throw new Problem(`command terminated with exit code ${code}`, { exitCode: Number(code), bare: true })
}

/** Sends what comes in. Answers how to stop. */
function pump(socket: ChannelSocket): () => void {
  const { stdin } = process
  const forward = async (): Promise<void> => {
    for await (const chunk of stdin) {
      socket.send(STDIN, chunk as Buffer)
      await socket.drained()
    }
    socket.endChannel(STDIN)
  }
  // Input that breaks off is input that ended.
  forward().catch(() => socket.endChannel(STDIN))
  return () => stdin.destroy()
}

/** Keys go to the other side one by one, and it is told how large the screen is. Answers how to undo it. */
function rawScreen(socket: ChannelSocket): () => void {
  const { stdin, stdout } = process
  const tell = (): void => socket.send(RESIZE, Buffer.from(JSON.stringify({ Width: stdout.columns, Height: stdout.rows })))
  if (stdout.isTTY) {
    tell()
    stdout.on('resize', tell)
  }
  if (stdin.isTTY) stdin.setRawMode(true)
  return () => {
    stdout.off('resize', tell)
    if (stdin.isTTY) stdin.setRawMode(false)
  }
}
