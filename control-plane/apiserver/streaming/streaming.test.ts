import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { describe, expect, test } from 'vitest'
import WebSocket from 'ws'
import { fakeServer, type FakeServer } from '../http/fake.ts'
import { byteQueue } from './byte-queue.ts'
import { errorChannelText, negotiate } from './protocols.ts'
import { parseResizes } from './resize.ts'
import { parsePorts } from './websocket-ports.ts'

describe('pieces', () => {
  test('a queue makes its producer wait and its consumer end', async () => {
    const queue = byteQueue(4)
    queue.push(Buffer.from('abcdef'))
    let roomy = false
    const room = queue.room().then(() => (roomy = true))
    await Promise.resolve()
    expect(roomy).toBe(false)
    const read: string[] = []
    const reading = (async () => {
      for await (const chunk of queue) read.push(chunk.toString())
    })()
    await room
    queue.end()
    queue.push(Buffer.from('late'))
    await reading
    expect(read).toEqual(['abcdef'])
  })

  test('sizes are read however they are cut, nonsense is passed over', async () => {
    const chunks = (async function* () {
      for (const text of ['{"Width":8', '0,"Height":24}\n{"Width":1}', '{"Width":-1,"Height":2}{"Width":100,"Height":30}']) yield Buffer.from(text)
    })()
    const sizes = []
    for await (const size of parseResizes(chunks)) sizes.push(size)
    expect(sizes).toEqual([
      { width: 80, height: 24 },
      { width: 100, height: 30 },
    ])
  })

  test('the client chooses the protocol', () => {
    expect(negotiate(['v4.channel.k8s.io', 'channel.k8s.io'], ['channel.k8s.io', 'v4.channel.k8s.io'])).toBe('v4.channel.k8s.io')
    expect(negotiate([], ['a'])).toBe('')
    expect(negotiate(['b'], ['a'])).toBeUndefined()
  })

  test('before v4 a failure is a sentence', () => {
    const failed = Buffer.from('{"status":"Failure","message":"exit status 3"}')
    expect(errorChannelText('v4.channel.k8s.io', failed)).toBe(failed)
    expect(errorChannelText('channel.k8s.io', failed).toString()).toBe('exit status 3')
    expect(errorChannelText('channel.k8s.io', Buffer.from('{"status":"Success"}')).length).toBe(0)
  })

  test('ports come one by one or in one', () => {
    expect(parsePorts(new URLSearchParams('ports=80,443&ports=8080'))).toEqual([80, 443, 8080])
    expect(parsePorts(new URLSearchParams('ports=x'))).toBeUndefined()
    expect(parsePorts(new URLSearchParams(''))).toBeUndefined()
  })
})

interface Conversation {
  readonly messages: Buffer[]
  readonly texts: string[]
  readonly socket: WebSocket
  readonly closed: Promise<number>
}

async function open(server: FakeServer, path: string, protocols: string[]): Promise<Conversation> {
  const socket = new WebSocket(`${server.url}${path}`, protocols, { ca: server.authority.certificatePem, cert: server.admin.certificatePem, key: server.admin.privateKeyPem })
  const messages: Buffer[] = []
  const texts: string[] = []
  socket.on('message', (data: Buffer, isBinary: boolean) => (isBinary ? messages.push(data) : texts.push(data.toString())))
  const closed = new Promise<number>((resolve) => socket.on('close', resolve))
  await new Promise<void>((resolve, reject) => {
    socket.on('open', () => resolve())
    socket.on('error', reject)
  })
  return { messages, texts, socket, closed }
}

const POD = '/api/v1/namespaces/default/pods/p'
const onChannel = (messages: readonly Buffer[], channel: number): string => Buffer.concat(messages.filter((message) => message[0] === channel).map((message) => message.subarray(1))).toString()

describe('over WebSocket', () => {
  test('v5: input, its close, output, success', async () => {
    await using server = await fakeServer()
    const { messages, socket, closed } = await open(server, `${POD}/exec?command=cat&stdin=true&stdout=true`, ['v5.channel.k8s.io', 'v4.channel.k8s.io'])
    expect(socket.protocol).toBe('v5.channel.k8s.io')
    socket.send(Buffer.concat([Buffer.of(0), Buffer.from('hello')]))
    socket.send(Buffer.of(255, 0))
    expect(await closed).toBe(1000)
    expect(messages[0]).toEqual(Buffer.of(1))
    expect(onChannel(messages, 1)).toBe('hello')
    expect(JSON.parse(onChannel(messages, 3))).toEqual({ metadata: {}, status: 'Success' })
    expect(server.node.openStreams).toBe(0)
  })

  test('base64 for clients that have text alone', async () => {
    await using server = await fakeServer()
    const { texts, closed } = await open(server, `${POD}/exec?command=both&stdout=true&stderr=true`, ['base64.channel.k8s.io'])
    await closed
    expect(texts).toEqual(['1', `1${Buffer.from('out\n').toString('base64')}`, `2${Buffer.from('err\n').toString('base64')}`])
  })

  test('a size for the terminal', async () => {
    await using server = await fakeServer()
    const { messages, socket, closed } = await open(server, `${POD}/exec?command=size&stdout=true&tty=true&stdin=true`, ['v4.channel.k8s.io'])
    socket.send(Buffer.concat([Buffer.of(4), Buffer.from('{"Width":100,"Height":40}')]))
    await closed
    expect(onChannel(messages, 1)).toBe('100x40\n')
  })

  test('no protocol that fits is a plain refusal', async () => {
    await using server = await fakeServer()
    await expect(open(server, `${POD}/exec?command=cat`, ['v9.channel.k8s.io'])).rejects.toThrow('400')
  })

  test('ports by channels: announced, joined, and an error in its own channel', async () => {
    await using server = await fakeServer()
    const { messages, socket, closed } = await open(server, `${POD}/portforward?ports=80&ports=81`, ['v4.channel.k8s.io'])
    socket.send(Buffer.concat([Buffer.of(0), Buffer.from('ping')]))
    await expect.poll(() => onChannel(messages, 0)).toBe('P\0ping')
    await expect.poll(() => onChannel(messages, 3)).toBe('Q\0failed to connect to port 81: connection refused')
    socket.close()
    await closed
    await expect.poll(() => server.node.openStreams).toBe(0)
  })

  test('a client that vanishes frees the stream; the server going down ends it', async () => {
    const server = await fakeServer()
    const gone = await open(server, `${POD}/exec?command=hang&stdout=true`, ['v5.channel.k8s.io'])
    expect(server.node.openStreams).toBe(1)
    gone.socket.terminate()
    await expect.poll(() => server.node.openStreams).toBe(0)
    const held = await open(server, `${POD}/exec?command=hang&stdout=true`, ['v5.channel.k8s.io'])
    await server.door.close()
    await held.closed
    expect(server.node.openStreams).toBe(0)
  })
})

describe('over SPDY', () => {
  async function upgrade(server: FakeServer, path: string, headers: readonly string[]): Promise<{ readonly socket: TLSSocket; readonly head: string }> {
    const socket = connect({ port: server.door.address.port, host: '127.0.0.1', ca: server.authority.certificatePem, cert: server.admin.certificatePem, key: server.admin.privateKeyPem })
    socket.on('error', () => {})
    socket.write([`POST ${path} HTTP/1.1`, 'Host: x', 'Connection: Upgrade', 'Upgrade: SPDY/3.1', 'Content-Length: 0', ...headers, '', ''].join('\r\n'))
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    return { socket, head: chunk.toString() }
  }

  test('protocols that do not fit are refused with a list', async () => {
    await using server = await fakeServer()
    const { head, socket } = await upgrade(server, `${POD}/exec?command=cat`, ['X-Stream-Protocol-Version: v9.channel.k8s.io'])
    expect(head).toMatch(/^HTTP\/1\.1 403 Forbidden/)
    expect(head).toContain('x-accepted-stream-protocol-versions: v4.channel.k8s.io, v3.channel.k8s.io, v2.channel.k8s.io, channel.k8s.io')
    socket.destroy()
  })

  test('a client that goes before it opened its streams leaves nothing', async () => {
    await using server = await fakeServer()
    const { head, socket } = await upgrade(server, `${POD}/exec?command=hang&stdout=true`, ['X-Stream-Protocol-Version: v4.channel.k8s.io'])
    expect(head).toMatch(/^HTTP\/1\.1 101 /)
    expect(head).toContain('X-Stream-Protocol-Version: v4.channel.k8s.io')
    expect(server.node.openStreams).toBe(1)
    socket.destroy()
    await expect.poll(() => server.node.openStreams).toBe(0)
  })

  test('one that speaks nonsense is cut', async () => {
    await using server = await fakeServer()
    const { socket } = await upgrade(server, `${POD}/exec?command=hang&stdout=true`, ['X-Stream-Protocol-Version: v4.channel.k8s.io'])
    socket.write('GET / HTTP/1.1\r\n\r\n'.repeat(10_000))
    socket.resume()
    socket.write(Buffer.alloc(64, 0xff))
    await new Promise((resolve) => socket.once('close', resolve))
    await expect.poll(() => server.node.openStreams).toBe(0)
  })

  test('an upgrade to something else is asked for properly', async () => {
    await using server = await fakeServer()
    const socket = connect({ port: server.door.address.port, host: '127.0.0.1', ca: server.authority.certificatePem, cert: server.admin.certificatePem, key: server.admin.privateKeyPem })
    socket.write(`GET ${POD} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`)
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    expect(chunk.toString()).toMatch(/^HTTP\/1\.1 200 OK/)
    socket.destroy()
  })
})
