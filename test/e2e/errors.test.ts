/** Mistakes are answered with what was wrong, where, and what to do; and nothing is changed by them. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import { busyboxFiles, dockerArchive } from '../../deploy/images/make-busybox.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { isRunning, run, type Ran, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const GANTRY = join(import.meta.dirname, '../../gantry')
const NAMESPACE = 'mistakes'
const OBJECTS = ['/api/v1/namespaces/mistakes/pods', '/api/v1/namespaces/mistakes/services', '/apis/apps/v1/namespaces/mistakes/deployments', '/api/v1/namespaces/mistakes/secrets']

let cluster: TestLab
let folder: string
labOfTests({
  name: 'e2e-errors',
  nodes: 1,
  async prepare(lab) {
    cluster = lab
    folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-errors-'))
    await cluster.send('POST', '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  },
  over: () => rmSync(folder, { recursive: true, force: true }),
})

const gantry = (...words: readonly string[]): Promise<Ran> => run(GANTRY, ['--kubeconfig', cluster.kubeconfig, '--cache-dir', join(folder, 'cache'), '-n', NAMESPACE, ...words])

async function apply(text: string): Promise<Ran> {
  const path = join(folder, 'web.yaml')
  writeFileSync(path, text)
  const { stderr, ...rest } = await gantry('apply', '-f', path)
  return { ...rest, stderr: stderr.replaceAll(path, 'web.yaml') }
}

async function stored(): Promise<readonly string[]> {
  const lists = await Promise.all(OBJECTS.map((path) => cluster.get<{ readonly items: ReadonlyArray<{ readonly metadata: { readonly name: string } }> }>(path)))
  return lists.flatMap(({ items }) => items.map(({ metadata }) => metadata.name))
}

const DEPLOYMENT = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector:
    matchLabels: { app: web }
  template:
    metadata:
      labels: { app: web }
    spec:
      containers:
        - name: httpd
          image: docker.io/library/busybox:1.35
          ports:
            - containerPort: 80
`

describe('files: what is wrong has its line and column, and nothing is changed', () => {
  afterEach(async () => {
    expect(await stored()).toEqual([])
  })

  test('bad YAML: an indentation, a tab, a quote, a key twice; the good document before it is not applied either', async () => {
    const good = 'apiVersion: v1\nkind: Secret\nmetadata: { name: good }\n---\n'
    const broken = await apply(good + DEPLOYMENT.replace('  replicas: 2', ' replicas: 2\n  minReadySeconds: 1'))
    expect(broken.exitCode).toBe(1)
    expect(broken.stderr).toMatch(/^error: web\.yaml:10:\d+: .+\n +9 \| .+\n +10 \| .+\n +\| +\^+\nNothing was changed\.\n$/)
    expect((await apply(DEPLOYMENT.replace('  replicas', '\treplicas'))).stderr).toMatch(/^error: web\.yaml:6:\d+: a tab is not allowed as indentation: use spaces\n/)
    expect((await apply(DEPLOYMENT.replace('name: web', 'name: "web'))).stderr).toMatch(/^error: web\.yaml:\d+:\d+: .*quote is opened and not closed/)
    expect((await apply(DEPLOYMENT.replace('  replicas: 2', '  replicas: 2\n  replicas: 3'))).stderr).toMatch(/^error: web\.yaml:7:3: this key is in the mapping twice: leave one of them out\n/)
  })

  test('unknown fields, with the one that was meant', async () => {
    const { exitCode, stderr } = await apply(DEPLOYMENT.replace('image:', 'imag:').replace('replicas:', 'replica:'))
    expect(exitCode).toBe(1)
    expect(stderr).toBe(
      'error: web.yaml:6:3: unknown field "spec.replica": did you mean "replicas"?\n  5 | spec:\n  6 |   replica: 2\n    |   ^^^^^^^\n' +
        'error: web.yaml:15:11: unknown field "spec.template.spec.containers[0].imag": did you mean "image"?\n  14 |         - name: httpd\n  15 |           imag: docker.io/library/busybox:1.35\n     |           ^^^^\nNothing was changed.\n',
    )
  })

  test('wrong types', async () => {
    const { exitCode, stderr } = await apply(DEPLOYMENT.replace('replicas: 2', 'replicas: two').replace('containerPort: 80', 'containerPort: "80"'))
    expect(exitCode).toBe(1)
    expect(stderr).toContain('web.yaml:6:13: spec.replicas must be a whole number, not the text "two"')
    expect(stderr).toContain('web.yaml:17:30: spec.template.spec.containers[0].ports[0].containerPort must be a whole number, not the text "80"')
  })

  test("names and values that break the rules: kubectl's sentences, and where they are", async () => {
    const { exitCode, stderr } = await apply(DEPLOYMENT.replace('name: web', 'name: My_Web').replace('containerPort: 80', 'containerPort: 99999'))
    expect(exitCode).toBe(1)
    expect(stderr).toContain('The Deployment "My_Web" is invalid: \n* metadata.name: Invalid value: "My_Web": a lowercase RFC 1123 subdomain must consist of')
    expect(stderr).toContain('containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive')
    expect(stderr).toContain('web.yaml:4:3: metadata.name\n  3 | metadata:\n  4 |   name: My_Web\n')
    expect(stderr).toContain('web.yaml:17:15: spec.template.spec.containers[0].ports[0].containerPort\n')
  })

  test('kinds, versions and files that are not there', async () => {
    expect((await apply(DEPLOYMENT.replace('kind: Deployment', 'kind: Deploiment'))).stderr).toBe('error: no matches for kind "Deploiment" in version "apps/v1"\ndid you mean "Deployment"?\n')
    expect((await apply(DEPLOYMENT.replace('apps/v1', 'apps/v1beta1'))).stderr).toBe('error: no matches for kind "Deployment" in version "apps/v1beta1"\nthe kind Deployment is in apps/v1\n')
    expect((await apply('kind: Pod\nmetadata: { name: x }\n')).stderr).toContain('web.yaml:1:1: apiVersion not set')
    expect(await gantry('apply', '-f', '/nonexistent.yaml')).toMatchObject({ exitCode: 1, stderr: 'error: the path "/nonexistent.yaml" does not exist\n' })
  })

  test('kubectl gets the same refusals from the server', async () => {
    const { exitCode, stderr } = await cluster.kubectl(['apply', '-n', NAMESPACE, '-f', '-'], { stdin: DEPLOYMENT.replace('image:', 'imag:') })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('strict decoding error: unknown field "spec.template.spec.containers[0].imag"')
  })
})

const pod = (name: string, container: object): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: NAMESPACE }, spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'docker.io/library/busybox:1.35', command: ['sleep', '1000'], ...container }] } })
const create = (object: object): Promise<unknown> => cluster.send('POST', `/api/v1/namespaces/${NAMESPACE}/pods`, object)
const waitingReason = (one: Pod): string | undefined => one.status?.containerStatuses?.[0]?.state?.waiting?.reason

test('a missing image: the pod says so, and how it is mended; then it is mended', async () => {
  // Of its own, so that no other run has brought it in, nor another try.
  const image = `docker.io/library/app:${process.pid}-${Date.now()}`
  await create(pod('no-image', { image }))
  await cluster.until<Pod>(OBJECTS[0] ?? '', (pods) => pods.some((one) => waitingReason(one) === 'ErrImagePull' || waitingReason(one) === 'ImagePullBackOff'))
  expect((await gantry('get', 'pod', 'no-image')).stdout).toMatch(/no-image +0\/1 +(ErrImagePull|ImagePullBackOff) /)
  const { stdout } = await gantry('describe', 'pod', 'no-image')
  expect(stdout).toContain(`${image}: not found`)
  expect(stdout).toContain('gantry image import FILE')
  const archive = join(folder, 'app.tar')
  writeFileSync(archive, dockerArchive(image, [...busyboxFiles(readFileSync('/bin/busybox'), ['sleep']), { name: 'etc/made-by', content: image }]))
  expect((await gantry('image', 'import', archive)).stdout).toBe(`${image} imported\n`)
  await cluster.until<Pod>(OBJECTS[0] ?? '', (pods) => pods.some(isRunning), 120_000)
  await cluster.send('DELETE', `/api/v1/namespaces/${NAMESPACE}/pods/no-image`)
  expect((await gantry('image', 'rm', image)).stdout).toBe(`${image} removed\n`)
  expect((await gantry('image', 'rm', image)).stderr).toBe(`error: there is no image "${image}": "gantry image ls" lists those there are\n`)
})

test('an image archive whose layer has another digest than it says, one that is cut short, one that is none', async () => {
  const before = await lab.listImages()
  const archive = dockerArchive('docker.io/library/broken:1', [{ name: 'etc/', kind: 'folder', mode: 0o755 }, { name: 'etc/version', content: 'right\n' }])
  const at = archive.indexOf('right\n')
  const [bad, short, none] = ['bad.tar', 'short.tar', 'none.tar'].map((name) => join(folder, name))
  archive.write('wrong\n', at)
  writeFileSync(bad ?? '', archive)
  writeFileSync(short ?? '', archive.subarray(0, archive.length / 2))
  writeFileSync(none ?? '', 'no archive at all')
  const refused = await gantry('image', 'import', bad ?? '')
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toMatch(/^error: .*sha256:[0-9a-f]/)
  for (const path of [short, none]) expect(await gantry('image', 'import', path ?? '')).toMatchObject({ exitCode: 1, stdout: '', stderr: expect.stringMatching(/^error: .*archive/) as string })
  expect(await gantry('image', 'import', '/nonexistent.tar')).toMatchObject({ exitCode: 1, stderr: 'error: /nonexistent.tar does not exist\n' })
  expect(await lab.listImages()).toEqual(before)
})

test('an impossible request: the event says what is short, and why names the nearest miss', async () => {
  await create(pod('too-big', { resources: { requests: { cpu: '900' } } }))
  await cluster.until<Pod>(OBJECTS[0] ?? '', (pods) => pods.some((one) => one.status?.conditions?.some(({ type, reason }) => type === 'PodScheduled' && reason === 'Unschedulable')))
  expect((await gantry('get', 'pod', 'too-big')).stdout).toMatch(/too-big +0\/1 +Pending/)
  expect((await gantry('describe', 'pod', 'too-big')).stdout).toMatch(/FailedScheduling .*0\/1 nodes are available: 1 Insufficient cpu/)
  const { stdout } = await gantry('why', 'pod/too-big')
  expect(stdout).toContain('Pod too-big is on no node: none of the 1 that were looked at can take it')
  expect(stdout).toMatch(/n1 \* +Insufficient cpu; .*900/)
  expect(stdout).toContain('* n1 is the nearest miss.')
  await cluster.send('DELETE', `/api/v1/namespaces/${NAMESPACE}/pods/too-big`)
})

test('the command itself: what it does not know, whom it cannot reach', async () => {
  expect(await gantry('get', 'depoyments')).toMatchObject({ exitCode: 1, stderr: 'error: the server doesn\'t have a resource type "depoyments"\nDid you mean "deployments"?\n' })
  expect((await gantry('get', 'pods', '--wathc')).stderr).toContain('unknown flag: --wathc (did you mean --watch?)')
  expect((await gantry('--context', 'nope', 'get', 'pods')).stderr).toBe('error: context "nope" does not exist\n')
  const refused = await gantry('--server', 'https://127.0.0.1:1', 'get', 'pods')
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/^The connection to the server 127\.0\.0\.1:1 was refused - did you specify the right host or port\?\n.*gantry lab up/) as string })
  expect((await run(GANTRY, ['lab', 'kill', 'n9', '--name', cluster.name])).stderr).toBe(`error: lab ${cluster.name} has no "n9": it has etcd, control-plane, n1\n`)
  expect((await run(GANTRY, ['lab', 'status', '--name', 'nowhere'])).stderr).toContain('gantry lab up --name nowhere')
  // The kubeconfig was only read.
  expect(readFileSync(cluster.kubeconfig, 'utf8')).toBe(await lab.kubeconfig(cluster.name))
})
