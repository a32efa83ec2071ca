/** `/gantry/v1/images…`: what `gantry image` asks of a node. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { IMAGE_API } from '../../../shared/model/image-api.ts'
import { answerImages, type ImageRequest, type ImageResponse, isDiskImages } from '../../images/api.ts'
import type { DiskImages } from '../../images/disk-images.ts'
import { notedImages } from '../noted-images.ts'
import type { StreamDoor } from '../streams/place.ts'

export interface HttpExchange {
  readonly url: URL
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

export async function serveImages(door: StreamDoor, { url, request, response }: HttpExchange): Promise<void> {
  const { images } = door.parts
  if (!isDiskImages(images)) return void response.writeHead(404).end()
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const path = url.pathname.slice(IMAGE_API.length).replace(/\/$/, '')
  const asked = { method: request.method ?? 'GET', path, query: url.searchParams, body: request as AsyncIterable<Uint8Array>, signal: gone.signal, noted: notedImages(door.allPods()) }
  const { status, type, body } = asked.method === 'POST' && path === '/build' ? await buildImage(door, images, asked) : await answerImages(images, asked, { 'POST /commit': async (store, { query }) => (await import('./commit.ts')).commitContainer(door, store, query) })
  response.writeHead(status, { 'content-type': type, ...(typeof body === 'string' ? { 'content-length': Buffer.byteLength(body) } : {}) })
  if (typeof body === 'string') response.end(body)
  else await pipeline(Readable.from(body), response)
}

/** What goes wrong is the last of its lines. */
async function buildImage({ parts }: StreamDoor, images: DiskImages, { body, signal }: ImageRequest): Promise<ImageResponse> {
  const { buildLines } = await import('../../builds/serve.ts')
  return { status: 200, type: 'application/x-ndjson', body: buildLines({ ...parts, images, guests: parts.guests ?? new Set() }, { body, signal }) }
}
