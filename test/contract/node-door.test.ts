/** What control planes and agents say to one another over real gRPC and mTLS, when several control planes run. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { NodeStream } from '../../control-plane/dispatch/port.ts'
import { serveNodeDoor } from '../../control-plane/dispatch/grpc.ts'
import { createLeaderDial } from '../../control-plane/dispatch/leader-dial.ts'
import type { NodeDoor } from '../../control-plane/dispatch/node-door.ts'
import { createRelayedStreams, serveRelay } from '../../control-plane/dispatch/relay.ts'
import { createGrpcLink } from '../../node-agent/session/grpc-link.ts'
import type { StreamFrame } from '../../proto/gen/node/v1/session.ts'
import type { NodeServer, TlsFiles } from '../../proto/rpc.ts'
import { channel } from '../../shared/kit/channel.ts'
import { systemClock as clock } from '../../shared/kit/clock.ts'
import { createAuthority, issueCertificate, type Identity } from '../../shared/kit/pki.ts'
import { portsInARow } from './ports.ts'

const [leader = 0, follower = 0] = await portsInARow(2)
const PORTS = { leader, follower }
const at = (name: keyof typeof PORTS): string => `127.0.0.1:${PORTS[name]}`
let authority: Identity
const servers: NodeServer[] = []
let plane: TlsFiles
let node: TlsFiles

const certificate = async (commonName: string): Promise<TlsFiles> => {
  const own = await issueCertificate(authority, { commonName, organizations: [], usages: ['server', 'client'], dnsNames: ['kubernetes'], clock })
  return { ca: authority.certificatePem, cert: own.certificatePem, key: own.privateKeyPem }
}

/** A stream that sends back what it gets. */
function echo(): NodeStream {
  const frames = channel<StreamFrame>()
  return { send: (frame) => void frames.push(frame), incoming: frames, close: () => frames.close() }
}

function door(isLeading: boolean): NodeDoor {
  return {
    async session(nodeName, stream) {
      if (!isLeading) return stream.send({ message: { $case: 'redirected', value: { leader: at('leader') } } })
      stream.send({ message: { $case: 'registered', value: { sessionId: nodeName } } })
      for await (const _message of stream.incoming);
    },
    stream: async () => {},
    requestToken: async () => ({ token: 't', expiresMs: 1 }),
    findLeader: () => ({ leader: at('leader'), isLeading }),
    relay: (stream) => serveRelay({ open: async () => echo() }, stream),
  }
}

beforeAll(async () => {
  authority = await createAuthority({ clock })
  plane = await certificate('gantry-control-plane')
  node = await certificate('system:node:n1')
  const join = { ca: authority.certificatePem, check: () => 'valid' as const, isSeen: () => false, sign: () => Promise.reject(new Error('not here')) }
  for (const name of ['leader', 'follower'] as const) {
    servers.push(await serveNodeDoor({ door: door(name === 'leader'), tls: plane, join, addresses: [{ host: '127.0.0.1', port: PORTS[name] }], joinAddresses: [] }))
  }
})
afterAll(() => Promise.all(servers.map((server) => server.close())))

test('an agent that knows only one that follows has its session with the leader', async () => {
  using link = createGrpcLink({ addresses: [{ host: '127.0.0.1', port: PORTS.follower }], tls: node, clock })
  const over = new AbortController()
  const session = await link.openSession(over.signal)
  for await (const { message } of session.incoming) {
    expect(message).toMatchObject({ $case: 'registered', value: { sessionId: 'n1' } })
    break
  }
  over.abort()
})

const stats = { $case: 'stats', value: {} } as const

test('a control plane opens streams through the leader, large frames too', async () => {
  using dial = createLeaderDial(plane)
  const stream = await createRelayedStreams({ dial: (signal) => dial.relay(at('leader'), signal) }).open('n1', stats, new AbortController().signal)
  const value = Buffer.alloc(3 << 20, 7)
  stream.send({ frame: { $case: 'stdin', value } })
  const next = await stream.incoming[Symbol.asyncIterator]().next()
  expect(next.done ? undefined : next.value.frame?.$case === 'stdin' && next.value.frame.value.equals(value)).toBe(true)
  stream.close()
})

test('a node may not: its certificate is not a control plane\'s', async () => {
  using dial = createLeaderDial(node)
  await expect(createRelayedStreams({ dial: (signal) => dial.relay(at('leader'), signal) }).open('n2', stats, new AbortController().signal)).rejects.toMatchObject({ code: 'permission' })
})
