import type { OpenStream } from '../../proto/gen/node/v1/session.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import { podUsage } from '../stats/stats.ts'
import { serveDial } from './streams/dial.ts'
import { serveAttach, serveExec } from './streams/exec.ts'
import { badRequest, endedFrame, internalError, startedFrame, stdoutFrame } from './streams/frames.ts'
import { serveLogs } from './streams/logs.ts'
import { servePortForward } from './streams/port-forward.ts'
import type { Frames, StreamDoor } from './streams/place.ts'

/** Serves one stream to its end. Whatever goes wrong is told in the last frame, as long as somebody listens. */
export async function serveStream(door: StreamDoor, { request, streamId }: OpenStream, stream: Frames): Promise<void> {
  try {
    await serve(door, request, stream)
  } catch (error) {
    door.parts.log.info({ stream: streamId, err: messageOf(error) }, 'a stream failed')
    try {
      stream.send(endedFrame(internalError(messageOf(error))))
    } catch {
      // Nobody listens any more.
    }
  }
}

async function serve(door: StreamDoor, request: OpenStream['request'], stream: Frames): Promise<void> {
  switch (request?.$case) {
    case 'logs':
      return serveLogs(door, request.value, stream)
    case 'exec':
      return serveExec(door, request.value, stream)
    case 'attach':
      return serveAttach(door, request.value, stream)
    case 'portForward':
      return servePortForward(door, request.value, stream)
    case 'stats':
      return serveStats(door, stream)
    case 'dial':
      return serveDial(door, request.value, stream)
    case undefined:
      return stream.send(endedFrame(badRequest('the request is of a kind this agent does not know')))
  }
}

/** Usage of every pod, as one JSON text on standard output. */
async function serveStats({ parts, allPods }: StreamDoor, stream: Frames): Promise<void> {
  stream.send(startedFrame)
  const usages = await Promise.all(allPods().map((worker) => podUsage(parts, worker)))
  stream.send(stdoutFrame(new TextEncoder().encode(JSON.stringify({ pods: usages.filter((one) => one !== undefined) }))))
  stream.send(endedFrame())
}
