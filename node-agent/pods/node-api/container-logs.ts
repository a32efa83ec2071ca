/** `/containerLogs/NAMESPACE/POD/CONTAINER`: the log as kubelet serves it, without a content type. */
import type { ServerResponse } from 'node:http'
import type { LogsRequest, StreamFrame } from '../../../proto/gen/node/v1/session.ts'
import type { Status } from '../../../shared/model/gen/api.ts'
import { parseTime } from '../../../shared/model/time.ts'
import { serveLogs } from '../streams/logs.ts'
import type { StreamDoor } from '../streams/place.ts'

/** Resolves when the log is over or nobody reads it any more. */
export async function serveContainerLogs(door: StreamDoor, { pathname, searchParams }: URL, response: ServerResponse): Promise<void> {
  const [, , namespace = '', name = '', container = ''] = pathname.split('/').map(decodeURIComponent)
  const missing = Object.entries({ podNamespace: namespace, podID: name, containerName: container }).find(([, value]) => value === '')
  if (missing) return refuse(response, 400, `{"message": "Missing ${missing[0]}."}`)
  const request: LogsRequest = { pod: { namespace, name, uid: '' }, container, ...optionsOf(searchParams, door.parts.clock.nowMs()) }
  const gone = Promise.withResolvers<undefined>()
  response.once('close', () => gone.resolve(undefined))
  await serveLogs(door, request, {
    send: (frame) => send(frame, response),
    drained: () => (response.writableNeedDrain ? new Promise((resolve) => void response.once('drain', resolve).once('close', resolve)) : Promise.resolve()),
    close: () => response.destroy(),
    // A reader says nothing, and is gone when its connection is.
    incoming: {
      async *[Symbol.asyncIterator]() {
        await gone.promise
      },
    },
  })
  if (!response.writableEnded) response.end()
}

function send({ frame }: StreamFrame, response: ServerResponse): void {
  if (frame?.$case === 'stdout' || frame?.$case === 'stderr') response.write(frame.value)
  if (frame?.$case !== 'ended' || frame.value.status.length === 0) return
  const { code = 500, message = '' } = JSON.parse(frame.value.status.toString()) as Status
  if (!response.headersSent) refuse(response, code, message)
}

const refuse = (response: ServerResponse, status: number, message: string): void => void response.writeHead(status, { 'content-type': 'text/plain' }).end(message)

const isOn = (query: URLSearchParams, name: string): boolean => ['true', '1'].includes(query.get(name) ?? '')

function optionsOf(query: URLSearchParams, nowMs: number): Omit<LogsRequest, 'pod' | 'container'> {
  const count = (name: string): number | undefined => (query.has(name) ? Number(query.get(name)) : undefined)
  const since = query.get('sinceTime')
  const sinceSeconds = count('sinceSeconds')
  const sinceMs = since === null ? (sinceSeconds === undefined ? 0 : nowMs - sinceSeconds * 1000) : (parseTime(since) ?? 0)
  return { follow: isOn(query, 'follow'), previous: isOn(query, 'previous'), timestamps: isOn(query, 'timestamps'), tailLines: count('tailLines'), limitBytes: count('limitBytes'), sinceMs, stream: query.get('stream') ?? 'All' }
}
