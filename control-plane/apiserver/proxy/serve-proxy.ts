/** A proxied request and its answer, both as they come: nothing is kept but a piece of HTML at a time. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Transform, type Duplex } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createDeflate, createGunzip, createGzip, createInflate } from 'node:zlib'
import { ApiError } from '../../../shared/kit/api-error.ts'
import type { ApiResponse, ProxyTarget } from '../request.ts'
import { refusal } from '../http/answers.ts'
import { exchangeProblem, openExchange, queryOf } from './exchange.ts'
import { responseHeaders } from './headers.ts'
import { escapePath, prefixOf } from './paths.ts'
import { htmlRewriter } from './rewrite-html.ts'
import { rewriteUrl, type LinkRewriting } from './rewrite-url.ts'

export interface ProxyOptions {
  readonly target: ProxyTarget
  /** Decoded, of the request. */
  readonly path: string
  /** Aborts when the client is gone. */
  readonly signal: AbortSignal
}

/** Answers itself, or gives back a refusal for the door to send. */
export async function serveProxy(incoming: IncomingMessage, response: ServerResponse, options: ProxyOptions): Promise<ApiResponse | undefined> {
  const { target, signal } = options
  if (target.path === '' && (incoming.method === 'GET' || incoming.method === 'HEAD')) return movedTo(`${(incoming.url ?? '').split('?', 1)[0]}/${queryOf(incoming)}`)
  try {
    const answer = await answerOf(incoming, target, signal)
    const links = linksOf(incoming, options)
    await pass(answer, response, { links, bending: incoming.method === 'HEAD' ? [] : bendingOf(answer, links) })
  } catch (error) {
    if (!response.headersSent && error instanceof ApiError) return refusal(error)
    throw error
  }
  return undefined
}

const movedTo = (location: string): ApiResponse => ({ kind: 'body', status: 301, headers: { location }, body: '' })

const linksOf = (incoming: IncomingMessage, { target, path }: Pick<ProxyOptions, 'target' | 'path'>): LinkRewriting => ({ prefix: escapePath(prefixOf(path, target.path)), targetHost: target.host, requestHost: incoming.headers.host ?? '' })

async function answerOf(incoming: IncomingMessage, target: ProxyTarget, signal: AbortSignal): Promise<IncomingMessage> {
  const request = await openExchange(incoming, target, signal)
  return new Promise((resolve, reject) => {
    request.once('response', resolve)
    request.on('error', (error: NodeJS.ErrnoException) => reject(exchangeProblem(error)))
    // A body that breaks off ends the request; what the target says before it has read all of it counts.
    incoming.once('error', () => request.destroy())
    incoming.pipe(request)
  })
}

/** A piece goes on as soon as it is there. */
async function pass(answer: IncomingMessage, response: ServerResponse, { links, bending }: { readonly links: LinkRewriting; readonly bending: Duplex[] }): Promise<void> {
  response.statusCode = answer.statusCode ?? 502
  if (answer.statusMessage) response.statusMessage = answer.statusMessage
  response.setHeader('cache-control', 'no-cache, private')
  const seen = new Set<string>()
  for (const [name, value] of responseHeaders(answer.rawHeaders)) {
    const lower = name.toLowerCase()
    if (lower === 'content-length' && bending.length > 0) continue
    const text = lower === 'location' ? rewriteUrl(value, links) : value
    if (seen.has(lower)) response.appendHeader(name, text)
    else response.setHeader(name, text)
    seen.add(lower)
  }
  response.flushHeaders()
  await pipeline([answer, ...bending, response])
}

type Coding = { readonly unpack: () => Duplex; readonly pack: () => Duplex }
const CODINGS: Readonly<Record<string, Coding>> = { gzip: { unpack: createGunzip, pack: createGzip }, deflate: { unpack: createInflate, pack: createDeflate } }

/** What an HTML page goes through; nothing for all else, and for what is packed in a way that is not known. */
function bendingOf(answer: IncomingMessage, links: LinkRewriting): Duplex[] {
  const { headers } = answer
  if (headers.location !== undefined || (headers['content-type'] ?? '').split(';', 1)[0]?.trim() !== 'text/html') return []
  const encoding = headers['content-encoding'] ?? ''
  const coding = CODINGS[encoding]
  if (encoding !== '' && !coding) return []
  return coding ? [coding.unpack(), bend(links), coding.pack()] : [bend(links)]
}

/** Bytes are read one for one, so that pages in any encoding that holds ASCII come out as they went in. */
function bend(links: LinkRewriting): Transform {
  const rewriter = htmlRewriter((url) => rewriteUrl(url, links))
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, Buffer.from(rewriter.push(chunk.toString('latin1')), 'latin1')),
    flush: (done) => done(null, Buffer.from(rewriter.end(), 'latin1')),
  })
}
