/** Reads an HTTP/1.1 answer from bytes as they come, however they are cut. */

export interface Head {
  readonly status: number
  /** By names in lower case; what came several times is a list. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>
}

export interface ResponseEvents {
  head(head: Head): void
  chunk(bytes: Buffer): void
  /** @param keep whether the connection can be used again */
  end(keep: boolean): void
}

type State = 'head' | 'length' | 'chunk-size' | 'chunk-data' | 'chunk-end' | 'trailer' | 'until-close' | 'done'

const LINE_END = Buffer.from('\r\n')
const HEAD_END = Buffer.from('\r\n\r\n')
const MOST_HEAD_BYTES = 1 << 20
const EMPTY = Buffer.alloc(0)

/** Not an HTTP answer. */
export class MalformedAnswer extends Error {}

export class ResponseReader {
  readonly #events: ResponseEvents
  #state: State = 'head'
  #held: Buffer = EMPTY
  /** Bytes that are left of the body, or of the chunk. */
  #left = 0
  #keep = true

  constructor(events: ResponseEvents) {
    this.#events = events
  }

  /** @throws MalformedAnswer */
  feed(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes])
    while (this.#step());
  }

  /** The other side said all it has to say. Answers whether that was an end. */
  close(): boolean {
    if (this.#state === 'until-close') this.#finish(false)
    return this.#state === 'done'
  }

  /** Answers whether there may be more to do with what is held. */
  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#readHead()
      case 'length':
      case 'chunk-data':
        return this.#readBytes()
      case 'chunk-size':
        return this.#readChunkSize()
      case 'chunk-end':
        return this.#readLine() !== undefined && this.#enter('chunk-size')
      case 'trailer':
        return this.#readTrailer()
      case 'until-close':
        this.#emit(this.#held)
        this.#held = EMPTY
        return false
      case 'done':
        return false
    }
  }

  #enter(state: State): true {
    this.#state = state
    return true
  }

  #emit(bytes: Buffer): void {
    if (bytes.length > 0) this.#events.chunk(bytes)
  }

  #finish(keep: boolean): void {
    this.#state = 'done'
    // What comes after an answer that nobody asked for makes the connection useless.
    this.#events.end(keep && this.#held.length === 0)
  }

  #take(count: number): Buffer {
    const taken = this.#held.subarray(0, count)
    this.#held = this.#held.subarray(count)
    return taken
  }

  #readLine(): string | undefined {
    const at = this.#held.indexOf(LINE_END)
    if (at < 0) {
      if (this.#held.length > MOST_HEAD_BYTES) throw new MalformedAnswer('a line does not end')
      return undefined
    }
    const line = this.#take(at).toString('latin1')
    this.#take(LINE_END.length)
    return line
  }

  #readHead(): boolean {
    const at = this.#held.indexOf(HEAD_END)
    if (at < 0) {
      if (this.#held.length > MOST_HEAD_BYTES) throw new MalformedAnswer('the head does not end')
      return false
    }
    const head = parseHead(this.#take(at).toString('latin1'))
    this.#take(HEAD_END.length)
    // An interim answer: the real one follows.
    if (head.status >= 100 && head.status < 200) return true
    this.#keep = !/\bclose\b/i.test(text(head.headers['connection']))
    this.#events.head(head)
    return this.#beginBody(head)
  }

  #beginBody({ status, headers }: Head): boolean {
    const length = headers['content-length']
    if (status === 204 || status === 304) this.#finish(this.#keep)
    else if (/\bchunked\b/i.test(text(headers['transfer-encoding']))) return this.#enter('chunk-size')
    else if (length === undefined) return this.#enter('until-close')
    else {
      this.#left = Number(text(length))
      if (!Number.isSafeInteger(this.#left) || this.#left < 0) throw new MalformedAnswer(`"${text(length)}" is no length`)
      if (this.#left > 0) return this.#enter('length')
      this.#finish(this.#keep)
    }
    return false
  }

  #readBytes(): boolean {
    if (this.#held.length === 0) return false
    const bytes = this.#take(Math.min(this.#left, this.#held.length))
    this.#left -= bytes.length
    this.#emit(bytes)
    if (this.#left > 0) return false
    if (this.#state === 'chunk-data') return this.#enter('chunk-end')
    this.#finish(this.#keep)
    return false
  }

  #readChunkSize(): boolean {
    const line = this.#readLine()
    if (line === undefined) return false
    const [, digits] = /^([0-9a-f]+)\s*(?:;.*)?$/i.exec(line) ?? []
    if (digits === undefined) throw new MalformedAnswer(`"${line.slice(0, 40)}" is no chunk's size`)
    this.#left = Number.parseInt(digits, 16)
    return this.#enter(this.#left === 0 ? 'trailer' : 'chunk-data')
  }

  #readTrailer(): boolean {
    const line = this.#readLine()
    if (line === undefined) return false
    if (line !== '') return true
    this.#finish(this.#keep)
    return false
  }
}

const text = (header: string | readonly string[] | undefined): string => (header === undefined ? '' : typeof header === 'string' ? header : header.join(', '))

function parseHead(lines: string): Head {
  const [first = '', ...rest] = lines.split('\r\n')
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first) ?? []
  if (status === undefined) throw new MalformedAnswer(`it does not speak HTTP (it said ${JSON.stringify(first.slice(0, 40))})`)
  const headers: Record<string, string | readonly string[]> = {}
  for (const line of rest) {
    const at = line.indexOf(':')
    const name = line.slice(0, at).toLowerCase()
    const value = line.slice(at + 1).trim()
    const before = headers[name]
    headers[name] = before === undefined ? value : [before, value].flat()
  }
  return { status: Number(status), headers }
}
