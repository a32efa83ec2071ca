/** A node in memory: programs that speak frames, for tests of whatever carries streams. */
import type { StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import { channel } from '../../../shared/kit/channel.ts'
import type { NodeStream } from '../../dispatch/port.ts'

/** The program's side of a stream. */
export interface ProgramEnd {
  readonly incoming: AsyncIterable<StreamFrame>
  send(frame: StreamFrame): void
  /** How it ended: nothing for success, else a `metav1.Status`. */
  end(status?: unknown): void
}

export type Program = (end: ProgramEnd) => Promise<void>

/** Streams that are open now, so that a test sees whether all were freed. */
export interface FakeNode {
  open(program: Program): NodeStream
  readonly openStreams: number
}

export function fakeNode(): FakeNode {
  let openStreams = 0
  return {
    get openStreams() {
      return openStreams
    },
    open(program) {
      const toProgram = channel<StreamFrame>()
      const toClient = channel<StreamFrame>()
      openStreams++
      void program({
        incoming: toProgram,
        send: (frame) => void toClient.push(frame),
        end(status) {
          toClient.push({ frame: { $case: 'ended', value: { status: status === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(status)) } } })
          toClient.close()
        },
      })
      let closed = false
      return {
        send: (frame) => void toProgram.push(frame),
        incoming: toClient,
        close() {
          if (!closed) openStreams--
          closed = true
          toProgram.close()
          toClient.close()
        },
      }
    },
  }
}

/** As kubelet words it. */
export const exitStatus = (code: number): unknown => ({
  metadata: {},
  status: 'Failure',
  reason: 'NonZeroExitCode',
  message: `command terminated with non-zero exit code: exit status ${code}`,
  details: { causes: [{ reason: 'ExitCode', message: String(code) }] },
})

const started: StreamFrame = { frame: { $case: 'started', value: true } }
const stdout = (text: string | Buffer): StreamFrame => ({ frame: { $case: 'stdout', value: Buffer.from(text) } })
const stderr = (text: string): StreamFrame => ({ frame: { $case: 'stderr', value: Buffer.from(text) } })

/** Sends back what comes in, until the half-close. */
async function echo(end: ProgramEnd): Promise<void> {
  for await (const { frame } of end.incoming) {
    if (frame?.$case === 'stdin') end.send(stdout(frame.value))
    if (frame?.$case === 'stdinClosed') break
  }
  end.end()
}

const PROGRAMS: Readonly<Record<string, (end: ProgramEnd, argument: string) => Promise<void>>> = {
  cat: echo,
  async count(end) {
    let bytes = 0
    for await (const { frame } of end.incoming) {
      if (frame?.$case === 'stdin') bytes += frame.value.length
      if (frame?.$case === 'stdinClosed') break
    }
    end.send(stdout(`${bytes}\n`))
    end.end()
  },
  async both(end) {
    end.send(stdout('out\n'))
    end.send(stderr('err\n'))
    end.end()
  },
  async exit(end, code) {
    end.end(exitStatus(Number(code)))
  },
  async big(end, size) {
    for (let left = Number(size); left > 0; left -= 65_536) end.send(stdout(Buffer.alloc(Math.min(left, 65_536), 'x')))
    end.end()
  },
  async size(end) {
    for await (const { frame } of end.incoming) {
      if (frame?.$case !== 'resize') continue
      end.send(stdout(`${frame.value.width}x${frame.value.height}\n`))
      break
    }
    end.end()
  },
  async hang(end) {
    for await (const frame of end.incoming) void frame
  },
}

/** Runs `cat`, `count`, `both`, `exit N`, `big BYTES`, `size`, `hang`; anything else is refused before it starts. */
export const programOf =
  (command: readonly string[]): Program =>
  async (end) => {
    const run = PROGRAMS[command[0] ?? '']
    if (!run) return end.end({ metadata: {}, status: 'Failure', reason: 'InternalError', code: 500, message: `unable to upgrade connection: ${command[0] ?? ''}: not found` })
    end.send(started)
    await run(end, command[1] ?? '')
  }

/** A server in the pod that sends back what it gets. */
export const echoServer: Program = echo
