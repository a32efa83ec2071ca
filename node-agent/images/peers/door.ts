/** Where other nodes ask this one for images: HTTP over mTLS, for nodes of the cluster alone. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { constants } from 'node:crypto'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import type { Clock } from '../../../shared/kit/clock.ts'
import { messageOf } from '../../../shared/kit/faults.ts'
import type { Log } from '../../../shared/kit/log.ts'
import { isJsonObject } from '../../../shared/model/json.ts'
import { type Digest, parseDigest } from '../digest.ts'
import type { Claims } from './claims.ts'
import type { Answer, Holdings, Identify, NameAnswer, Right } from './port.ts'
import { mayHave, shownAt } from './rights.ts'

export interface DoorOptions {
  readonly self: string
  readonly host: string
  readonly port: number
  readonly identify: Identify
  readonly holdings: Holdings
  readonly claims: Claims
  /** Who belongs to the cluster now; a certificate outlives its node. */
  readonly isMember: (name: string) => boolean
  /** Of names nothing is said to a node that may only have bytes. */
  readonly answersNames: boolean
  /** So many others are served at once, each as fast as it can; who comes then asks somebody else. */
  readonly mostUploads?: number
  /** So many wait here at once for what is still being fetched; who comes then is told to come again later. */
  readonly mostWaiting?: number
  readonly clock: Clock
  readonly log: Log
}

export interface Door extends AsyncDisposable {
  readonly port: number
  renew(): void
}

const MOST_UPLOADS = 8
/** What is as short as this costs no turn. */
const SMALL_BYTES = 256 << 10
const MOST_WAITING = 512
const LONGEST_WAIT_MS = 30_000
const MOST_QUESTION_BYTES = 64 << 10
const MOST_RIGHTS = 64
/** Who takes nothing for so long is gone. */
const SILENCE_MS = 30_000
const NODE_PREFIX = 'system:node:'

export async function openDoor(options: DoorOptions): Promise<Door> {
  const { host, port, identify, log } = options
  const desk = new Desk(options)
  // Without tickets every connection shows its certificate.
  const secrets = (): object => ({ ...identify(), minVersion: 'TLSv1.3', secureOptions: constants.SSL_OP_NO_TICKET })
  const server = createServer({ ...secrets(), requestCert: true, rejectUnauthorized: true, handshakeTimeout: 10_000, keepAliveTimeout: 60_000, headersTimeout: 10_000, requestTimeout: 60_000, maxHeaderSize: 16 << 10 }, (asked, answer) => {
    desk.serve(asked, answer).catch((error: unknown) => {
      log.debug({ err: messageOf(error) }, 'an answer to another node was not finished')
      answer.destroy()
    })
  })
  server.setTimeout(SILENCE_MS + LONGEST_WAIT_MS)
  server.on('tlsClientError', (_error, socket) => void socket.destroy())
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  const at = server.address()
  return {
    port: typeof at === 'object' && at !== null ? at.port : port,
    renew: () => server.setSecureContext(secrets()),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

class Desk {
  readonly #options: DoorOptions
  #uploads = 0
  #waiting = 0

  constructor(options: DoorOptions) {
    this.#options = options
  }

  async serve(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const asker = nameOf(asked.socket as TLSSocket)
    if (asker === undefined || !this.#options.isMember(asker)) return say(answer, 403, {})
    const { pathname, searchParams } = new URL(asked.url ?? '/', 'https://node')
    if (asked.method === 'GET' && pathname.startsWith('/v1/blobs/')) return await this.#blob(asked, answer, { asker, digest: pathname.slice('/v1/blobs/'.length), from: numberOf(searchParams.get('from')), waitMs: Math.min(LONGEST_WAIT_MS, numberOf(searchParams.get('wait'))) })
    const question = asked.method === 'POST' ? await readQuestion(asked) : undefined
    if (question === undefined) return say(answer, 400, {})
    if (pathname === '/v1/ask') return say(answer, 200, await this.#ask(asker, question))
    if (pathname === '/v1/name') return say(answer, 200, await this.#name(asker, question))
    say(answer, 404, {})
  }

  async #ask(asker: string, question: Readonly<Record<string, unknown>>): Promise<Answer> {
    const digest = parseDigest(question['digest'], 'the question')
    const { claims, holdings } = this.#options
    const also = claims.heard(digest, asker)
    if (!(await this.#mayHave(digest, asker, textsOf(question['rights'])))) return { state: 'none', also }
    if (claims.find(digest)?.bytes !== undefined || (await holdings.sizeBytes(digest)) !== undefined) return { state: 'have', also }
    return { state: claims.asked(digest, asker), also }
  }

  async #name(asker: string, question: Readonly<Record<string, unknown>>): Promise<NameAnswer> {
    const { holdings, self, answersNames } = this.#options
    const name = question['name']
    const named = answersNames && typeof name === 'string' ? await holdings.named(name) : undefined
    if (named === undefined) return { kind: 'none' }
    const { digest, rights } = named
    if (named.isLocal) return { kind: 'found', digest, right: 'local' }
    if (rights.some(({ kind }) => kind === 'open')) return { kind: 'found', digest, right: 'open' }
    const at = shownAt(rights, textsOf(question['rights']), { giver: self, asker })
    return at < 0 ? { kind: 'none' } : { kind: 'found', digest, right: 'shown', at }
  }

  /** What is being pulled goes by the right of the pull; what is here, by its records: a pull notes its right there before its claim ends. */
  async #mayHave(digest: Digest, asker: string, proofs: readonly string[]): Promise<boolean> {
    const { claims, holdings, self } = this.#options
    const may = (rights: readonly Right[]): boolean => mayHave(rights, proofs, { giver: self, asker })
    if (may(claims.find(digest)?.rights ?? [])) return true
    if ((await holdings.sizeBytes(digest)) === undefined) return false
    return may(await holdings.rightsTo(digest)) || may(await holdings.rightsTo(digest, 'now'))
  }

  async #blob(asked: IncomingMessage, answer: ServerResponse, wanted: Wanted): Promise<void> {
    const { claims, holdings } = this.#options
    const digest = parseDigest(wanted.digest, 'the request')
    const proofs = String(asked.headers['gantry-rights'] ?? '').split(',')
    if (!(await this.#mayHave(digest, wanted.asker, proofs))) return say(answer, 404, {})
    const arrival = await this.#arrival(digest, wanted.waitMs, answer)
    const claim = claims.find(digest)
    if (arrival === 'full') return say(answer, 503, { doneBytes: claim?.doneBytes ?? 0 })
    const document = claim?.bytes
    const sizeBytes = document?.length ?? (await holdings.sizeBytes(digest))
    if (sizeBytes === undefined) return claim === undefined || claim.state === 'failed' ? say(answer, 404, {}) : say(answer, 202, { doneBytes: claim.doneBytes })
    if (wanted.from > sizeBytes) return say(answer, 416, {})
    const bytes = document === undefined ? holdings.stream(digest, wanted.from) : [document.subarray(wanted.from)]
    await this.#upload(answer, { bytes, lengthBytes: sizeBytes - wanted.from })
  }

  /** Until the bytes are here, nobody brings them any more, or the time is over. `full`: too many wait already. */
  async #arrival(digest: Digest, waitMs: number, answer: ServerResponse): Promise<'over' | 'full'> {
    const { claims, holdings, clock, mostWaiting = MOST_WAITING } = this.#options
    const endMs = clock.monotonicMs() + waitMs
    const isOver = async (): Promise<boolean> => {
      const claim = claims.find(digest)
      if (claim === undefined || claim.state === 'failed' || claim.bytes !== undefined || endMs <= clock.monotonicMs() || answer.destroyed) return true
      return (await holdings.sizeBytes(digest)) !== undefined
    }
    if (await isOver()) return 'over'
    if (this.#waiting >= mostWaiting) return 'full'
    this.#waiting++
    try {
      // A second look now and then: what another process of the host brought is told by nobody.
      do await claims.changed(digest, { clock, ms: Math.max(1, Math.min(endMs - clock.monotonicMs(), 500)) })
      while (!(await isOver()))
    } finally {
      this.#waiting--
    }
    return 'over'
  }

  async #upload(answer: ServerResponse, { bytes, lengthBytes }: { readonly bytes: AsyncIterable<Buffer> | readonly Buffer[]; readonly lengthBytes: number }): Promise<void> {
    const { mostUploads = MOST_UPLOADS } = this.#options
    const isSmall = lengthBytes <= SMALL_BYTES
    if (!isSmall && this.#uploads >= mostUploads) return say(answer, 503, {})
    if (!isSmall) this.#uploads++
    try {
      answer.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': String(lengthBytes) })
      await pipeline(Readable.from(bytes), answer)
    } finally {
      if (!isSmall) this.#uploads--
    }
  }
}

interface Wanted {
  readonly asker: string
  readonly digest: string
  readonly from: number
  readonly waitMs: number
}

function nameOf(socket: TLSSocket): string | undefined {
  const name: unknown = socket.getPeerCertificate().subject?.CN
  return typeof name === 'string' && name.startsWith(NODE_PREFIX) ? name.slice(NODE_PREFIX.length) : undefined
}

function say(answer: ServerResponse, status: number, document: object): void {
  answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
}

async function readQuestion(asked: IncomingMessage): Promise<Readonly<Record<string, unknown>> | undefined> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of asked as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MOST_QUESTION_BYTES) return undefined
    parts.push(part)
  }
  const question = JSON.parse(Buffer.concat(parts).toString()) as unknown
  return isJsonObject(question) ? question : undefined
}

const textsOf = (given: unknown): readonly string[] => (Array.isArray(given) ? given.filter((one): one is string => typeof one === 'string').slice(0, MOST_RIGHTS) : [])

const numberOf = (text: string | null): number => (text !== null && /^\d{1,15}$/.test(text) ? Number(text) : 0)
