/** What a pod is told by its cluster: variables, ConfigMaps, Secrets, a token of its own; and that it hears of changes. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { layoutOf } from '../../deploy/lab/layout.ts'
import { busyboxFiles, dockerArchive } from '../../deploy/images/make-busybox.ts'
import { createImageStore } from '../../node-agent/images/images.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { Node } from '../../shared/model/gen/api.ts'
import { isRunning, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'
import { create, eventually, inside, logOf, podWhen, running, trialPod } from './pod-trials.ts'

const FOREVER = 'exec sleep 100000'
const TOKEN_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'
let cluster: TestLab

labOfTests({ name: 'e2e-pod-files', nodes: 1, prepare })

async function prepare(lab: TestLab): Promise<void> {
  cluster = lab
  await cluster.send('POST', '/api/v1/namespaces/default/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { COLOUR: 'green', motto: 'slow and steady' } })
  await cluster.send('POST', '/api/v1/namespaces/default/secrets', { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' }, stringData: { PIN: '1234' } })
}

test('variables: from fields, resources, ConfigMaps and Secrets, whole or one by one, one in another', async () => {
  const pod = trialPod('told', 'env | sort', {
    spec: { restartPolicy: 'Never' },
    container: {
      resources: { limits: { memory: '32Mi' } },
      envFrom: [{ configMapRef: { name: 'settings' } }, { secretRef: { name: 'keys' }, prefix: 'MY_' }],
      env: [
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'ADDRESS', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
        { name: 'MEMORY', valueFrom: { resourceFieldRef: { resource: 'limits.memory' } } },
        { name: 'MOTTO', valueFrom: { configMapKeyRef: { name: 'settings', key: 'motto' } } },
        { name: 'CODE', valueFrom: { secretKeyRef: { name: 'keys', key: 'PIN' } } },
        { name: 'BOTH', value: '$(COLOUR) and $(CODE), not $$(CODE)' },
      ],
    },
  })
  await create(cluster, pod)
  const ended = await podWhen(cluster, 'told', (one) => one.status?.phase === 'Succeeded')
  const lines = (await logOf(cluster, 'told')).split('\n')
  for (const line of ['COLOUR=green', 'MY_PIN=1234', 'NODE=n1', `ADDRESS=${ended.status?.podIP}`, 'MEMORY=33554432', 'MOTTO=slow and steady', 'CODE=1234', 'BOTH=green and 1234, not $(CODE)', 'HOSTNAME=told', 'KUBERNETES_SERVICE_HOST=10.96.0.1']) expect(lines).toContain(line)
})

test('a container whose ConfigMap is missing waits for it, and starts when it comes', async () => {
  await create(cluster, trialPod('early', FOREVER, { container: { envFrom: [{ configMapRef: { name: 'later' } }] } }))
  await podWhen(cluster, 'early', (one) => one.status?.containerStatuses?.[0]?.state?.waiting?.message === 'configmap "later" not found')
  await cluster.send('POST', '/api/v1/namespaces/default/configmaps', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'later' }, data: { X: 'y' } })
  await podWhen(cluster, 'early', isRunning, 30_000)
  expect(await inside(cluster, 'early', 'echo $X')).toBe('y\n')
})

test('files of ConfigMaps, Secrets and the pod itself; a change reaches them', async () => {
  const volumes = [
    { name: 'map', configMap: { name: 'settings' } },
    { name: 'keys', secret: { secretName: 'keys', defaultMode: 0o400 } },
    { name: 'self', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
  ]
  await running(cluster, trialPod('reader', FOREVER, { spec: { volumes }, container: { volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/v/${name}` })) } }))
  expect(await inside(cluster, 'reader', 'cat /v/map/motto; echo; cat /v/keys/PIN; echo; stat -Lc %a /v/keys/PIN; cat /v/self/labels')).toBe('slow and steady\n1234\n400\ntrial="reader"')
  // What is given is not written to, though the mounts do not say so.
  expect(await inside(cluster, 'reader', 'for v in map keys self; do touch /v/$v/mine 2>&1; done | grep -c "Read-only file system"')).toBe('3\n')
  await cluster.send('PATCH', '/api/v1/namespaces/default/configmaps/settings', { data: { motto: 'quick' } }, 'application/merge-patch+json')
  await cluster.send('PATCH', '/api/v1/namespaces/default/secrets/keys', { stringData: { PIN: '9' } }, 'application/merge-patch+json')
  await cluster.send('PATCH', '/api/v1/namespaces/default/pods/reader', { metadata: { labels: { mood: 'good' } } }, 'application/merge-patch+json')
  await eventually(() => inside(cluster, 'reader', 'cat /v/map/motto /v/keys/PIN /v/self/labels'), (text) => text === 'quick9mood="good"\ntrial="reader"', 30_000)
})

test('a sub path that leads out of its volume is refused, and nothing of the host is told', async () => {
  const volumes = [{ name: 'v', emptyDir: {} }]
  const initContainers = [{ name: 'link', image: 'busybox:1.35', command: ['ln', '-s', '/etc', '/w/out'], volumeMounts: [{ name: 'v', mountPath: '/w' }] }]
  await create(cluster, trialPod('curious', FOREVER, { spec: { volumes, initContainers }, container: { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'out/passwd' }] } }))
  const { status } = await podWhen(cluster, 'curious', (one) => one.status?.containerStatuses?.[0]?.state?.waiting?.message !== undefined)
  expect(status?.containerStatuses?.[0]?.state?.waiting).toEqual({ reason: 'CreateContainerConfigError', message: 'failed to prepare subPath for volumeMount "v" of container "c"' })
})

test('a privileged container has the devices of its host', async () => {
  await running(cluster, trialPod('mighty', FOREVER, { container: { securityContext: { privileged: true } } }))
  await running(cluster, trialPod('humble', FOREVER))
  const devices = 'find /dev -type b -o -type c | grep -v "^/dev/pts/" | sort'
  const onHost = execFileSync('sh', ['-c', devices], { encoding: 'utf8' }).split('\n').filter((path) => path !== '' && path !== '/dev/ptmx' && path !== '/dev/console')
  expect((await inside(cluster, 'mighty', devices)).split('\n')).toEqual(expect.arrayContaining(onHost))
  expect(await inside(cluster, 'mighty', 'head -c 2 /dev/zero | wc -c; echo > /dev/null && echo written')).toBe('2\nwritten\n')
  expect((await inside(cluster, 'humble', devices)).trim().split('\n').sort()).toEqual(['/dev/full', '/dev/null', '/dev/random', '/dev/tty', '/dev/urandom', '/dev/zero'])
})

test('the token in a pod is good for the API, and says who it is', async () => {
  await running(cluster, trialPod('caller', FOREVER))
  const [token, ca, namespace] = await Promise.all(['token', 'ca.crt', 'namespace'].map((name) => inside(cluster, 'caller', `cat ${TOKEN_FOLDER}/${name}`)))
  expect(namespace).toBe('default')
  // The API is reached from inside by its Service's address.
  await inside(cluster, 'caller', 'echo | nc -w 5 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT')
  const ask = (path: string, bearer: string): Promise<{ readonly status: number; readonly text: string }> => callApi(`${layoutOf(cluster.spec).server}${path}`, { token: bearer, ca: ca ?? '' })
  expect((await ask('/version', token ?? '')).status).toBe(200)
  const refused = await ask('/api/v1/namespaces/default/secrets', token ?? '')
  expect(refused.status).toBe(403)
  expect(refused.text).toContain('User \\"system:serviceaccount:default:default\\" cannot list resource \\"secrets\\"')
  expect((await ask('/api/v1/namespaces/default/secrets', `${token?.slice(0, -4)}AAAA`)).status).toBe(401)
})

function callApi(url: string, { token, ca }: { readonly token: string; readonly ca: string }): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const call = request(url, { ca, headers: { authorization: `Bearer ${token}` } }, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part)).on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
    })
    call.on('error', reject)
    call.end()
  })
}

test('an image that is imported is used by the pod that waits for it, at once', async () => {
  const store = await createImageStore({ root: layoutOf(cluster.spec).images, log: silentLog })
  const folder = mkdtempSync(join(tmpdir(), 'gantry-late-'))
  const file = join(folder, 'late.tar')
  writeFileSync(file, dockerArchive('docker.io/library/late:1', busyboxFiles(readFileSync('/bin/busybox'), ['sh', 'sleep'])))
  await create(cluster, trialPod('hopeful', FOREVER, { container: { image: 'late:1' } }))
  await podWhen(cluster, 'hopeful', (one) => one.status?.containerStatuses?.[0]?.state?.waiting?.reason === 'ImagePullBackOff')
  try {
    await store.importArchive(file)
    // Sooner than it would have been tried again by itself.
    await podWhen(cluster, 'hopeful', isRunning, 8_000)
    await eventually(async () => (await cluster.get<Node>('/api/v1/nodes/n1')).status?.images?.flatMap(({ names }) => names ?? []) ?? [], (names) => names.includes('docker.io/library/late:1'))
  } finally {
    await store.remove('late:1')
    rmSync(folder, { recursive: true, force: true })
  }
})
