import type { ExecRequest, StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import type { ExecProcess } from '../../runtime/port.ts'
import { endedFrame, exitStatus, internalError, notFound, startedFrame, stderrFrame, stdoutFrame } from './frames.ts'
import { containerFor, runningId, type Frames, type StreamDoor } from './place.ts'
import { attemptOf, sendLog } from './logs.ts'
import { containerLogPath } from '../paths.ts'
import type { PodWorker } from '../worker.ts'
import type { ContainerInput } from '../../runtime/port.ts'

/** `kubectl exec` */
export async function serveExec(door: StreamDoor, request: ExecRequest, stream: Frames): Promise<void> {
  const target = await targetOf(door, request)
  if (target === undefined) return stream.send(endedFrame(notFound(`container not found ("${request.container}")`)))
  const gone = new AbortController()
  const process = await door.parts.runtime.exec(target.id, { command: request.command, tty: request.tty, signal: gone.signal, ...(request.tty ? { env: ['TERM=xterm'] } : {}) })
  stream.send(startedFrame)
  if (!request.stdin && !request.tty) process.closeStdin()
  void takeInput(process, stream).finally(() => gone.abort(new Error('the client is gone')))
  const output = Promise.all([pump(process.stdout, { stream, frameOf: stdoutFrame }), pump(process.stderr, { stream, frameOf: stderrFrame })])
  // A link that breaks shows here before the command has ended by it.
  output.catch(() => {})
  const { exitCode, refused } = await process.exit
  if (refused !== undefined) return stream.send(endedFrame(internalError(`error executing command in container: failed to exec in container: ${refused}`)))
  await output
  stream.send(endedFrame(exitStatus(exitCode)))
}

/** `kubectl attach`: the container's own output as its log gets it, and its standard input. */
export async function serveAttach(door: StreamDoor, request: ExecRequest, stream: Frames): Promise<void> {
  const target = await targetOf(door, request)
  if (target === undefined) return stream.send(endedFrame(notFound(`container not found ("${request.container}")`)))
  const { worker, name, id } = target
  const { runtime } = door.parts
  const spec = containerFor(worker, name)?.spec
  const input = request.stdin && spec?.stdin === true ? await runtime.openInput(id) : undefined
  const fromByte = await door.parts.logs.size(containerLogPath(door.parts.config.logFolder, worker.pod, { container: name, attempt: attemptOf(id) }))
  stream.send(startedFrame)
  const read = { worker, name, id, query: { follow: true, fromByte, timestamps: false, stream: 'All', raw: true } } as const
  const forwarded: Frames = { send: (frame) => stream.send(frame), drained: async () => stream.drained?.(), close: () => stream.close(), incoming: attachInput({ input, resize: (width, height) => runtime.resizeTerminal(id, { width, height }), stream }) }
  // The reader of the log ends with the container.
  await sendLog(door, read, forwarded)
  stream.send(endedFrame())
}

interface Target {
  readonly worker: PodWorker
  readonly name: string
  readonly id: string
}

async function targetOf(door: StreamDoor, request: ExecRequest): Promise<Target | undefined> {
  const worker = request.pod === undefined ? undefined : await door.findPod(request.pod)
  const container = worker === undefined ? undefined : containerFor(worker, request.container)
  const id = worker === undefined || container === undefined ? undefined : runningId(worker, container.spec.name)
  return worker === undefined || container === undefined || id === undefined ? undefined : { worker, name: container.spec.name, id }
}

/** Not faster than the client takes it: a program that writes without end waits in its pipe. */
async function pump(from: AsyncIterable<Uint8Array>, { stream, frameOf }: { readonly stream: Frames; readonly frameOf: (bytes: Uint8Array) => StreamFrame }): Promise<void> {
  for await (const bytes of from) {
    stream.send(frameOf(bytes))
    await stream.drained?.()
  }
}

/** Carries the client's frames to the command until the client is gone. */
async function takeInput(process: ExecProcess, stream: Frames): Promise<void> {
  try {
    for await (const { frame } of stream.incoming) {
      if (frame?.$case === 'stdin') await process.writeStdin(frame.value)
      else if (frame?.$case === 'stdinClosed') process.closeStdin()
      else if (frame?.$case === 'resize') process.resize(frame.value.width, frame.value.height)
    }
  } catch {
    // The link broke: the same as a client that left.
  }
}

interface AttachInput {
  readonly input: ContainerInput | undefined
  readonly resize: (width: number, height: number) => Promise<void>
  readonly stream: Frames
}

/** The client's frames, done as they come; a reader of the rest sees nothing until the client is gone. */
async function* attachInput({ input, resize, stream }: AttachInput): AsyncGenerator<StreamFrame> {
  try {
    for await (const { frame } of stream.incoming) {
      if (frame?.$case === 'stdin') await input?.write(frame.value)
      else if (frame?.$case === 'stdinClosed') input?.close()
      else if (frame?.$case === 'resize') await resize(frame.value.width, frame.value.height)
    }
  } finally {
    input?.close()
  }
}
