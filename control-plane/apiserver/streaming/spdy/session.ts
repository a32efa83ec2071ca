/** A SPDY/3.1 session over any duplex connection: an upgraded TLS socket, or the messages of a WebSocket. */
import type { Duplex } from 'node:stream'
import type { Clock } from '../../../../shared/kit/clock.ts'
import { Fault } from '../../../../shared/kit/faults.ts'
import { RST_STATUS, dataHead, goawayFrame, pingFrame, readFrames, rstStreamFrame, synReplyFrame, windowUpdateFrame, type Frame } from './frames.ts'
import { headerCodec, type HeaderCodec } from './headers.ts'
import { SpdyStream, type StreamWire } from './stream.ts'
import { DEFAULT_WINDOW_BYTES, sendWindow } from './window.ts'

export interface SpdySessionOptions {
  readonly connection: Duplex
  readonly clock: Clock
  /** Called once for each stream that the peer opens; the reply has been sent. */
  onStream(stream: SpdyStream): void
}

/** A peer that says nothing for so long, not even to a ping, is gone. */
const PING_EVERY_MS = 20_000
const SILENT_PINGS = 3
/** How long the peer may take over what was sent to it before our goodbye, and to close: one on a busy host is not cut off from the end of it. */
const LINGER_MS = 20_000
const MAX_STREAMS = 1024

export class SpdySession {
  readonly #connection: Duplex
  readonly #clock: Clock
  readonly #onStream: (stream: SpdyStream) => void
  readonly #codec: HeaderCodec = headerCodec()
  readonly #streams = new Map<number, SpdyStream>()
  readonly #window = sendWindow(() => this.#peerGrants)
  readonly #wire: StreamWire
  #peerGrants = false
  #consumedBytes = 0
  #lastStreamId = 0
  #unansweredPings = 0
  #nextPingId = 2
  #closing = false

  constructor(options: SpdySessionOptions) {
    this.#connection = options.connection
    this.#clock = options.clock
    this.#onStream = options.onStream
    this.#wire = {
      sendData: (streamId, chunk, fin) => this.#sendData(streamId, chunk, fin),
      sendReset: (streamId, status) => this.#send(rstStreamFrame(streamId, status)),
      grant: (streamId, bytes) => this.#grant(streamId, bytes),
      isWindowBinding: () => this.#peerGrants,
      forget: (streamId) => void this.#streams.delete(streamId),
    }
  }

  /** Reads until the connection ends. Rejects when it breaks or the peer speaks no SPDY. */
  async run(): Promise<void> {
    const stopPings = this.#keepAlive()
    try {
      for await (const frame of readFrames(this.#connection as AsyncIterable<Buffer>)) {
        this.#unansweredPings = 0
        await this.#receive(frame)
      }
    } finally {
      stopPings()
      for (const stream of this.#streams.values()) stream.broken()
      this.#window.close()
      this.#codec.close()
      this.#connection.destroy()
    }
  }

  /** Says goodbye after all that was sent, and gives the peer a moment to close. */
  close(): void {
    if (this.#closing) return
    this.#closing = true
    this.#send(goawayFrame(this.#lastStreamId))
    this.#connection.end()
    for (const stream of this.#streams.values()) stream.ignoreIncoming()
    const cancel = this.#clock.after(LINGER_MS, () => this.#connection.destroy())
    this.#connection.once('close', cancel)
  }

  async #receive(frame: Frame): Promise<void> {
    switch (frame.kind) {
      case 'data':
        return this.#receiveData(frame)
      case 'syn-stream':
        return this.#open(frame)
      case 'syn-reply':
      case 'headers':
        // Unpacked although nobody needs it: the next block builds on this one.
        await this.#codec.read(frame.block)
        return this.#streams.get(frame.streamId)?.receive(Buffer.alloc(0), frame.fin)
      case 'rst-stream':
        return this.#streams.get(frame.streamId)?.broken()
      case 'ping':
        // Ours are even, and come back; theirs are sent back.
        if (frame.id % 2 === 1) this.#send(pingFrame(frame.id))
        return
      case 'settings':
        if (frame.initialWindowBytes !== undefined) this.#peerGrants = true
        return
      case 'window-update':
        this.#peerGrants = true
        if (frame.streamId === 0) this.#window.grant(frame.deltaBytes)
        else this.#streams.get(frame.streamId)?.window.grant(frame.deltaBytes)
        return
      case 'goaway':
      case 'other':
        return
    }
  }

  async #open(frame: Extract<Frame, { kind: 'syn-stream' }>): Promise<void> {
    const headers = await this.#codec.read(frame.block)
    if (this.#closing) return
    if (frame.streamId <= this.#lastStreamId || frame.streamId % 2 === 0) return this.#send(rstStreamFrame(frame.streamId, RST_STATUS.protocolError))
    this.#lastStreamId = frame.streamId
    if (this.#streams.size >= MAX_STREAMS) return this.#send(rstStreamFrame(frame.streamId, RST_STATUS.refusedStream))
    const stream = new SpdyStream(frame.streamId, headers, this.#wire)
    this.#streams.set(frame.streamId, stream)
    this.#send(synReplyFrame(frame.streamId, await this.#codec.write({})))
    if (frame.fin) await stream.receive(Buffer.alloc(0), true)
    this.#onStream(stream)
  }

  async #receiveData(frame: Extract<Frame, { kind: 'data' }>): Promise<void> {
    const stream = this.#streams.get(frame.streamId)
    if (frame.streamId > this.#lastStreamId) throw new Fault('corrupt', `data on the SPDY stream ${frame.streamId}, which was never opened`)
    if (!stream) return this.#grantSession(frame.data.length)
    await stream.receive(frame.data, frame.fin)
  }

  async #sendData(streamId: number, chunk: Buffer, fin: boolean): Promise<void> {
    if (chunk.length === 0) return this.#sendPiece(streamId, chunk, fin)
    for (let at = 0; at < chunk.length; ) {
      const length = await this.#window.take(chunk.length - at)
      await this.#sendPiece(streamId, chunk.subarray(at, at + length), fin && at + length === chunk.length)
      at += length
    }
  }

  async #sendPiece(streamId: number, piece: Buffer, fin: boolean): Promise<void> {
    if (!this.#connection.writable) return
    this.#connection.cork()
    this.#connection.write(dataHead(streamId, piece.length, fin))
    const hasRoom = piece.length === 0 || this.#connection.write(piece)
    this.#connection.uncork()
    if (!hasRoom) await writableAgain(this.#connection)
  }

  #send(frame: Buffer): void {
    if (this.#connection.writable) this.#connection.write(frame)
  }

  #grant(streamId: number, bytes: number): void {
    this.#send(windowUpdateFrame(streamId, bytes))
    this.#grantSession(bytes)
  }

  #grantSession(bytes: number): void {
    this.#consumedBytes += bytes
    if (this.#consumedBytes < DEFAULT_WINDOW_BYTES / 2) return
    this.#send(windowUpdateFrame(0, this.#consumedBytes))
    this.#consumedBytes = 0
  }

  #keepAlive(): () => void {
    let cancel = (): void => {}
    const ping = (): void => {
      if (this.#unansweredPings >= SILENT_PINGS) return void this.#connection.destroy()
      this.#unansweredPings++
      this.#send(pingFrame(this.#nextPingId))
      this.#nextPingId += 2
      cancel = this.#clock.after(PING_EVERY_MS, ping)
    }
    cancel = this.#clock.after(PING_EVERY_MS, ping)
    return () => cancel()
  }
}

function writableAgain(connection: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      connection.off('drain', done)
      connection.off('close', done)
      resolve()
    }
    connection.on('drain', done)
    connection.on('close', done)
    if (connection.destroyed || !connection.writableNeedDrain) done()
  })
}
