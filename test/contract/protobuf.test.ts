/**
 * Answers in protobuf over HTTPS, read by others: by a reader of the wire that is not ours with a few messages written down by hand, and by the kubectl of this
 * machine, which is Kubernetes' own.
 */
import { writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { Agent, request, type RequestOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startWholeServer, type WholeServer } from '../conformance/whole-server.ts'
import { subjectsOf } from '../e2e/every-kind.ts'
import { kubectlMinor, kubectls, run, type Ran } from '../e2e/harness.ts'

const PROTOBUF = 'application/vnd.kubernetes.protobuf'
/** From here on kubectl's typed clients ask for protobuf. */
const ASKS_FOR_PROTOBUF = 32

let server: WholeServer
let agent: Agent
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gantry-protobuf-'))
  server = await startWholeServer()
  agent = new Agent({ keepAlive: true, ca: server.ca, cert: server.admin.certificatePem, key: server.admin.privateKeyPem })
})
afterAll(async () => {
  agent.destroy()
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

interface Answer {
  readonly status: number | undefined
  readonly type: string | undefined
  readonly packed: boolean
  readonly bytes: Buffer
}

/** @param enough how many bytes are enough of an answer that goes on. */
function ask(path: string, { enough = Infinity, body, ...options }: RequestOptions & { readonly enough?: number; readonly body?: unknown } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, server.url), { agent, ...options }, (response) => {
      const chunks: Buffer[] = []
      const done = (): void => resolve({ status: response.statusCode, type: response.headers['content-type'], packed: response.headers['content-encoding'] === 'gzip', bytes: Buffer.concat(chunks) })
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk)
        if (Buffer.concat(chunks).length < enough) return
        done()
        outgoing.destroy()
      })
      response.on('end', done)
    })
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

const inProtobuf = { headers: { accept: PROTOBUF } }
const post = (path: string, body: unknown): Promise<Answer> => ask(path, { method: 'POST', headers: { 'content-type': 'application/json', accept: PROTOBUF }, body })

/** What Kubernetes' `generated.proto` says of a few messages: names by number, with what they hold. */
interface Descriptor {
  readonly [number: number]: readonly [name: string, holds: 'text' | 'whole' | 'bytes' | Descriptor | Many]
}
interface Many {
  readonly each: Descriptor
}

const many = (each: Descriptor): Many => ({ each })

const textMap: Descriptor = { 1: ['key', 'text'], 2: ['value', 'text'] }
const time: Descriptor = { 1: ['seconds', 'whole'], 2: ['nanos', 'whole'] }
const objectMeta: Descriptor = { 1: ['name', 'text'], 3: ['namespace', 'text'], 5: ['uid', 'text'], 6: ['resourceVersion', 'text'], 7: ['generation', 'whole'], 8: ['creationTimestamp', time], 11: ['labels', many(textMap)] }
const listMeta: Descriptor = { 2: ['resourceVersion', 'text'], 3: ['continue', 'text'], 4: ['remainingItemCount', 'whole'] }
const configMap: Descriptor = { 1: ['metadata', objectMeta], 2: ['data', many(textMap)], 3: ['binaryData', many({ 1: ['key', 'text'], 2: ['value', 'bytes'] })], 4: ['immutable', 'whole'] }
const quantity: Descriptor = { 1: ['string', 'text'] }
const intOrString: Descriptor = { 1: ['type', 'whole'], 2: ['intVal', 'whole'], 3: ['strVal', 'text'] }
const container: Descriptor = {
  1: ['name', 'text'],
  2: ['image', 'text'],
  8: ['resources', { 2: ['requests', many({ 1: ['key', 'text'], 2: ['value', quantity] })] }],
  11: ['readinessProbe', { 1: ['handler', { 2: ['httpGet', { 1: ['path', 'text'], 2: ['port', intOrString] }] }], 4: ['periodSeconds', 'whole'] }],
}
const pod: Descriptor = { 1: ['metadata', objectMeta], 2: ['spec', { 2: ['containers', many(container)], 3: ['restartPolicy', 'text'], 4: ['terminationGracePeriodSeconds', 'whole'] }], 3: ['status', { 1: ['phase', 'text'], 9: ['qosClass', 'text'] }] }
const status: Descriptor = { 2: ['status', 'text'], 3: ['message', 'text'], 4: ['reason', 'text'], 5: ['details', { 1: ['name', 'text'], 3: ['kind', 'text'] }], 6: ['code', 'whole'] }
const unknown: Descriptor = { 1: ['typeMeta', { 1: ['apiVersion', 'text'], 2: ['kind', 'text'] }], 2: ['raw', 'bytes'], 3: ['contentEncoding', 'text'], 4: ['contentType', 'text'] }
const watchEvent: Descriptor = { 1: ['type', 'text'], 2: ['object', { 1: ['raw', 'bytes'] }] }

type Read = Record<string, unknown>

function read(bytes: Uint8Array, descriptor: Descriptor): Read {
  const reader = new BinaryReader(bytes)
  const found: Read = {}
  while (reader.pos < reader.len) {
    const [number, wire] = reader.tag()
    const [name, holds] = descriptor[number] ?? []
    if (name === undefined || holds === undefined) reader.skip(wire)
    else if (holds === 'text') found[name] = reader.string()
    else if (holds === 'bytes') found[name] = Buffer.from(reader.bytes())
    else if (holds === 'whole') found[name] = Number(reader.int64())
    else {
      expect(wire).toBe(WireType.LengthDelimited)
      const inner = reader.bytes()
      found[name] = 'each' in holds ? [...((found[name] as readonly Read[] | undefined) ?? []), read(inner, holds.each)] : read(inner, holds)
    }
  }
  return found
}

function opened(bytes: Buffer, descriptor: Descriptor): Read {
  expect([...bytes.subarray(0, 4)]).toEqual([0x6b, 0x38, 0x73, 0])
  const { raw, ...envelope } = read(bytes.subarray(4), unknown)
  expect(envelope).toMatchObject({ contentEncoding: '', contentType: '' })
  return { ...(envelope['typeMeta'] as Read), ...read(raw as Buffer, descriptor) }
}

describe('a reader that is not ours', () => {
  const configMaps = '/api/v1/namespaces/default/configmaps'

  test('a config map: labels, text and bytes in the order of their keys', async () => {
    const made = await post(configMaps, { metadata: { name: 'a', labels: { z: '1', a: '2' } }, data: { 'b.txt': 'ä', a: '' }, binaryData: { c: 'AAE=' } })
    expect(made).toMatchObject({ status: 201, type: PROTOBUF })
    const got = await ask(`${configMaps}/a`, inProtobuf)
    expect(got.bytes).toEqual(made.bytes)
    expect(opened(got.bytes, configMap)).toMatchObject({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'a', namespace: 'default', generation: 0, labels: [{ key: 'a', value: '2' }, { key: 'z', value: '1' }] },
      data: [{ key: 'a', value: '' }, { key: 'b.txt', value: 'ä' }],
      binaryData: [{ key: 'c', value: Buffer.from([0, 1]) }],
    })
    expect(opened(got.bytes, configMap)).not.toHaveProperty('immutable')
  })

  test('a pod: what nobody has set stands there with its empty value', async () => {
    const readinessProbe = { httpGet: { path: '/ready', port: 'web' }, periodSeconds: 7 }
    await post('/api/v1/namespaces/default/pods', { metadata: { name: 'p' }, spec: { schedulerName: 'none', containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '0.1' } }, readinessProbe }] } })
    const { bytes } = await ask('/api/v1/namespaces/default/pods/p', inProtobuf)
    expect(opened(bytes, pod)).toMatchObject({
      apiVersion: 'v1',
      kind: 'Pod',
      spec: {
        containers: [{ name: 'c', image: 'i', resources: { requests: [{ key: 'cpu', value: { string: '100m' } }] }, readinessProbe: { handler: { httpGet: { path: '/ready', port: { type: 1, intVal: 0, strVal: 'web' } } }, periodSeconds: 7 } }],
        restartPolicy: 'Always',
        terminationGracePeriodSeconds: 30,
      },
      status: { phase: 'Pending', qosClass: 'Burstable' },
    })
  })

  test('a long list, page by page and packed', async () => {
    for (let index = 0; index < 30; index++) await post(configMaps, { metadata: { name: `many-${index}`, labels: { many: '' } }, data: { k: 'v'.repeat(20_000) } })
    const list: Descriptor = { 1: ['metadata', listMeta], 2: ['items', many(configMap)] }
    const whole = await ask(`${configMaps}?labelSelector=many`, { headers: { accept: PROTOBUF, 'accept-encoding': 'gzip' } })
    expect(whole).toMatchObject({ status: 200, type: PROTOBUF, packed: true })
    const all = opened(gunzipSync(whole.bytes), list)
    expect(all).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMapList', metadata: { continue: '' } })
    expect((all['items'] as readonly Read[]).length).toBe(30)
    const page = opened((await ask(`${configMaps}?labelSelector=many&limit=20`, inProtobuf)).bytes, list)
    expect(page['items']).toEqual((all['items'] as readonly Read[]).slice(0, 20))
    const { continue: next } = page['metadata'] as { readonly continue: string }
    const rest = opened((await ask(`${configMaps}?labelSelector=many&limit=20&continue=${next}`, inProtobuf)).bytes, list)
    expect(rest['items']).toEqual((all['items'] as readonly Read[]).slice(20))
  })

  test('a watch: frames behind their lengths', async () => {
    const { type, bytes } = await ask(`${configMaps}?watch=1&fieldSelector=metadata.name=a&timeoutSeconds=20`, { headers: { accept: `${PROTOBUF};stream=watch` }, enough: 8 })
    expect(type).toBe(`${PROTOBUF};stream=watch`)
    expect(bytes.length).toBe(4 + bytes.readUInt32BE(0))
    const event = read(bytes.subarray(4), watchEvent)
    expect(event).toMatchObject({ type: 'ADDED' })
    expect(opened((event['object'] as { readonly raw: Buffer }).raw, configMap)).toMatchObject({ kind: 'ConfigMap', metadata: { name: 'a' } })
  })

  test('custom resources have none, but of their metadata', async () => {
    const version = { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }
    const names = { plural: 'gadgets', kind: 'Gadget' }
    await post('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', { metadata: { name: 'gadgets.example.com' }, spec: { group: 'example.com', scope: 'Cluster', names, versions: [version] } })
    const gadgets = '/apis/example.com/v1/gadgets'
    await expect.poll(async () => (await ask(gadgets)).status, { timeout: 30_000 }).toBe(200)
    await ask(gadgets, { method: 'POST', headers: { 'content-type': 'application/json' }, body: { apiVersion: 'example.com/v1', kind: 'Gadget', metadata: { name: 'g' }, spec: { n: 1 } } })
    const refused = await ask(`${gadgets}/g`, inProtobuf)
    expect(refused).toMatchObject({ status: 406, type: PROTOBUF })
    expect(opened(refused.bytes, status)).toMatchObject({ kind: 'Status', code: 406, reason: 'NotAcceptable', message: `only the following media types are accepted: application/json, application/yaml, ${PROTOBUF}` })
    expect(await ask(`${gadgets}/g`, { headers: { accept: `${PROTOBUF},application/json` } })).toMatchObject({ status: 200, type: 'application/json' })
    const metadata = await ask(`${gadgets}/g`, { headers: { accept: `${PROTOBUF};as=PartialObjectMetadata;g=meta.k8s.io;v=v1` } })
    expect(opened(metadata.bytes, { 1: ['metadata', objectMeta] })).toMatchObject({ apiVersion: 'meta.k8s.io/v1', kind: 'PartialObjectMetadata', metadata: { name: 'g', generation: 1 } })
  })

  test('a refusal', async () => {
    const answer = await ask(`${configMaps}/nope`, inProtobuf)
    expect(answer).toMatchObject({ status: 404, type: PROTOBUF })
    expect(opened(answer.bytes, status)).toEqual({ apiVersion: 'v1', kind: 'Status', status: 'Failure', message: 'configmaps "nope" not found', reason: 'NotFound', details: { name: 'nope', kind: 'configmaps' }, code: 404 })
  })
})

/** What was printed, and why something could not be: a kubectl older than a kind describes it in a version that is not served any more. */
const lines = ({ stdout, stderr }: Ran): readonly string[] => [...stdout.split('\n'), ...stderr.split('\n').filter((line) => line.startsWith('Error'))]

/** The server as it is to whoever asks for no protobuf. */
function jsonOnly(): Promise<Server> {
  const standIn = createServer((incoming, response) => {
    const headers = { ...incoming.headers, accept: incoming.headers.accept?.includes(PROTOBUF) ? 'application/json' : incoming.headers.accept }
    const outgoing = request(new URL(incoming.url ?? '/', server.url), { agent, method: incoming.method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    outgoing.on('error', () => response.destroy())
    incoming.pipe(outgoing)
  })
  return new Promise((resolve) => standIn.listen(0, '127.0.0.1', () => resolve(standIn)))
}

const [newest] = kubectls().filter((path) => (kubectlMinor(path) ?? 0) >= ASKS_FOR_PROTOBUF).toReversed()

const SLOW = { timeout: 300_000 }

describe.skipIf(newest === undefined)("Kubernetes' own client", () => {
  const kubectl = newest ?? ''
  const subjects = subjectsOf('protobuf')
  const place = (name: string): string => join(folder, name)

  beforeAll(async () => {
    await server.writeKubeconfig(place('kubeconfig'))
    const namespaces = ['protobuf', 'protobuf-limits'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }))
    writeFileSync(place('objects.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [...namespaces, ...subjects.map(({ object }) => object)] }))
    const made = await run(kubectl, ['--kubeconfig', place('kubeconfig'), 'create', '-f', place('objects.json')])
    expect({ exitCode: made.exitCode, stderr: made.exitCode === 0 ? '' : made.stderr }).toEqual({ exitCode: 0, stderr: '' })
  }, SLOW.timeout)

  test('describes an object of every kind as it does from JSON', SLOW, async () => {
    const standIn = await jsonOnly()
    try {
      const { port } = standIn.address() as AddressInfo
      const words = ['describe', '-v=8', '--show-events=false', '-f', place('objects.json')]
      // Controllers are at work, and things grow older: both are asked until they are asked at a quiet moment.
      await expect
        .poll(async () => {
          const [direct, fromJson] = await Promise.all([run(kubectl, ['--kubeconfig', place('kubeconfig'), ...words]), run(kubectl, ['--kubeconfig', '/dev/null', '--server', `http://127.0.0.1:${port}`, ...words])])
          expect(direct.stderr.split(`Content-Type: ${PROTOBUF}`).length).toBeGreaterThan(subjects.length)
          expect(fromJson.stderr).not.toContain(`Content-Type: ${PROTOBUF}`)
          expect(direct.stdout.length).toBeGreaterThan(10_000)
          const told = new Set(lines(fromJson))
          return lines(direct).filter((line) => !told.has(line))
        }, { timeout: 120_000, interval: 500 })
        .toEqual([])
    } finally {
      standIn.closeAllConnections()
      standIn.close()
    }
  })
})
