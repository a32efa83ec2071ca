/** What kubelet answers over HTTP, as far as this agent has it: reached through the API server's node proxy alone, over a stream. No port of the machine is opened. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { byteDuplex } from '../../../shared/kit/byte-duplex.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import { IMAGE_API } from '../../../shared/model/image-api.ts'
import { NODE_USAGE_PAGE } from '../../../shared/model/node-usage.ts'
import { endedFrame, startedFrame, stdoutFrame } from '../streams/frames.ts'
import type { Frames, StreamDoor } from '../streams/place.ts'
import { answerText, type NodeAnswer } from './answer.ts'
import { serveContainerLogs } from './container-logs.ts'
import { resourceMetrics } from './resource-metrics.ts'
import { podList } from './pod-list.ts'
import { sampleUsage, usageSinceAsked } from './samples.ts'
import { statsSummary } from './stats-summary.ts'
import { usageReport } from './usage-report.ts'

type Page = (door: StreamDoor, query: URLSearchParams) => NodeAnswer | Promise<NodeAnswer>

const json = (value: unknown): NodeAnswer => ({ status: 200, type: 'application/json', body: JSON.stringify(value) })

const PAGES: Readonly<Record<string, Page>> = {
  '/healthz': () => answerText(200, 'ok'),
  '/healthz/ping': () => answerText(200, 'ok'),
  '/pods': (door) => json(podList(door.allPods())),
  '/stats/summary': async (door, query) => json(statsSummary(await sampleUsage(door, query.get('only_cpu_and_memory') !== 'true'), door.parts.config.nodeName)),
  '/metrics/resource': async (door) => ({ status: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: resourceMetrics(await sampleUsage(door)) }),
  [NODE_USAGE_PAGE]: async (door) => json(usageReport(await usageSinceAsked(door))),
  async '/metrics'({ parts }) {
    const [{ createMetrics }, { countSources }] = await Promise.all([import('../../../shared/kit/metrics.ts'), import('./image-metrics.ts')])
    const metrics = createMetrics()
    countSources(metrics, parts.images)
    const { contentType, text } = await metrics.render()
    return { status: 200, type: contentType, body: text }
  },
}

/** What kubelet says of these when its handlers for debugging are off: here they are reached through the pods' own subresources. */
const DISABLED = /^\/(run|exec|attach|portForward|runningpods|logs|debug\/pprof)(\/|$)/

/** Speaks HTTP/1.1 over the frames until the client is done. */
export async function serveNodeApi(door: StreamDoor, stream: Frames): Promise<void> {
  const connection = connectionOf(stream)
  const server = createServer({ keepAlive: false }, (request, response) => {
    answer(door, request, response).catch((error: unknown) => {
      door.parts.log.info({ path: request.url, err: messageOf(error) }, 'a request to the node failed')
      response.destroy()
    })
  })
  const closed = new Promise<void>((resolve) => connection.once('close', resolve))
  connection.on('error', () => connection.destroy())
  stream.send(startedFrame)
  server.emit('connection', connection)
  await closed
}

async function answer(door: StreamDoor, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.setHeader('connection', 'close')
  const url = URL.parse(request.url ?? '/', 'http://node')
  const path = url?.pathname ?? '/'
  if (path.startsWith('/containerLogs/') && url) return serveContainerLogs(door, url, response)
  if (path.startsWith(IMAGE_API) && url) return (await import('./images.ts')).serveImages(door, { url, request, response })
  const page = PAGES[path.length > 1 ? path.replace(/\/$/, '') : path]
  const { status, type, body } = page ? await page(door, url?.searchParams ?? new URLSearchParams()) : DISABLED.test(path) ? answerText(405, 'Debug endpoints are disabled.\n') : answerText(404, '404 page not found\n')
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) }).end(request.method === 'HEAD' ? undefined : body)
}

function connectionOf(stream: Frames): Duplex {
  return byteDuplex({
    incoming: stdinOf(stream),
    async write(chunk) {
      stream.send(stdoutFrame(chunk))
      await stream.drained?.()
    },
    end: () => stream.send(endedFrame()),
    close: () => stream.close(),
  })
}

async function* stdinOf({ incoming }: Frames): AsyncGenerator<Uint8Array> {
  for await (const { frame } of incoming) {
    if (frame?.$case === 'stdin') yield frame.value
    if (frame?.$case === 'stdinClosed') return
  }
}
