/** Heartbeats between threads over real TLS: who may speak, what happens while main threads are busy, the way through a control plane that follows. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as plainConnect } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { HeartbeatListener, NodeSight } from '../../control-plane/heartbeats/port.ts'
import { startHeartbeatThread, type HeartbeatThread } from '../../control-plane/heartbeats/worker.ts'
import { NodeIdentity, servePeers } from '../../node-agent/fencing/tls-links.ts'
import { startKeeper, type KeeperThread } from '../../node-agent/fencing/worker.ts'
import { frameReader, writeFrame } from '../../proto/frames.ts'
import { ToAgent, ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'
import type { TlsFiles } from '../../proto/rpc.ts'
import { systemClock as clock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { createAuthority, issueCertificate, type Identity } from '../../shared/kit/pki.ts'
import { DEFAULT_TERMS, type FencingTerms } from '../../shared/model/fencing-terms.ts'

let authority: Identity
let own: TlsFiles
let thread: HeartbeatThread
const sights = new Map<string, NodeSight>()
const acked = new Map<string, number>()
let isBlind: boolean | undefined
const folder = mkdtempSync(join(tmpdir(), 'gantry-heartbeats-'))
const keepers: KeeperThread[] = []
let tries = 0
/** Of this try alone: what one before has left behind is met by none. */
let named = (name: string): string => name

const filesOf = ({ certificatePem, privateKeyPem }: Identity): TlsFiles => ({ ca: authority.certificatePem, cert: certificatePem, key: privateKeyPem })
const nodeFiles = async (name: string): Promise<TlsFiles> => filesOf(await issueCertificate(authority, { commonName: `system:node:${name}`, organizations: ['system:nodes'], usages: ['client', 'server'], clock }))
const listener: HeartbeatListener = {
  onSight: (name, sight) => void sights.set(name, sight),
  onEpochAcked: (name, epoch) => void acked.set(name, epoch),
  onVision: (vision) => void (isBlind = vision.blind),
  onRestart: () => {},
}
const lead = (...members: readonly string[]): void => leadBy(DEFAULT_TERMS, ...members)
const leadBy = (terms: FencingTerms, ...members: readonly string[]): void => {
  sights.clear()
  acked.clear()
  isBlind = undefined
  thread.lead({ inUse: [{ epoch: 1, members, terms }], fenced: [], admitted: members.map((nodeName) => ({ nodeName, bootId: 'boot-1' })) })
  thread.mayAckUntil(clock.monotonicMs() + 3_600_000)
  for (const name of members) thread.setSession(name, true)
}
const kindOf = (name: string): NodeSight['kind'] | undefined => sights.get(name)?.kind
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
/** Keeps this thread from everything else. */
function work(ms: number): void {
  for (const endMs = clock.monotonicMs() + ms; clock.monotonicMs() < endMs; );
}
/** How long something takes on a busy host is nowhere the question. */
const PATIENCE_MS = 30_000
async function until(condition: () => boolean): Promise<void> {
  for (const endMs = clock.monotonicMs() + PATIENCE_MS; !condition(); await pause(10)) if (clock.monotonicMs() > endMs) throw new Error(`it did not come to that: ${JSON.stringify([...sights])}, blind ${isBlind}`)
}

async function keeper(name: string, controlPlane = thread.ports[0] ?? 0): Promise<KeeperThread> {
  const kept = startKeeper({ nodeName: name, bootId: 'boot-1', peerHost: '127.0.0.1', peerPort: 0, controlPlanes: [`127.0.0.1:${controlPlane}`], folder: mkdtempSync(join(folder, 'run-')), identity: await nodeFiles(name), clock, log: silentLog })
  keepers.push(kept)
  return kept
}

/** For the host's other work a keeper may wait, and must not be given up for that where it is not the question. */
const PATIENT: FencingTerms = { ...DEFAULT_TERMS, leaseMs: 3_000, seenMs: 1_200 }

beforeAll(async () => {
  authority = await createAuthority({ clock })
  own = filesOf(await issueCertificate(authority, { commonName: 'gantry-control-plane', organizations: [], usages: ['server', 'client'], dnsNames: ['kubernetes'], clock }))
  thread = await startHeartbeatThread({ addresses: [{ host: '127.0.0.1', port: 0 }], tls: own, clock, log: silentLog })
  thread.listen(listener)
})
beforeEach(() => {
  const number = ++tries
  named = (name) => `${name}-${number}`
})
afterEach(() => {
  for (const one of keepers.splice(0)) one.stop()
})
afterAll(async () => {
  await thread[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

test('keepers are acked and seen, also while both main threads are busy for longer than a lease', async () => {
  const [n1, n2] = [named('n1'), named('n2')]
  leadBy(PATIENT, n1, n2)
  const [one] = await Promise.all([keeper(n1), keeper(n2)])
  await until(() => kindOf(n1) === 'seen' && kindOf(n2) === 'seen')
  expect(acked).toEqual(new Map([[n1, 1], [n2, 1]]))
  work(PATIENT.leaseMs + 500)
  expect(one?.mayRun()).toBe(true)
  await pause(100)
  expect([kindOf(n1), kindOf(n2)]).toEqual(['seen', 'seen'])
})

test('a leadership that begins anew sees those whose connections it found', async () => {
  const [n1, n2] = [named('n1'), named('n2')]
  leadBy(PATIENT, n1, n2)
  await Promise.all([keeper(n1), keeper(n2)])
  for (let leaderships = 0; leaderships < 5; leaderships++) {
    await until(() => kindOf(n1) === 'seen' && kindOf(n2) === 'seen')
    leadBy(PATIENT, n1, n2)
  }
})

test('a keeper that ends is silent, then fenced by the lease', async () => {
  const [n1, n2] = [named('n1'), named('n2')]
  leadBy(PATIENT, n1, n2)
  const [, second] = await Promise.all([keeper(n1), keeper(n2)])
  await until(() => kindOf(n1) === 'seen' && kindOf(n2) === 'seen')
  const stoppedMs = clock.monotonicMs()
  second?.stop()
  await until(() => kindOf(n2) === 'fenced')
  expect(clock.monotonicMs() - stoppedMs).toBeGreaterThan(PATIENT.leaseMs - PATIENT.seenMs)
  const sight = sights.get(n2)
  expect(sight?.kind === 'fenced' && sight.evidence.kind === 'lease-ended' && sight.evidence.silentForMs).toBeGreaterThan(PATIENT.leaseMs - 150)
})

test('no ack after the moment until which the leadership was certain, however busy the main thread is', async () => {
  const n1 = named('n1')
  lead(n1)
  await keeper(n1)
  await until(() => kindOf(n1) === 'seen')
  thread.mayAckUntil(clock.monotonicMs() + 100)
  work(1_000)
  // It speaks, but there is no ack that it could have echoed.
  await until(() => isBlind === true && kindOf(n1) === 'seen')
})

test('a control plane that follows hands on', async () => {
  await using follower = await startHeartbeatThread({ addresses: [{ host: '127.0.0.1', port: 0 }], tls: own, clock, log: silentLog })
  const n3 = named('n3')
  lead(n3)
  follower.handOnTo(`127.0.0.1:${thread.ports[0]}`)
  await keeper(n3, follower.ports[0] ?? 0)
  await until(() => kindOf(n3) === 'seen')
})

interface Caller {
  readonly socket: TLSSocket
  readonly heard: ToAgent[]
  say(message: ToControlPlane): void
}

async function call(files: Partial<TlsFiles>): Promise<Caller> {
  const socket = connect({ host: '127.0.0.1', port: thread.ports[0] ?? 0, servername: 'kubernetes', ca: authority.certificatePem, ...files })
  const heard: ToAgent[] = []
  const read = frameReader((bytes) => void heard.push(ToAgent.decode(bytes)))
  socket.on('data', read).on('error', () => {})
  await new Promise<void>((resolve) => socket.once('secureConnect', resolve).once('close', () => resolve()))
  return { socket, heard, say: (message) => writeFrame(socket, ToControlPlane.encode(message).finish()) }
}
const hello = (nodeName: string, relayedNode = ''): ToControlPlane => ({ message: { $case: 'hello', value: { nodeName, bootId: 'b', instance: 'i', agentStartedMs: 1, peerAddress: '' } }, relayedNode })

test('who shows no certificate of a node is not heard; a node speaks for itself alone', async () => {
  lead()
  const closed = ({ socket }: Caller): Promise<void> => until(() => socket.closed || socket.destroyed)
  await closed(await call({}))
  await closed(await call(filesOf(await issueCertificate(authority, { commonName: 'gantry-admin', organizations: ['system:masters'], usages: ['client'], clock }))))
  for (const message of [hello('n1'), hello('n9', 'n1')]) {
    const caller = await call(await nodeFiles('n9'))
    caller.say(message)
    await closed(caller)
  }
  const honest = await call(await nodeFiles('n9'))
  honest.say(hello('n9'))
  honest.say({ message: { $case: 'beat', value: { sequence: 1, echoedAck: 0, epoch: 0 } }, relayedNode: '' })
  await until(() => honest.heard.length > 0)
  expect(honest.heard[0]?.message).toMatchObject({ $case: 'noAck', value: { message: expect.stringContaining('"n9" has not registered') as string } })
  honest.socket.destroy()
})

test('a keeper whose thread dies is acked again soon, each time, and keeps its right', async () => {
  const n4 = named('n4')
  // A thread takes its time to start from sources.
  leadBy({ ...DEFAULT_TERMS, leaseMs: 60_000 }, n4)
  const files = await nodeFiles(n4)
  const kept = await keeper(n4)
  let begun = 0
  kept.onNote(({ kind }) => void (begun += kind === 'acked' ? 1 : 0))
  // The first right follows the first ack; from then on it is kept.
  await until(() => kept.mayRun())
  for (let round = 1; round <= 4; round++) {
    await until(() => begun >= round)
    expect(kept.mayRun()).toBe(true)
    // What is no certificate ends the thread, and the one that is started in its place has the right one.
    kept.identify({ ...files, cert: 'nothing' })
    kept.identify(files)
  }
})

test('a peer that is gone without a word, or never says who it is, does not keep its connection', async () => {
  const identity = new NodeIdentity(await nodeFiles('n5'))
  const server = await servePeers({ host: '127.0.0.1', port: 0, identity, answer: ({ sequence }) => ({ sequence, epoch: 0, silentMs: 0 }), idleMs: 300 })
  const { ca, cert, key } = await nodeFiles('n6')
  const peer = connect({ host: '127.0.0.1', port: server.port, servername: 'kubernetes', ca, cert, key, checkServerIdentity: () => undefined }).on('error', () => {})
  const scanner = plainConnect({ host: '127.0.0.1', port: server.port }).on('error', () => {})
  await new Promise((resolve) => peer.once('secureConnect', resolve))
  await until(() => peer.resume().closed && scanner.resume().closed)
  server.close()
})

test('an address that is taken is said so', async () => {
  await expect(startHeartbeatThread({ addresses: [{ host: '127.0.0.1', port: thread.ports[0] ?? 0 }], tls: own, clock, log: silentLog })).rejects.toThrow('heartbeats cannot be listened for: listen EADDRINUSE')
})
