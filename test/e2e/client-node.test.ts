/** A client library that people use, on a lab: informers, patches of every kind, exec, attach, cp, logs, port-forward, and a watch that goes on where it was. */
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { ApiException, AppsV1Api, Attach, CoreV1Api, Cp, Exec, KubeConfig, KubernetesObjectApi, Log, PatchStrategy, PortForward, Watch, makeInformer, setHeaderOptions, type V1ConfigMap } from '@kubernetes/client-node'
import { expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { walkByClient } from './every-kind-client.ts'
import { isRunning, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const BUSYBOX = 'docker.io/library/busybox:1.35'
const namespace = 'default'
/** How late a host with other things to do may be. */
const LATE = { timeout: 60_000 }

let cluster: TestLab
let kc: KubeConfig
let core: CoreV1Api

/** Files still get their times when they are there already: they go with the lab. */
const folders: string[] = []
labOfTests({ name: 'e2e-client-node', nodes: 1, prepare, over: () => void folders.splice(0).map((folder) => rmSync(folder, { recursive: true, force: true })) })

async function prepare(lab: TestLab): Promise<void> {
  cluster = lab
  kc = new KubeConfig()
  kc.loadFromFile(cluster.kubeconfig)
  core = kc.makeApiClient(CoreV1Api)
  await core.createNamespacedPod({
    namespace,
    body: {
      metadata: { name: 'p' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          { name: 'c', image: BUSYBOX, stdin: true, command: ['sh', '-c', 'mkdir /w; echo page >/w/index.html; httpd -p 8080 -h /w; echo line 1; echo line 2; while read l; do echo "got $l"; done'], ports: [{ containerPort: 8080 }] },
        ],
      },
    },
  })
  await cluster.until<Pod>(`/api/v1/namespaces/${namespace}/pods`, ([pod]) => pod !== undefined && isRunning(pod))
}

/** Another one, that ends when it is told to. */
async function teller(): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods?fieldSelector=metadata.name%3Dteller`
  const { items } = await cluster.get<{ readonly items: readonly Pod[] }>(path)
  if (items.length > 0) return
  await core.createNamespacedPod({ namespace, body: { metadata: { name: 'teller' }, spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: BUSYBOX, command: ['sh', '-c', 'echo line 1; until [ -f /go ]; do usleep 20000; done; echo line 2'] }] } } })
  await cluster.until<Pod>(path, ([pod]) => pod !== undefined && isRunning(pod))
}

function text(): { readonly stream: PassThrough; read(): string } {
  const stream = new PassThrough()
  let all = ''
  stream.on('data', (chunk: Buffer) => (all += chunk.toString()))
  return { stream, read: () => all }
}

test('objects: created, listed by pages, refused in the words of a Status, deleted', async () => {
  for (const name of ['a', 'b', 'c']) await core.createNamespacedConfigMap({ namespace, body: { metadata: { name, labels: { of: 'list' } }, data: { name } } })
  const first = await core.listNamespacedConfigMap({ namespace, labelSelector: 'of=list', limit: 2 })
  const { _continue } = first.metadata ?? {}
  const rest = await core.listNamespacedConfigMap({ namespace, labelSelector: 'of=list', limit: 2, ...(_continue !== undefined && { _continue }) })
  expect([...first.items, ...rest.items].map(({ metadata }) => metadata?.name)).toEqual(['a', 'b', 'c'])
  const refused = await core.readNamespacedConfigMap({ namespace, name: 'none' }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(ApiException)
  expect((refused as ApiException<string>).code).toBe(404)
  expect((refused as ApiException<string>).body).toContain('configmaps \\"none\\" not found')
  await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector: 'of=list' })
  expect((await core.listNamespacedConfigMap({ namespace, labelSelector: 'of=list' })).items).toEqual([])
})

/** In a namespace and outside, with a status and without; all kinds in the long tests. */
const SHAPES: ReadonlySet<string> = new Set(['ConfigMap', 'CronJob', 'ClusterRole', 'FlowSchema'])
let walks = 0

test('every verb has its method: created, read, listed, watched, replaced, patched three ways, its status too, deleted alone and with others', async () => {
  expect(await walkByClient({ kubeconfig: cluster.kubeconfig, prefix: `every-verb-${++walks}`, only: ({ kind }) => SHAPES.has(kind) })).toHaveLength(SHAPES.size)
})

test('patches of all four kinds, and what only knows objects', async () => {
  const patch = (strategy: string, body: unknown, more: object = {}): Promise<V1ConfigMap> => core.patchNamespacedConfigMap({ namespace, name: 'patched', body, ...more }, setHeaderOptions('Content-Type', strategy))
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'patched' }, data: { a: '1' } } })
  expect((await patch(PatchStrategy.JsonPatch, [{ op: 'replace', path: '/data/a', value: '2' }])).data).toEqual({ a: '2' })
  expect((await patch(PatchStrategy.MergePatch, { data: { a: null, b: '1' } })).data).toEqual({ b: '1' })
  expect((await patch(PatchStrategy.StrategicMergePatch, { data: { c: '1' } })).data).toEqual({ b: '1', c: '1' })
  const applied = await patch(PatchStrategy.ServerSideApply, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched' }, data: { d: '1' } }, { fieldManager: 'me', force: true })
  expect(applied.data).toEqual({ b: '1', c: '1', d: '1' })
  expect(applied.metadata?.managedFields?.some(({ manager, operation }) => manager === 'me' && operation === 'Apply')).toBe(true)
  const objects = KubernetesObjectApi.makeApiClient(kc)
  const read = (await objects.read({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'patched', namespace } })) as V1ConfigMap
  expect((await objects.replace({ ...read, data: { e: '1' } })) as V1ConfigMap).toMatchObject({ data: { e: '1' } })
  expect((await kc.makeApiClient(AppsV1Api).listNamespacedDeployment({ namespace })).items).toEqual([])
})

test('an informer hears of everything, in order, also over a restart of the control plane', async () => {
  const heard: string[] = []
  const informer = makeInformer<V1ConfigMap>(kc, `/api/v1/namespaces/${namespace}/configmaps`, () => core.listNamespacedConfigMap({ namespace, labelSelector: 'of=informer' }), 'of=informer')
  for (const event of ['add', 'update', 'delete'] as const) informer.on(event, ({ metadata, data }) => void heard.push(`${event} ${metadata?.name} ${data?.['v']}`))
  // As its documentation wants it: whoever uses it starts it again.
  informer.on('error', () => void setTimeout(() => void informer.start().catch(() => {}), 200))
  const body = (v: string): V1ConfigMap => ({ metadata: { name: 'seen', labels: { of: 'informer' } }, data: { v } })
  await core.createNamespacedConfigMap({ namespace, body: body('1') })
  await informer.start()
  await core.replaceNamespacedConfigMap({ namespace, name: 'seen', body: body('2') })
  await expect.poll(() => heard, LATE).toEqual(['add seen 1', 'update seen 2'])
  await lab.kill(cluster.name, 'control-plane')
  await lab.start(cluster.name, 'control-plane')
  await expect.poll(() => core.replaceNamespacedConfigMap({ namespace, name: 'seen', body: body('3') }).then(() => true, () => false), { timeout: 60_000 }).toBe(true)
  await expect.poll(() => heard.at(-1), { timeout: 60_000 }).toBe('update seen 3')
  await core.deleteNamespacedConfigMap({ namespace, name: 'seen' })
  await expect.poll(() => heard.at(-1), LATE).toBe('delete seen 3')
  expect(informer.list()).toEqual([])
  await informer.stop()
})

test('a watch goes on where another one ended', async () => {
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  const list = await core.listNamespacedConfigMap({ namespace })
  const watch = async (resourceVersion: string, wanted: number): Promise<ReadonlyArray<readonly [string, string, string]>> => {
    const events: Array<readonly [string, string, string]> = []
    const enough = Promise.withResolvers<void>()
    const stop = await new Watch(kc).watch(path, { resourceVersion, allowWatchBookmarks: true }, (type, { metadata }: V1ConfigMap) => {
      if (type !== 'BOOKMARK') events.push([type, metadata?.name ?? '', metadata?.resourceVersion ?? ''])
      if (events.length === wanted) enough.resolve()
    }, () => {})
    await enough.promise
    stop.abort()
    return events.slice(0, wanted)
  }
  for (const name of ['w1', 'w2', 'w3']) await core.createNamespacedConfigMap({ namespace, body: { metadata: { name } } })
  const first = await watch(list.metadata?.resourceVersion ?? '', 2)
  expect(first.map(([type, name]) => `${type} ${name}`)).toEqual(['ADDED w1', 'ADDED w2'])
  expect((await watch(first[1]?.[2] ?? '', 1)).map(([type, name]) => `${type} ${name}`)).toEqual(['ADDED w3'])
})

test('exec, attach, cp', async () => {
  const [out, err] = [text(), text()]
  const status = Promise.withResolvers<unknown>()
  await new Exec(kc).exec(namespace, 'p', 'c', ['sh', '-c', 'echo out; echo err >&2; exit 3'], out.stream, err.stream, null, false, status.resolve)
  expect(await status.promise).toMatchObject({ status: 'Failure', reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } })
  await expect.poll(() => [out.read(), err.read()], LATE).toEqual(['out\n', 'err\n'])

  const attached = text()
  const input = new PassThrough()
  const socket = await new Attach(kc).attach(namespace, 'p', 'c', attached.stream, text().stream, input, false)
  input.write('hello\n')
  await expect.poll(attached.read, LATE).toContain('got hello\n')
  ;(socket as { close(): void }).close()

  const folder = mkdtempSync(join(tmpdir(), 'gantry-cp-'))
  folders.push(folder)
  writeFileSync(join(folder, 'sent'), 'sent\n')
  const copier = new Cp(kc)
  await copier.cpToPod(namespace, 'p', 'c', folder, '/tmp')
  // It does not wait for its own end.
  const read = text()
  await new Exec(kc).exec(namespace, 'p', 'c', ['sh', '-c', 'until [ -s /tmp/sent ]; do usleep 20000; done; cat /tmp/sent'], read.stream, text().stream, null, false)
  await expect.poll(read.read, LATE).toBe('sent\n')
  await copier.cpFromPod(namespace, 'p', 'c', 'index.html', folder, '/w')
  await expect.poll(() => existsSync(join(folder, 'index.html')) && readFileSync(join(folder, 'index.html'), 'utf8'), LATE).toBe('page\n')
})

test('logs: the last lines, and as they come', async () => {
  const last = text()
  await new Log(kc).log(namespace, 'p', 'c', last.stream, { tailLines: 1, limitBytes: 1000 })
  await expect.poll(last.read, LATE).toMatch(/^(line 2|got hello)\n$/)
  const followed = text()
  await teller()
  const ended = once(followed.stream, 'end')
  await new Log(kc).log(namespace, 'teller', 'c', followed.stream, { follow: true })
  await expect.poll(followed.read, LATE).toBe('line 1\n')
  await new Exec(kc).exec(namespace, 'teller', 'c', ['touch', '/go'], null, null, null, false)
  await ended
  expect(followed.read()).toBe('line 1\nline 2\n')
  expect(await core.readNamespacedPodLog({ namespace, name: 'p', tailLines: 100 })).toMatch(/^line 1\nline 2\n/)
})

test('port-forward, a connection at a time, and the proxy', async () => {
  const forward = new PortForward(kc)
  const server = createServer((socket) => void forward.portForward(namespace, 'p', [8080], socket, null, socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  for (let call = 0; call < 2; call++) expect(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()).toBe('page\n')
  server.close()
  expect(await core.connectGetNamespacedPodProxyWithPath({ namespace, name: 'p:8080', path: 'index.html' })).toBe('page\n')
  expect(await core.connectGetNodeProxyWithPath({ name: 'n1', path: 'healthz' })).toBe('ok')
})

test('a field selector over all namespaces', async () => {
  await teller()
  const pods = (await core.listPodForAllNamespaces({ fieldSelector: 'spec.nodeName=n1' })).items
  expect(pods.map(({ metadata }) => metadata?.name)).toEqual(['p', 'teller'])
})
