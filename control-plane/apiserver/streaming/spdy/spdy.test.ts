import { Duplex } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { systemClock, type Clock } from '../../../../shared/kit/clock.ts'
import { SPDY_DICTIONARY } from './dictionary.ts'
import { dataHead, pingFrame, readFrames, rstStreamFrame, synStreamFrame, windowUpdateFrame, type Frame } from './frames.ts'
import { headerCodec, type SpdyHeaders } from './headers.ts'
import { SpdySession } from './session.ts'
import type { SpdyStream } from './stream.ts'

/** Two ends of a connection in memory. */
function duplexPair(): readonly [Duplex, Duplex] {
  const ends: Duplex[] = []
  const end = (other: number): Duplex =>
    new Duplex({
      read() {},
      write(chunk: Buffer, _encoding, done) {
        setImmediate(() => {
          ends[other]?.push(chunk)
          done()
        })
      },
      final(done) {
        setImmediate(() => {
          ends[other]?.push(null)
          done()
        })
      },
    })
  const [near, far] = [end(1), end(0)]
  ends.push(near, far)
  return [near, far]
}

/** A client that writes frames by hand. */
function connect(clock: Clock = systemClock) {
  const [near, far] = duplexPair()
  const streams: SpdyStream[] = []
  const opened: Array<(stream: SpdyStream) => void> = []
  const session = new SpdySession({
    connection: far,
    clock,
    onStream(stream) {
      streams.push(stream)
      opened.shift()?.(stream)
    },
  })
  const running = session.run().catch((error: unknown) => error)
  const codec = headerCodec()
  const frames = readFrames(near as AsyncIterable<Buffer>)
  return {
    near,
    far,
    session,
    running,
    streams,
    async next(): Promise<Frame> {
      const result = await frames.next()
      if (result.done) throw new Error('the connection has ended')
      return result.value
    },
    /** The next frame of that kind; others are passed over. */
    async nextOf<K extends Frame['kind']>(kind: K): Promise<Extract<Frame, { kind: K }>> {
      for (let result = await frames.next(); !result.done; result = await frames.next()) if (result.value.kind === kind) return result.value as Extract<Frame, { kind: K }>
      throw new Error(`no ${kind} came`)
    },
    async open(streamId: number, headers: SpdyHeaders, fin = false): Promise<SpdyStream> {
      const stream = new Promise<SpdyStream>((resolve) => opened.push(resolve))
      near.write(synStreamFrame(streamId, await codec.write(headers), fin))
      return stream
    },
    send: (streamId: number, text: string, fin = false) => near.write(Buffer.concat([dataHead(streamId, Buffer.byteLength(text), fin), Buffer.from(text)])),
  }
}

const textOf = async (chunks: AsyncIterable<Buffer>): Promise<string> => {
  const parts: Buffer[] = []
  for await (const chunk of chunks) parts.push(chunk)
  return Buffer.concat(parts).toString()
}

describe('header blocks', () => {
  test('the dictionary is the one of the standard', () => {
    let [a, b] = [1, 0]
    for (const byte of SPDY_DICTIONARY) {
      a = (a + byte) % 65_521
      b = (b + a) % 65_521
    }
    expect(((b * 65_536 + a) >>> 0).toString(16)).toBe('e3c6a7c2')
  })

  test('blocks share one context, in their order', async () => {
    const [out, back] = [headerCodec(), headerCodec()]
    const blocks = [await out.write({ streamType: 'error', port: '80' }), await out.write({ streamType: 'data', port: '80' }), await out.write({})]
    expect(blocks[1]?.length).toBeLessThan(blocks[0]?.length ?? 0)
    expect(await back.read(blocks[0] ?? Buffer.alloc(0))).toEqual({ streamtype: 'error', port: '80' })
    expect(await back.read(blocks[1] ?? Buffer.alloc(0))).toEqual({ streamtype: 'data', port: '80' })
    expect(await back.read(blocks[2] ?? Buffer.alloc(0))).toEqual({})
  })

  test('nonsense, and a bomb, are refused', async () => {
    await expect(headerCodec().read(Buffer.from('nonsense'))).rejects.toMatchObject({ code: 'corrupt' })
    const bomb = await headerCodec().write({ a: 'x'.repeat(3_000_000) })
    expect(bomb.length).toBeLessThan(10_000)
    await expect(headerCodec().read(bomb)).rejects.toMatchObject({ code: 'corrupt' })
  })
})

describe('frames', () => {
  test('are read however the bytes are cut', async () => {
    const bytes = Buffer.concat([pingFrame(7), dataHead(5, 3, true), Buffer.from('abc'), rstStreamFrame(5, 3), windowUpdateFrame(5, 99)])
    for (const size of [1, 2, 7, bytes.length]) {
      const pieces = (async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
      })()
      const read: Frame[] = []
      for await (const frame of readFrames(pieces)) read.push(frame)
      const data = read.filter((frame) => frame.kind === 'data')
      read.splice(1, data.length, { kind: 'data', streamId: 5, fin: data.at(-1)?.fin ?? false, data: Buffer.concat(data.map((frame) => frame.data)) })
      expect(read).toEqual([
        { kind: 'ping', id: 7 },
        { kind: 'data', streamId: 5, fin: true, data: Buffer.from('abc') },
        { kind: 'rst-stream', streamId: 5, status: 3 },
        { kind: 'window-update', streamId: 5, deltaBytes: 99 },
      ])
    }
  })

  test('another version, and a control frame without end, are refused', async () => {
    const read = async (bytes: Buffer): Promise<void> => {
      for await (const frame of readFrames((async function* () { yield bytes })())) void frame
    }
    await expect(read(Buffer.from([0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 1]))).rejects.toMatchObject({ code: 'corrupt' })
    await expect(read(Buffer.from([0x80, 3, 0, 1, 0, 0xff, 0xff, 0xff]))).rejects.toMatchObject({ code: 'corrupt' })
    await expect(read(Buffer.from([0x80, 3, 0, 6, 0, 0, 0, 1, 0]))).rejects.toMatchObject({ code: 'corrupt' })
  })
})

describe('a session', () => {
  test('replies, carries bytes both ways and half-closes', async () => {
    const client = connect()
    const stream = await client.open(1, { streamType: 'data' })
    expect(stream.headers).toEqual({ streamtype: 'data' })
    expect((await client.next()).kind).toBe('syn-reply')
    client.send(1, 'hello ')
    client.send(1, 'there', true)
    expect(await textOf(stream.incoming)).toBe('hello there')
    await stream.write(Buffer.from('back'))
    await stream.end()
    expect((await client.nextOf('data')).data.toString()).toBe('back')
    expect(await client.nextOf('data')).toMatchObject({ fin: true })
    client.near.destroy()
    client.far.destroy()
    await client.running
  })

  test('answers pings, and only theirs', async () => {
    const client = connect()
    client.near.write(Buffer.concat([pingFrame(2), pingFrame(3)]))
    expect(await client.next()).toEqual({ kind: 'ping', id: 3 })
    client.far.destroy()
  })

  test('refuses a stream id that went by', async () => {
    const client = connect()
    await client.open(3, {})
    void client.open(1, {})
    expect(await client.nextOf('rst-stream')).toEqual({ kind: 'rst-stream', streamId: 1, status: 1 })
    client.far.destroy()
  })

  test('sends freely until the peer grants, then no more than granted', async () => {
    const client = connect()
    const stream = await client.open(1, {})
    await stream.write(Buffer.alloc(64 * 1024))
    client.near.write(Buffer.concat([windowUpdateFrame(1, 10), windowUpdateFrame(0, 15), pingFrame(1)]))
    await client.nextOf('ping')
    await stream.write(Buffer.alloc(10))
    let done = false
    const blocked = stream.write(Buffer.alloc(10)).then(() => (done = true))
    // What was granted is used up: five bytes of these at the most come before the answer to a ping.
    client.near.write(pingFrame(3))
    await client.nextOf('ping')
    expect(done).toBe(false)
    client.near.write(Buffer.concat([windowUpdateFrame(0, 1000), windowUpdateFrame(1, 1000)]))
    await blocked
    client.far.destroy()
  })

  test('grants what was read, so that a strict peer may go on', async () => {
    const client = connect()
    const stream = await client.open(1, {})
    client.send(1, 'x'.repeat(40_000), true)
    await textOf(stream.incoming)
    expect(await client.nextOf('window-update')).toEqual({ kind: 'window-update', streamId: 1, deltaBytes: 40_000 })
    expect(await client.nextOf('window-update')).toEqual({ kind: 'window-update', streamId: 0, deltaBytes: 40_000 })
    client.far.destroy()
  })

  test('reads no further while nobody takes what came', async () => {
    const client = connect()
    const stream = await client.open(1, {})
    for (let i = 0; i < 64; i++) client.send(1, 'x'.repeat(32_768))
    client.near.write(pingFrame(1))
    const pong = client.nextOf('ping')
    const early = await Promise.race([pong.then(() => 'answered'), new Promise((resolve) => setTimeout(() => resolve('waiting'), 50))])
    expect(early).toBe('waiting')
    stream.ignoreIncoming()
    await pong
    client.far.destroy()
  })

  test('a reset ends the stream, a lost connection all of them', async () => {
    const client = connect()
    const [one, two] = [await client.open(1, {}), await client.open(3, {})]
    client.near.write(rstStreamFrame(1, 5))
    expect(await textOf(one.incoming)).toBe('')
    client.near.end()
    expect(await textOf(two.incoming)).toBe('')
    await client.running
    await one.write(Buffer.from('nobody reads this'))
    await two.end()
  })

  test('a peer that answers no ping is dropped', async () => {
    let fire = (): void => {}
    const clock: Clock = { ...systemClock, after: (_, run) => ((fire = run), () => {}) }
    const client = connect(clock)
    client.near.resume()
    for (let i = 0; i < 4; i++) fire()
    await client.running
    expect(client.far.destroyed).toBe(true)
  })
})

test('a write is cut to what the peer has granted', async () => {
  const client = connect()
  const stream = await client.open(1, {})
  client.near.write(Buffer.concat([windowUpdateFrame(1, 6), pingFrame(1)]))
  await client.nextOf('ping')
  void stream.write(Buffer.alloc(70_000))
  const lengths: number[] = []
  while (lengths.reduce((sum, length) => sum + length, 0) < 65_536) lengths.push((await client.nextOf('data')).data.length)
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(65_536)
  client.near.write(Buffer.concat([windowUpdateFrame(0, 3), pingFrame(3)]))
  expect((await client.nextOf('data')).data.length).toBe(3)
  client.far.destroy()
})
