import type { PortForwardRequest } from '../../../proto/gen/node/v1/session.ts'
import { carry } from './connection.ts'
import { endedFrame, internalError, notFound } from './frames.ts'
import type { Frames, StreamDoor } from './place.ts'

/** `kubectl port-forward`: one connection. */
export async function servePortForward({ parts, findPod }: StreamDoor, { pod, port }: PortForwardRequest, stream: Frames): Promise<void> {
  const worker = pod === undefined ? undefined : await findPod(pod)
  const sandbox = worker?.record.sandbox
  if (worker === undefined || sandbox?.kind !== 'ready') return stream.send(endedFrame(notFound(`pods "${pod?.name ?? ''}" not found`)))
  const problem = await carry(await parts.forwarder.connect(sandbox.netnsPath, port), stream)
  stream.send(endedFrame(problem === undefined ? undefined : internalError(`error forwarding port ${port} to pod ${worker.pod.metadata.uid ?? ''}, uid : failed to connect to localhost:${port} inside namespace: ${problem}`)))
}
