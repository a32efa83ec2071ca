/** What people ask of a node's images, apart from how it came: over the node's API, or from the command on the same host. */
import { isFault, messageOf, type FaultCode } from '../../shared/kit/faults.ts'
import type { ImageCheck, ImageHistory, ImageList, ImageRemoved, ImagesImported, ImagesPruned } from '../../shared/model/image-api.ts'
import { formatTime } from '../../shared/model/time.ts'
import type { DiskImages, StoredImage } from './disk-images.ts'
import type { ImageStore } from './port.ts'
import { transfer, TRANSFERS } from './transfer.ts'

export interface ImageRequest {
  readonly method: string
  /** After `IMAGE_API`: empty, or with a slash in front. */
  readonly path: string
  readonly query: URLSearchParams
  readonly body: AsyncIterable<Uint8Array>
  readonly signal?: AbortSignal | undefined
  /** Ids of images that pods of the node will use again, though none of their containers is there at the moment. */
  readonly noted?: ReadonlySet<string> | undefined
}

export interface ImageResponse {
  readonly status: number
  readonly type: string
  readonly body: string | AsyncIterable<Uint8Array>
}

/** Whether this store keeps more than pods need: the real one does. */
export const isDiskImages = (images: ImageStore): images is DiskImages => 'shelf' in images

export type Answer = (images: DiskImages, request: ImageRequest) => Promise<unknown>

const ANSWERS: Readonly<Record<string, Answer>> = {
  'GET ': (images, request) => list(images, request),
  'DELETE ': (images, request) => remove(images, request),
  'GET /inspect': (images, { query }) => images.shelf.inspect(refOf(query)),
  'GET /history': async (images, { query }) => ({ id: (await images.shelf.inspect(refOf(query))).id, steps: await images.shelf.history(refOf(query)) }) satisfies ImageHistory,
  'POST /tag': async (images, { query }) => ({ name: await images.shelf.tag(refOf(query), query.get('name') ?? '') }),
  'POST /prune': (images, request) => prune(images, request),
  'POST /check': (images, { query }) => images.shelf.check(query.getAll('ref'), { repair: query.get('repair') === 'true' }) satisfies Promise<ImageCheck>,
  'POST /import': async (images, { body, signal }) => ({ images: (await images.importStream(body, signal)).map(({ id, tags }) => ({ id, tags })) }) satisfies ImagesImported,
}

/** Never throws: what goes wrong is a Status. @param own what is asked of whoever has the store, and not of the store alone: `POST /commit` */
export async function answerImages(images: DiskImages, request: ImageRequest, own: Readonly<Record<string, Answer>> = {}): Promise<ImageResponse> {
  try {
    if (request.method === 'POST' && request.path === '/export') return { status: 200, type: 'application/x-tar', body: await images.shelf.export(request.query.getAll('ref')) }
    if (request.method === 'POST' && TRANSFERS.has(request.path)) return { status: 200, type: 'application/x-ndjson', body: transfer(images, { ...request, path: request.path }) }
    const asked = `${request.method} ${request.path}`
    const answer = own[asked] ?? ANSWERS[asked]
    if (answer === undefined) return refusal(404, 'NotFound', `the node has nothing at ${request.method} images${request.path}: it may be of another version`)
    return { status: 200, type: 'application/json', body: JSON.stringify(await answer(images, request)) }
  } catch (error) {
    const [status, reason] = (isFault(error) ? CODES[error.code] : undefined) ?? [500, 'InternalError']
    return refusal(status, reason, messageOf(error))
  }
}

const CODES: Partial<Readonly<Record<FaultCode, readonly [number, string]>>> = { 'not-found': [404, 'NotFound'], invalid: [400, 'BadRequest'], corrupt: [400, 'BadRequest'], unsupported: [400, 'BadRequest'], permission: [403, 'Forbidden'], exhausted: [507, 'InsufficientStorage'], conflict: [409, 'Conflict'] }

const refusal = (code: number, reason: string, message: string): ImageResponse => ({ status: code, type: 'application/json', body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code }) })

const refOf = (query: URLSearchParams): string => query.get('ref') ?? ''

/** Ids of those that a container stands on, or will again. */
const usedOf = (stored: readonly StoredImage[], { noted }: ImageRequest): ReadonlySet<string> => new Set(stored.flatMap(({ id, isUsed }) => (isUsed || noted?.has(id) === true ? [id] : [])))

async function list(images: DiskImages, request: ImageRequest): Promise<ImageList> {
  const [all, stored] = await Promise.all([images.list(), images.stored()])
  const used = usedOf(stored, request)
  return {
    store: await images.identity(),
    images: all.map(({ id, tags, digests, sizeBytes }) => {
      const about = stored.find((one) => one.id === id)
      return { id, tags, digests, sizeBytes, origin: about?.origin ?? 'unknown', added: about?.addedMs === undefined ? undefined : formatTime(about.addedMs), isUsed: used.has(id) }
    }),
  }
}

async function remove(images: DiskImages, request: ImageRequest): Promise<ImageRemoved> {
  const reference = refOf(request.query)
  const { id } = await images.shelf.inspect(reference)
  const isUsed = usedOf(await images.stored(), request).has(id)
  // A name takes only itself away; an id, also a short one, all of the image.
  await images.remove((await images.find(reference)) === undefined ? id : reference)
  return { name: reference, isUsed }
}

async function prune(images: DiskImages, request: ImageRequest): Promise<ImagesPruned> {
  const isAll = request.query.get('all') === 'true'
  const used = usedOf(await images.stored(), request)
  const kept = await images.forgetBuilds(isAll ? 'all' : 'unneeded')
  const removed = (await images.list()).flatMap(({ id, tags }) => (used.has(id) || (!isAll && tags.length > 0) ? [] : [{ id, tags }]))
  return { images: removed, bytes: kept + (await images.discardAll(removed.map(({ id }) => id))) }
}
