import { expect, test } from 'vitest'
import type { AgentMessage, ServerMessage } from '../../proto/gen/node/v1/session.ts'
import type { Address, Duplex, NodeConnection, TlsFiles } from '../../proto/rpc.ts'
import { channel, type Channel } from '../../shared/kit/channel.ts'
import { sleep } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import { createGrpcLink, type GrpcLink } from './grpc-link.ts'

/** A control plane as the link meets it. */
interface Server {
  isUp: boolean
  /** It takes everything in and says nothing: calls to it end by their time limits. */
  isSilent: boolean
  isLeading: boolean
  /** Whom it names as leader. */
  leader: string
  tokens: number
  readonly sessions: Array<Channel<ServerMessage>>
}

class Servers {
  readonly clock = new VirtualClock()
  readonly all = new Map<string, Server>()

  add(name: string, server: Partial<Server> = {}): Server {
    const made: Server = { isUp: true, isSilent: false, isLeading: false, leader: '', tokens: 0, sessions: [], ...server }
    this.all.set(`${name}:6444`, made)
    return made
  }

  link(...names: readonly string[]): GrpcLink {
    return createGrpcLink({ addresses: names.map((host) => ({ host, port: 6444 })), tls: { ca: '', cert: '', key: '' }, clock: this.clock, dial: (address) => this.#connection(address) })
  }

  #connection({ host, port }: Address): NodeConnection {
    const server = (): Server => {
      const found = this.all.get(`${host}:${port}`)
      if (!found?.isUp) throw new Fault('unavailable', `${host} does not answer`)
      return found
    }
    const silence = async (ms: number): Promise<void> => {
      if (!server().isSilent) return
      await sleep(this.clock, ms)
      throw new Fault('timeout', 'no answer')
    }
    const unused = (): never => {
      throw new Error('not in these tests')
    }
    return {
      findLeader: async (ms) => {
        await silence(ms)
        return { isLeading: server().isLeading, leader: server().leader }
      },
      requestToken: async () => {
        await silence(10_000)
        return { token: `of ${host} ${++server().tokens}`, expiresMs: 0 }
      },
      session: (signal) => this.#session(server(), signal),
      stream: unused,
      renew: unused,
      relay: unused,
      close: () => {},
    }
  }

  #session(server: Server, signal: AbortSignal): Duplex<AgentMessage, ServerMessage> {
    const down = channel<ServerMessage>()
    server.sessions.push(down)
    signal.addEventListener('abort', () => down.close(new Fault('cancelled', 'cancelled')))
    return { send: () => {}, drained: async () => {}, incoming: down, close: () => down.close() }
  }
}

/** As the agent's session does: opens one after the other. */
function live(servers: Servers, link: GrpcLink): { readonly opened: number[]; stop(): void } {
  const stop = new AbortController()
  const opened: number[] = []
  const work = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      try {
        const session = await link.openSession(stop.signal)
        opened.push(servers.clock.monotonicMs())
        for await (const _message of session.incoming);
      } catch {
        // It looks again.
      }
    }
  }
  void work()
  return { opened, stop: () => stop.abort(new Fault('cancelled', 'over')) }
}

test('the session is with the one that leads', async () => {
  const servers = new Servers()
  const [a, b] = [servers.add('a'), servers.add('b', { isLeading: true })]
  const life = live(servers, servers.link('a', 'b'))
  await servers.clock.advance(10)
  expect([a.sessions.length, b.sessions.length]).toEqual([0, 1])
  life.stop()
})

test('a new leader has the session within 150 ms of leading', async () => {
  const servers = new Servers()
  const [a, b] = [servers.add('a', { isLeading: true }), servers.add('b')]
  const life = live(servers, servers.link('a', 'b'))
  await servers.clock.advance(10_000)
  Object.assign(a, { isUp: false })
  a.sessions[0]?.close(new Fault('unavailable', 'it died'))
  await servers.clock.advance(1_234)
  b.isLeading = true
  const fromMs = servers.clock.monotonicMs()
  await servers.clock.advance(1_000)
  expect(b.sessions.length).toBe(1)
  expect((life.opened.at(-1) ?? Number.POSITIVE_INFINITY) - fromMs).toBeLessThanOrEqual(150)
  life.stop()
})

test('a new leader has the session as soon where the one before has vanished without a word', async () => {
  const servers = new Servers()
  const [a, b] = [servers.add('a', { isLeading: true }), servers.add('b')]
  const life = live(servers, servers.link('a', 'b'))
  await servers.clock.advance(10_000)
  a.isSilent = true
  a.sessions[0]?.close(new Fault('unavailable', 'it died'))
  await servers.clock.advance(1_234)
  b.isLeading = true
  const fromMs = servers.clock.monotonicMs()
  await servers.clock.advance(1_000)
  expect((life.opened.at(-1) ?? Number.POSITIVE_INFINITY) - fromMs).toBeLessThanOrEqual(150)
  expect(b.sessions.length).toBe(1)
  life.stop()
})

test('a leader that nobody told of is found through one that follows', async () => {
  const servers = new Servers()
  servers.add('a', { leader: 'c:6444' })
  const c = servers.add('c', { isLeading: true })
  const life = live(servers, servers.link('a'))
  await servers.clock.advance(200)
  expect(c.sessions.length).toBe(1)
  life.stop()
})

test('one that is deposed says where to go', async () => {
  const servers = new Servers()
  const [a, c] = [servers.add('a', { isLeading: true }), servers.add('c')]
  const life = live(servers, servers.link('a'))
  await servers.clock.advance(100)
  Object.assign(a, { isLeading: false })
  c.isLeading = true
  a.sessions[0]?.push({ message: { $case: 'redirected', value: { leader: 'c:6444' } } })
  a.sessions[0]?.close()
  await servers.clock.advance(10)
  expect(c.sessions.length).toBe(1)
  life.stop()
})

test('a session that has fallen silent is left when another leads, and not before', async () => {
  const servers = new Servers()
  const [a, b] = [servers.add('a', { isLeading: true }), servers.add('b')]
  const life = live(servers, servers.link('a', 'b'))
  await servers.clock.advance(5_000)
  expect([a.sessions.length, b.sessions.length]).toEqual([1, 0])
  // It is cut off: nothing comes any more, and it does not know.
  a.isUp = false
  await servers.clock.advance(5_000)
  expect([a.sessions.length, b.sessions.length]).toEqual([1, 0])
  b.isLeading = true
  await servers.clock.advance(6_000)
  expect(b.sessions.length).toBe(1)
  life.stop()
})

test('tokens come from any that answers, from the leader first', async () => {
  const servers = new Servers()
  const [a, b] = [servers.add('a', { isLeading: true }), servers.add('b')]
  const link = servers.link('a', 'b')
  const ask = (): Promise<unknown> => link.requestToken({ pod: undefined, serviceAccount: '', audiences: [], expirationSeconds: 1 })
  expect(await ask()).toMatchObject({ token: 'of a 1' })
  a.isUp = false
  expect(await ask()).toMatchObject({ token: 'of b 1' })
  b.isUp = false
  await expect(ask()).rejects.toMatchObject({ code: 'unavailable' })
})

test('tokens do not wait for a leader that has vanished without a word', async () => {
  const servers = new Servers()
  servers.add('a', { isSilent: true })
  servers.add('b')
  let token: unknown
  void servers.link('a', 'b').requestToken({ pod: undefined, serviceAccount: '', audiences: [], expirationSeconds: 1 }).then((answer) => (token = answer.token))
  await servers.clock.advance(1_000)
  expect(token).toBe('of b 1')
})

test('new certificates are shown from the next call on', async () => {
  const shown: TlsFiles[] = []
  const clock = new VirtualClock()
  const link = createGrpcLink({
    addresses: [{ host: 'a', port: 1 }],
    tls: { ca: '', cert: 'old', key: '' },
    clock,
    dial(_address, tls) {
      shown.push(tls)
      return { requestToken: async () => ({ token: '', expiresMs: 0 }), close: () => {} } as unknown as NodeConnection
    },
  })
  const request = { pod: undefined, serviceAccount: '', audiences: [], expirationSeconds: 1 }
  await link.requestToken(request)
  link.identify({ ca: '', cert: 'new', key: '' })
  await link.requestToken(request)
  expect(shown.map(({ cert }) => cert)).toEqual(['old', 'new'])
})
