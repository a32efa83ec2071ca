import type { Readable } from 'node:stream'
import { launch, type Launched } from '../../host/processes.ts'
import { dial } from './dialer.ts'

/** A connection into a pod. */
export interface ForwardConnection {
  readonly output: AsyncIterable<Uint8Array>
  write(bytes: Uint8Array): Promise<void>
  /** No more will be written. */
  end(): void
  /** Ends it at once. */
  close(): void
  /** Resolves at its end: with what went wrong, if it did. */
  readonly ended: Promise<string | undefined>
}

export interface PortForwarder {
  /** To a port on the loopback of a pod's network: what port-forward means. @param netnsPath absent: the node's own network. */
  connect(netnsPath: string | undefined, port: number): Promise<ForwardConnection>
  /** To an address, from the node's own network: what a proxy does. Rejects in the words of Go's dialer when nobody answers there. */
  dial(host: string, port: number): Promise<ForwardConnection>
}

const SIGKILL = 9

/** Seconds for which one direction may go on when the other is over; left to itself socat ends it after half of one, and a late answer is lost. */
const HALF_OPEN_SECONDS = 7 * 24 * 3600

/** Dies when the agent does, however that comes to die: nobody else would end the direction that goes on. */
const WITH_THE_AGENT = ['--pdeathsig', 'KILL', '--']

/** Port-forward goes through socat inside the pod's network namespace, which this process cannot enter itself without taking all others along. */
export const socatForwarder: PortForwarder = {
  dial,
  async connect(netnsPath, port) {
    // Its own output ends with what comes from there, whatever may still be sent.
    const command = ['socat', '-t', String(HALF_OPEN_SECONDS), 'STDIN!!STDOUT,shut-close', `TCP:localhost:${port}`]
    const inside = netnsPath === undefined ? command : ['nsenter', `--net=${netnsPath}`, '--', ...command]
    return connectionOf(await launch('setpriv', [...WITH_THE_AGENT, ...inside], { stdin: 'pipe', stdout: 'pipe', stderr: 'pipe' }))
  },
}

/** What a relaying program makes of its standard streams. What went wrong is its last line of complaint, which may come after its exit is known. */
export function connectionOf(child: Launched): ForwardConnection {
  child.stdin?.on('error', () => {})
  const complaint = textOf(child.stderr)
  return {
    output: (async function* () {
      if (child.stdout !== undefined) for await (const chunk of child.stdout) yield chunk as Uint8Array
    })(),
    write: (bytes) => new Promise((resolve) => (child.stdin === undefined || child.stdin.destroyed ? resolve() : void child.stdin.write(bytes, () => resolve()))),
    end: () => void child.stdin?.end(),
    close: () => child.kill(SIGKILL),
    ended: child.exited.then(async ({ exitCode }) => (exitCode === 1 ? (await complaint).trim().split('\n').at(-1) : undefined)),
  }
}

/** The first 2 KiB of it, at its end; what comes after them is read and dropped. */
async function textOf(stream: Readable | undefined): Promise<string> {
  let text = ''
  try {
    if (stream !== undefined) for await (const chunk of stream) if (text.length < 2048) text += String(chunk)
  } catch {
    // What was read before counts.
  }
  return text
}
