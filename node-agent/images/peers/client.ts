/** How other nodes are asked for images. */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { Agent, request } from 'node:https'
import type { Readable } from 'node:stream'
import type { PeerCertificate } from 'node:tls'
import type { Clock } from '../../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../../shared/kit/faults.ts'
import { isJsonObject, type JsonObject } from '../../../shared/model/json.ts'
import type { Digest } from '../digest.ts'
import type { Answer, BlobState, Identify, NameAnswer, NameQuestion, PeerNode, PeerTimes, ShownLogin } from './port.ts'
import { proofOf } from './rights.ts'

/** What comes of asking one node for some bytes. */
export type Opened =
  | { readonly kind: 'bytes'; readonly body: AsyncIterable<Buffer> }
  /** It gives to as many as it can already; or, with how far it has come itself, so many wait for it already. */
  | { readonly kind: 'busy'; readonly doneBytes?: number }
  /** It is still fetching. */
  | { readonly kind: 'pending'; readonly doneBytes: number }
  | { readonly kind: 'gone' }

export interface PeerClientOptions {
  readonly self: string
  readonly identify: Identify
  readonly times: PeerTimes
  readonly clock: Clock
}

/** Who did not answer is not asked again for so long, and for twice as long the next time. */
const AWAY_MS = 10_000
const LONGEST_AWAY_MS = 60_000
const MOST_ANSWER_BYTES = 64 << 10
/** Certificates of nodes are for their names, and for this one. */
const SERVER_NAME = 'kubernetes'
const STATES: readonly BlobState[] = ['have', 'fetching', 'claimed', 'none']

export class PeerClient {
  readonly #options: PeerClientOptions
  readonly #away = new Map<string, { readonly untilMs: number; readonly failures: number }>()
  #agent = newAgent()

  constructor(options: PeerClientOptions) {
    this.#options = options
  }

  /** Whether it is worth asking. */
  isAway({ name }: PeerNode): boolean {
    return (this.#away.get(name)?.untilMs ?? 0) > this.#options.clock.monotonicMs()
  }

  /** Whoever did not answer is left alone for a while, or for as long as is said. */
  putAway({ name }: PeerNode, ms?: number): void {
    const failures = (this.#away.get(name)?.failures ?? 0) + 1
    this.#away.set(name, { untilMs: this.#options.clock.monotonicMs() + (ms ?? Math.min(LONGEST_AWAY_MS, AWAY_MS * 2 ** Math.min(failures - 1, 8))), failures })
  }

  /** Undefined where no answer comes in time. */
  async ask(peer: PeerNode, { digest, shown, signal }: Asked): Promise<Answer | undefined> {
    const said = await this.#question(peer, '/v1/ask', { document: { digest, rights: this.#proofs(peer, shown) }, signal })
    const state = STATES.find((one) => one === said?.['state'])
    return state === undefined ? undefined : { state, also: textsOf(said?.['also']) }
  }

  async name(peer: PeerNode, name: string, { shown, signal }: Pick<Asked, 'shown' | 'signal'>): Promise<NameAnswer> {
    const said = await this.#question(peer, '/v1/name', { document: { name, rights: this.#proofs(peer, shown) } satisfies NameQuestion, signal })
    const { digest, right, at } = said ?? {}
    if (typeof digest !== 'string' || !/^sha256:[a-f0-9]{64}$/.test(digest)) return { kind: 'none' }
    if (right === 'local' || right === 'open') return { kind: 'found', digest: digest as Digest, right }
    return right === 'shown' && typeof at === 'number' && shown[at] !== undefined ? { kind: 'found', digest: digest as Digest, right, at } : { kind: 'none' }
  }

  /** Throws Fault('unavailable') where it does not answer. What the body throws is one, too. */
  async open(peer: PeerNode, { digest, shown, signal }: Asked, { from, waitMs }: { readonly from: number; readonly waitMs: number }): Promise<Opened> {
    const { times, clock } = this.#options
    const silence = new Silence(clock, times.silenceMs)
    const answer = await this.#send(peer, { method: 'GET', path: `/v1/blobs/${digest}?from=${from}&wait=${waitMs}`, headers: { 'gantry-rights': this.#proofs(peer, shown).join() }, signal, limitMs: waitMs + Math.max(times.answerMs, times.silenceMs) })
    if (answer.statusCode === 200) return { kind: 'bytes', body: this.#body(peer, answer, { silence, signal }) }
    if (answer.statusCode === 202 || answer.statusCode === 503) {
      const doneBytes = (await readAnswer(answer).catch(() => undefined))?.['doneBytes']
      if (answer.statusCode === 202) return { kind: 'pending', doneBytes: Number(doneBytes ?? 0) }
      return typeof doneBytes === 'number' ? { kind: 'busy', doneBytes } : { kind: 'busy' }
    }
    answer.resume()
    return { kind: 'gone' }
  }

  /** A new certificate counts from the next connection on; those that are open go on to their end. */
  renew(): void {
    this.#agent = newAgent()
  }

  close(): void {
    this.#agent.destroy()
  }

  #proofs({ name: giver }: PeerNode, shown: readonly ShownLogin[]): readonly string[] {
    return shown.map(({ hash }) => proofOf(hash, { giver, asker: this.#options.self }))
  }

  async #question(peer: PeerNode, path: string, { document, signal }: { readonly document: object; readonly signal: AbortSignal }): Promise<JsonObject | undefined> {
    if (this.isAway(peer)) return undefined
    try {
      const answer = await this.#send(peer, { method: 'POST', path, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document), signal, limitMs: this.#options.times.answerMs })
      const said = await readAnswer(answer)
      if (answer.statusCode !== 200) return undefined
      if (!this.isAway(peer)) this.#away.delete(peer.name)
      return said
    } catch {
      signal.throwIfAborted()
      this.putAway(peer)
      return undefined
    }
  }

  /** @param isAgain over a new connection. */
  #send(peer: PeerNode, asked: Sent, isAgain = false): Promise<IncomingMessage> {
    const { method, path, headers, body, signal, limitMs } = asked
    const { identify, clock } = this.#options
    const expected = `system:node:${peer.name}`
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => reject(signal.aborted ? (signal.reason as Error) : new Fault('unavailable', `node ${peer.name} does not answer for images: ${messageOf(error)}`, { cause: error }))
      const sent: ClientRequest = request({
        host: peer.host,
        port: peer.port,
        method,
        path,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }) },
        agent: this.#agent,
        ...identify(),
        minVersion: 'TLSv1.3',
        servername: SERVER_NAME,
        checkServerIdentity: (_name: string, { subject }: PeerCertificate) => (subject?.CN === expected ? undefined : new Error(`${peer.host}:${peer.port} shows the certificate of ${String(subject?.CN)}, not of ${expected}`)),
        signal,
      })
      const cancel = clock.after(limitMs, () => sent.destroy(new Error(`no answer within ${limitMs / 1000} s`)))
      sent.once('response', (answer) => {
        cancel()
        // Somebody may never read it: its failing is then nobody's concern.
        answer.on('error', () => {})
        resolve(answer)
      })
      sent.on('error', (error: NodeJS.ErrnoException) => {
        cancel()
        // The other side may close a connection in the moment it is used again: nobody is away for that.
        if (sent.reusedSocket && !isAgain && !signal.aborted && (error.code === 'ECONNRESET' || error.code === 'EPIPE')) resolve(this.#send(peer, asked, true))
        else failed(error)
      })
      sent.end(body)
    })
  }

  async *#body(peer: PeerNode, answer: IncomingMessage, { silence, signal }: { readonly silence: Silence; readonly signal: AbortSignal }): AsyncGenerator<Buffer> {
    silence.begin(() => answer.destroy(new Error('no bytes for too long')))
    try {
      for await (const chunk of answer as Readable as AsyncIterable<Buffer>) {
        // Who reads slowly must not take the other side for silent.
        silence.pause()
        yield chunk
        silence.heard()
      }
    } catch (error) {
      signal.throwIfAborted()
      throw new Fault('unavailable', `node ${peer.name} ended in the middle: ${messageOf(error)}`, { cause: error })
    } finally {
      silence.end()
      if (!answer.readableEnded) answer.destroy()
    }
  }
}

export interface Asked {
  readonly digest: Digest
  readonly shown: readonly ShownLogin[]
  readonly signal: AbortSignal
}

interface Sent {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
  readonly signal: AbortSignal
  readonly limitMs: number
}

/** Calls when nothing was heard for too long, unless nobody listens. */
class Silence {
  readonly #clock: Clock
  readonly #ms: number
  #sinceMs: number | undefined
  #cancel = (): void => {}

  constructor(clock: Clock, ms: number) {
    this.#clock = clock
    this.#ms = ms
  }

  begin(onSilent: () => void): void {
    this.heard()
    const look = (): void => {
      const leftMs = this.#sinceMs === undefined ? this.#ms : this.#sinceMs + this.#ms - this.#clock.monotonicMs()
      if (leftMs <= 0) onSilent()
      else this.#cancel = this.#clock.after(leftMs, look)
    }
    look()
  }

  heard(): void {
    this.#sinceMs = this.#clock.monotonicMs()
  }

  pause(): void {
    this.#sinceMs = undefined
  }

  end(): void {
    this.#cancel()
  }
}

/** Sessions are not resumed: each connection shows who it is. */
const newAgent = (): Agent => new Agent({ keepAlive: true, timeout: 30_000, maxFreeSockets: 64, maxCachedSessions: 0 })

async function readAnswer(answer: IncomingMessage): Promise<JsonObject | undefined> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of answer as Readable as AsyncIterable<Buffer>) {
    size += part.length
    if (size > MOST_ANSWER_BYTES) throw new Fault('invalid', 'the answer is far too long')
    parts.push(part)
  }
  const document = JSON.parse(Buffer.concat(parts).toString()) as unknown
  return isJsonObject(document) ? document : undefined
}

const textsOf = (given: unknown): readonly string[] => (Array.isArray(given) ? given.filter((one): one is string => typeof one === 'string') : [])
