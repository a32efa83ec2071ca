/** Nodes that give each other images, for tests: stores of their own, mTLS over loopback. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DiskImages } from '../../node-agent/images/disk-images.ts'
import { createImageStore, type Image } from '../../node-agent/images/images.ts'
import { ImagePeers } from '../../node-agent/images/peers/peers.ts'
import { PEER_TIMES, type PeerNode, type PeerTimes, type PeerUse } from '../../node-agent/images/peers/port.ts'
import type { EnsureOptions, EnsureResult } from '../../node-agent/images/port.ts'
import { createRegistryClient, parseRegistrySettings, pushImage, type RegistryLogin } from '../../node-agent/images/registry/registry.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { createAuthority, issueCertificate, type Identity } from '../../shared/kit/pki.ts'
import { systemRandom } from '../../shared/kit/random.ts'
import { reference, type TestImage } from './registry-images.ts'

const never = new AbortController().signal

/** Nobody is given up here for being slow: the machine may be. */
const PATIENT: PeerTimes = { ...PEER_TIMES, answerMs: 60_000, silenceMs: 60_000, patienceMs: 60_000, registryMs: 60_000 }

export interface TestNode extends AsyncDisposable {
  readonly name: string
  readonly root: string
  readonly store: DiskImages
  readonly peers: ImagePeers
  ensure(image: string, options?: Partial<EnsureOptions>, policy?: 'Always' | 'IfNotPresent'): Promise<EnsureResult>
  /** Gives nothing any more. */
  leave(): Promise<void>
}

export interface TestCluster extends AsyncDisposable {
  add(name: string, options?: NodeOptions): Promise<TestNode>
}

export interface NodeOptions {
  readonly times?: Partial<PeerTimes>
  readonly use?: PeerUse
  /** What others reach it by: a way that is in the test's hand. */
  readonly way?: (port: number) => Promise<number>
  readonly root?: string
  readonly mostUploads?: number
  /** Logins of the node, for all its pods. */
  readonly own?: readonly RegistryLogin[]
}

export async function openCluster(settings: () => object): Promise<TestCluster> {
  const authority = await createAuthority({ clock: systemClock })
  const known = new Map<string, PeerNode>()
  const made: TestNode[] = []
  return {
    async add(name: string, { times = {}, use = 'all', way = async (port: number) => port, root: given, mostUploads, own = [] } = {}) {
      const node = await openNode({ name, authority, known, settings, times, use, way, given, mostUploads, own })
      made.push(node)
      return node
    },
    [Symbol.asyncDispose]: async () => void (await Promise.all(made.map((one) => one[Symbol.asyncDispose]()))),
  }
}

interface Opening extends Required<Pick<NodeOptions, 'times' | 'use' | 'way' | 'own'>> {
  readonly name: string
  readonly authority: Identity
  readonly known: Map<string, PeerNode>
  readonly settings: () => object
  readonly given: string | undefined
  readonly mostUploads: number | undefined
}

async function openNode({ name, authority, known, settings, times, use, way, given, mostUploads, own }: Opening): Promise<TestNode> {
  const root = given ?? (await mkdtemp(join(tmpdir(), `gantry-peers-${name}-`)))
  const peers = new ImagePeers({ self: name, use, times: { ...PATIENT, ...times }, ...(mostUploads === undefined ? {} : { mostUploads }), clock: systemClock, random: systemRandom, log: silentLog })
  const registry = createRegistryClient({ settings: async () => parseRegistrySettings(JSON.stringify(settings()), 'test', 'configured'), logins: async () => own, random: { next: () => 0 } })
  const store = await createImageStore({ root, log: silentLog, registry, peers })
  const { certificatePem, privateKeyPem } = await issueCertificate(authority, { commonName: `system:node:${name}`, organizations: ['system:nodes'], usages: ['client', 'server'], clock: systemClock })
  const ended = new AbortController()
  const identity = await store.identity()
  const running = peers.run({ identity: { ca: authority.certificatePem, cert: certificatePem, key: privateKeyPem }, holdings: store.holdings, host: '127.0.0.1', port: 0, store: identity, nodes: () => [...known.values()].filter((one) => one.name !== name), isMember: (one) => known.has(one) || one === name }, ended.signal)
  while (use !== 'none' && peers.port === undefined) await new Promise((resolve) => setImmediate(resolve))
  if (peers.port !== undefined) known.set(name, { name, host: '127.0.0.1', port: await way(peers.port), store: identity })
  const leave = async (): Promise<void> => {
    ended.abort(new Error('left'))
    await running
  }
  return {
    name,
    root,
    store,
    peers,
    ensure: (image, options = {}, policy = 'IfNotPresent') => store.ensure(image, policy, { signal: never, ...options }),
    leave,
    async [Symbol.asyncDispose]() {
      await leave()
      registry[Symbol.dispose]()
      await rm(root, { recursive: true, force: true })
    },
  }
}

export function imageIn(result: EnsureResult): Image {
  if (result.kind === 'refused') throw new Error(`${result.reason}: ${result.message}`)
  return result.image
}

export const push = async (host: string, name: string, image: TestImage, logins: readonly RegistryLogin[] = []): Promise<void> => {
  using client = createRegistryClient({ settings: async () => parseRegistrySettings(JSON.stringify({ [host]: { server: `http://${host}` } }), 'test') })
  await pushImage(client, { reference: reference(`${host}/${name}`), manifest: image.manifest, blobs: image.blobs, logins }, never)
}

export const noise = (bytes = 300_000): { readonly name: string; readonly content: Buffer } => ({ name: 'noise', content: randomBytes(bytes) })

/** Takes connections and never says a word. */
export async function silence(): Promise<{ readonly port: number; taken(): number } & Disposable> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => void sockets.add(socket.on('error', () => socket.destroy())))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    taken: () => sockets.size,
    [Symbol.dispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** A way to a port that can be cut after so many bytes of answers. */
export async function cutAfter(port: number, bytes: number): Promise<{ readonly port: number; close(): void }> {
  const sockets = new Set<Socket>()
  let passed = 0
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1')
    for (const socket of [near, far]) sockets.add(socket.on('error', () => socket.destroy()))
    near.pipe(far)
    near.on('close', () => far.destroy())
    far.on('close', () => near.destroy())
    far.on('data', (chunk: Buffer) => {
      passed += chunk.length
      if (passed > bytes) return close()
      near.write(chunk)
    })
  })
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close }
}
