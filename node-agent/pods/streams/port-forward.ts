import type { PortForwardRequest } from '../../../proto/gen/node/v1/session.ts'
import { endedFrame, internalError, notFound, startedFrame, stdoutFrame } from './frames.ts'
import type { ForwardConnection } from './forwarder.ts'
import type { Frames, StreamDoor } from './place.ts'

/** `kubectl port-forward`: one connection. */
export async function servePortForward({ parts, findPod }: StreamDoor, { pod, port }: PortForwardRequest, stream: Frames): Promise<void> {
  const worker = pod === undefined ? undefined : findPod(pod)
  const sandbox = worker?.record.sandbox
  if (worker === undefined || sandbox?.kind !== 'ready') return stream.send(endedFrame(notFound(`pods "${pod?.name ?? ''}" not found`)))
  const connection = await parts.forwarder.connect(sandbox.netnsPath, port)
  stream.send(startedFrame)
  void takeInput(connection, stream)
  for await (const bytes of connection.output) stream.send(stdoutFrame(bytes))
  const problem = await connection.ended
  stream.send(endedFrame(problem === undefined ? undefined : internalError(`error forwarding port ${port} to pod ${worker.pod.metadata.uid ?? ''}, uid : failed to connect to localhost:${port} inside namespace: ${problem}`)))
}

async function takeInput(connection: ForwardConnection, stream: Frames): Promise<void> {
  try {
    for await (const { frame } of stream.incoming) {
      if (frame?.$case === 'stdin') await connection.write(frame.value)
      else if (frame?.$case === 'stdinClosed') connection.end()
    }
  } catch {
    // The link broke: the same as a client that left.
  }
  connection.close()
}
