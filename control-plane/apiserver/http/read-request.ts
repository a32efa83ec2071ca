import type { IncomingMessage } from 'node:http'
import { parsePath } from '../core/request-info.ts'
import type { ApiRequest, User } from '../request.ts'
import type { ApiError } from '../../../shared/kit/api-error.ts'
import { badRequest, requestEntityTooLarge } from '../status.ts'

/** The largest body that is read; Kubernetes' limit. */
export const MAX_BODY_BYTES = 3 * 1024 * 1024

/** What is read and thrown away of a body that is too large, so that the client gets to read the answer. */
const MAX_DISCARDED_BYTES = 64 * 1024 * 1024

const EMPTY = new Uint8Array(0)

/** The body of what a proxy passes on is the target's to read, as it comes and however long it is. */
function isPassedOn(path: string): boolean {
  if (!path.includes('/proxy')) return false
  const wanted = parsePath(path)
  return wanted.kind === 'resource' && wanted.subresource === 'proxy'
}

/** Throws `ApiError` for a path that cannot be decoded or a body that is too large. */
export async function readRequest(incoming: IncomingMessage, context: { readonly user: User; readonly signal: AbortSignal }): Promise<ApiRequest> {
  const { path, query } = parseTarget(incoming.url ?? '/')
  return {
    method: incoming.method ?? 'GET',
    path,
    query,
    headers: headersOf(incoming),
    body: hasBody(incoming) && !isPassedOn(path) ? await readBody(incoming) : EMPTY,
    user: context.user,
    remoteAddress: incoming.socket.remoteAddress ?? '',
    signal: context.signal,
  }
}

export function parseTarget(target: string): { readonly path: string; readonly query: URLSearchParams } {
  const at = target.indexOf('?')
  const raw = at < 0 ? target : target.slice(0, at)
  const query = new URLSearchParams(at < 0 ? '' : target.slice(at + 1))
  if (!raw.includes('%')) return { path: raw, query }
  try {
    return { path: decodeURIComponent(raw), query }
  } catch {
    throw badRequest(`invalid URL escape in ${JSON.stringify(raw)}`)
  }
}

/** Node joins repeated headers with a comma; the few that it keeps as lists are joined here. */
export function headersOf(incoming: IncomingMessage): Readonly<Record<string, string | undefined>> {
  const { headers } = incoming
  const cookies = headers['set-cookie']
  const others = cookies ? { ...headers, 'set-cookie': cookies.join(', ') } : (headers as Readonly<Record<string, string | undefined>>)
  return others['impersonate-user'] === undefined ? others : { ...others, ...impersonation(incoming) }
}

/** Of headers that say who somebody is each counts by itself, commas and all: a line for each. */
function impersonation({ headersDistinct }: IncomingMessage): Readonly<Record<string, string>> {
  const said = Object.entries(headersDistinct).filter(([name]) => name.startsWith('impersonate-'))
  return Object.fromEntries(said.map(([name, values]) => [name, (values ?? []).join('\n')]))
}

const hasBody = (incoming: IncomingMessage): boolean => incoming.headers['transfer-encoding'] !== undefined || (incoming.headers['content-length'] ?? '0') !== '0'

const tooLarge = (): ApiError => requestEntityTooLarge(`Request entity too large: limit is ${MAX_BODY_BYTES}`)

const incompleteBody = (): Error => new Error('the body ended before its end')

/** By events: an iterator over the stream would cost a small request a tenth of its time. */
function readBody(incoming: IncomingMessage): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    // Whoever left before anybody began to read has been told of already: nothing more is heard of him.
    if (incoming.destroyed && !incoming.readableEnded) return reject(incompleteBody())
    const chunks: Buffer[] = []
    let length = 0
    incoming.on('data', (chunk: Buffer) => {
      length += chunk.length
      if (length <= MAX_BODY_BYTES) chunks.push(chunk)
      else chunks.length = 0
      if (length <= MAX_DISCARDED_BYTES) return
      reject(tooLarge())
      incoming.destroy()
    })
    incoming.on('end', () => {
      const [only] = chunks
      if (length > MAX_BODY_BYTES) reject(tooLarge())
      else resolve(chunks.length === 1 && only ? only : Buffer.concat(chunks, length))
    })
    incoming.on('error', reject)
    // Whoever hangs up in the midst of it may do so without an error.
    incoming.on('close', () => {
      if (!incoming.readableEnded) reject(incompleteBody())
    })
  })
}
