import type { DialRequest } from '../../../proto/gen/node/v1/session.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { serveNodeApi } from '../node-api/node-api.ts'
import { carry } from './connection.ts'
import type { ForwardConnection } from './forwarder.ts'
import { endedFrame, failure } from './frames.ts'
import type { Frames, StreamDoor } from './place.ts'

/** A connection for a proxy request: to a pod's address, to a port of the node, or to what the agent itself answers. */
export async function serveDial(door: StreamDoor, { pod, port }: DialRequest, stream: Frames): Promise<void> {
  if (pod === undefined && port === 0) return serveNodeApi(door, stream)
  const { config, forwarder } = door.parts
  const worker = pod && (await door.findPod(pod))
  const sandbox = worker?.record.sandbox
  const host = pod === undefined || worker?.pod.spec?.hostNetwork === true ? config.hostIP : sandbox?.kind === 'ready' ? sandbox.ip : undefined
  if (host === undefined) return stream.send(refusal(`pod ${pod?.namespace ?? ''}/${pod?.name ?? ''} has no network on node ${config.nodeName}`))
  let connection: ForwardConnection
  try {
    connection = await forwarder.dial(host, port)
  } catch (error) {
    return stream.send(refusal(messageOf(error)))
  }
  await carry(connection, stream)
  stream.send(endedFrame())
}

const refusal = (message: string): ReturnType<typeof endedFrame> => endedFrame(failure({ code: 503, reason: 'ServiceUnavailable', message }))
