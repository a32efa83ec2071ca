import type { Clock } from '../../shared/kit/clock.ts'
import type { Container, HTTPGetAction, IntOrString, Pod } from '../../shared/model/gen/api.ts'
import type { ContainerRuntime } from '../runtime/port.ts'
import type { HttpTarget, ProbeNetwork } from './port.ts'
import type { ProbeResult } from './threshold.ts'

/** What a probe or a hook does: one of these. */
export interface Handler {
  readonly exec?: { readonly command?: readonly string[] | undefined } | undefined
  readonly httpGet?: HTTPGetAction | undefined
  readonly tcpSocket?: { readonly host?: string | undefined; readonly port: IntOrString } | undefined
  readonly grpc?: { readonly port: number; readonly service?: string | undefined } | undefined
}

/** Where it is done. */
export interface HandlerPlace {
  readonly pod: Pod
  readonly container: Pick<Container, 'name' | 'ports'>
  readonly containerId: string
  readonly podIP: string
}

export interface HandlerDoor {
  readonly runtime: Pick<ContainerRuntime, 'exec'>
  readonly network: ProbeNetwork
  readonly clock: Clock
}

/** Of a probe's output at most this much is kept. */
const MOST_OUTPUT_BYTES = 10 * 1024

export interface HandlerRun {
  readonly handler: Handler
  readonly place: HandlerPlace
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Does it once. */
export async function runHandler(door: HandlerDoor, { handler, place, timeoutMs, signal }: HandlerRun): Promise<ProbeResult> {
  if (handler.exec) return runExec(door, { command: handler.exec.command ?? [], containerId: place.containerId, timeoutMs, signal })
  if (handler.grpc) return door.network.grpc({ host: place.podIP, port: handler.grpc.port, service: handler.grpc.service ?? '' }, { timeoutMs, signal })
  const port = portOf(handler.httpGet?.port ?? handler.tcpSocket?.port ?? 0, place.container)
  if (typeof port === 'string') return { kind: 'unknown', output: `strconv.Atoi: parsing "${port}": invalid syntax` }
  if (handler.httpGet) return door.network.http(httpTarget(handler.httpGet, place.podIP, port), { timeoutMs, signal })
  return door.network.tcp({ host: handler.tcpSocket?.host || place.podIP, port }, { timeoutMs, signal })
}

/** The number of a port, or the name that no port of the container has. */
function portOf(port: IntOrString, container: Pick<Container, 'ports'>): number | string {
  if (typeof port === 'number') return port
  return (container.ports ?? []).find((one) => one.name === port)?.containerPort ?? (/^\d+$/.test(port) ? Number(port) : port)
}

const httpTarget = (action: HTTPGetAction, podIP: string, port: number): HttpTarget => ({ scheme: action.scheme === 'HTTPS' ? 'HTTPS' : 'HTTP', host: action.host || podIP, port, path: action.path ?? '/', headers: action.httpHeaders ?? [] })

interface ExecRun {
  readonly command: readonly string[]
  readonly containerId: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

async function runExec({ runtime, clock }: HandlerDoor, { command, containerId, timeoutMs, signal }: ExecRun): Promise<ProbeResult> {
  const late = new AbortController()
  let timedOut = false
  const over = (): void => late.abort(new Error('the probe is over'))
  const cancel = clock.after(timeoutMs, () => {
    timedOut = true
    over()
  })
  signal.addEventListener('abort', over, { once: true })
  try {
    const process = await runtime.exec(containerId, { command, tty: false, signal: late.signal })
    process.closeStdin()
    const chunks: Uint8Array[] = []
    // What is let go of in the middle ends with an error.
    const collected = Promise.all([collect(process.stdout, chunks), collect(process.stderr, chunks)]).catch(() => {})
    const { exitCode, refused } = await process.exit
    if (timedOut) return { kind: 'failure', output: `command timed out: "${command.join(' ')}" timed out after ${timeoutMs / 1000}s` }
    if (refused !== undefined) return { kind: 'unknown', output: refused }
    // A child that outlives the command may hold the pipe.
    await Promise.race([collected, aborted(late.signal)])
    return { kind: exitCode === 0 ? 'success' : 'failure', output: new TextDecoder().decode(joined(chunks)) }
  } finally {
    cancel()
    signal.removeEventListener('abort', over)
    // Lets go of the pipe, if such a child has it still.
    over()
  }
}

const aborted = (signal: AbortSignal): Promise<void> => new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))

async function collect(stream: AsyncIterable<Uint8Array>, into: Uint8Array[]): Promise<void> {
  let size = into.reduce((sum, one) => sum + one.byteLength, 0)
  for await (const chunk of stream) {
    if (size < MOST_OUTPUT_BYTES) into.push(chunk)
    size += chunk.byteLength
  }
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, one) => sum + one.byteLength, 0))
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all.subarray(0, MOST_OUTPUT_BYTES)
}
