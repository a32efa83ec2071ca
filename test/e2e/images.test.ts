/** Images as people handle them: `gantry image` through the control plane to the nodes of a lab, and what pods then run. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { busyboxFiles, dockerArchive } from '../../deploy/images/make-busybox.ts'
import type { Node, Pod } from '../../shared/model/gen/api.ts'
import { isRunning, isWell, run, type Ran, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const GANTRY = join(import.meta.dirname, '../../gantry')
const NAME = 'e2e-images'
/** Of their own, so that no other run has brought them in, nor another lab. */
let IMAGE = ''
let PATCHED = ''
let COPY = ''
let BUILT = ''

let folder: string
let archive: string
let cluster: TestLab
const gantry = (...words: readonly string[]): Promise<Ran> => run(GANTRY, ['--kubeconfig', cluster.kubeconfig, '--cache-dir', join(folder, 'cache'), ...words])
const said = async (...words: readonly string[]): Promise<string> => {
  const { exitCode, stdout, stderr } = await gantry(...words)
  expect(exitCode, `${words.join(' ')}: ${stderr}`).toBe(0)
  return stdout
}

let labs = 0
labOfTests({ name: NAME, nodes: 2, prepare, over: () => rmSync(folder, { recursive: true, force: true }) })

async function prepare(lab: TestLab): Promise<void> {
  cluster = lab
  const tag = `${process.pid}-${++labs}`
  ;[IMAGE, PATCHED, COPY, BUILT] = [`docker.io/library/images-e2e:${tag}`, `docker.io/library/images-e2e-patched:${tag}`, `docker.io/library/images-e2e-copy:${tag}`, `docker.io/library/images-e2e-built:${tag}`]
  folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-images-'))
  archive = join(folder, 'image.tar')
  await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.length === 2 && nodes.every(isWell))
  writeFileSync(archive, dockerArchive(IMAGE, [...busyboxFiles(readFileSync('/bin/busybox'), ['sleep', 'sh']), { name: 'etc/made-by', content: IMAGE }]))
}

const PODS = '/api/v1/namespaces/default/pods'
const pod = (name: string, nodeName: string, image = IMAGE): object => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'default' }, spec: { nodeName, terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image, imagePullPolicy: 'Never', command: ['sleep', '1000'] }] } })
const running = (name: string): Promise<readonly Pod[]> => cluster.until<Pod>(PODS, (pods) => pods.some((one) => one.metadata.name === name && isRunning(one)))

/** What the first tests make; made anew where one failed, and its lab went. */
async function farRuns(): Promise<void> {
  if ((await cluster.client.request({ path: `${PODS}/far` })).status === 404) {
    await said('image', 'import', archive, '--node', 'n1')
    await said('image', 'tag', IMAGE, COPY, '--node', 'n1')
    await cluster.send('POST', PODS, pod('far', 'n2'))
  }
  await running('far')
}

test('an image that is brought to one node through the control plane is on all that share its store, and told by the Node', async () => {
  expect(await said('image', 'import', archive, '--node', 'n1')).toBe(`${IMAGE} imported on node n1\n`)
  const listed = await said('image', 'ls', '-o', 'wide', '--node', 'n1,n2')
  expect(listed).toMatch(/^IMAGE +IMAGE ID +SIZE +AGE +ORIGIN +IN USE +DIGEST +NODES\n/)
  expect(listed.split('\n').filter((line) => line.startsWith(`${IMAGE} `))).toEqual([expect.stringMatching(/ +[0-9a-f]{12} +\S+MB +\S+ +local +no +<none> +n1,n2$/) as string])
  await cluster.until<Node>('/api/v1/nodes', (nodes) => nodes.every(({ status }) => status?.images?.some(({ names }) => names?.includes(IMAGE))))
  await cluster.send('POST', PODS, pod('far', 'n2'))
  await running('far')
  expect(await said('exec', 'far', '--', 'busybox', 'cat', '/etc/made-by')).toBe(IMAGE)
  expect(await said('image', 'ls', '-o', 'jsonpath={.items[?(@.isUsed==true)].tags[0]}', '--node', 'n1')).toContain(IMAGE)
})

test('it is named, looked into, exported, and whole', async () => {
  await farRuns()
  expect(await said('image', 'tag', IMAGE, COPY, '--node', 'n1,n2')).toBe(`${IMAGE} tagged ${COPY} on nodes n1, n2\n`)
  expect(await said('image', 'history', COPY, '--node', 'n2')).toMatch(/^CREATED +CREATED BY +SIZE +COMMENT\n\S+ +hand +\S+MB/)
  const file = join(folder, 'out.tar')
  expect(await said('image', 'export', COPY, '-f', file, '--node', 'n2')).toContain(`${COPY} exported to ${file}`)
  expect(await said('image', 'check', COPY, '--node', 'n1')).toBe('1 image is whole on node n1\n')
  const id = await said('image', 'inspect', IMAGE, '-o', 'jsonpath={.id}', '--node', 'n1')
  expect(await said('image', 'rm', COPY, '--node', 'n1')).toContain(`${COPY} removed on node n1\n`)
  expect(await said('image', 'import', file)).toContain(COPY)
  expect(await said('image', 'inspect', COPY, '-o', 'jsonpath={.id}')).toBe(id)
})

test('what a running container changed is an image of its own, and runs', async () => {
  await farRuns()
  await said('exec', 'far', '--', 'busybox', 'sh', '-c', 'echo changed >/etc/also && busybox rm /etc/shadow')
  expect(await gantry('commit', 'far', '-t', PATCHED)).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(new RegExp(`^${PATCHED} committed from pod/far \\(container c\\) on node n2: [0-9a-f]{12}\n$`)) as string })
  await cluster.send('POST', PODS, pod('patched', 'n1', PATCHED))
  await running('patched')
  expect(await said('exec', 'patched', '--', 'busybox', 'sh', '-c', 'busybox cat /etc/also; busybox ls /etc/shadow || true')).toBe('changed\n')
  await cluster.send('DELETE', `${PODS}/patched`)
  await cluster.until<Pod>(PODS, (pods) => pods.length === 1)
  expect(await said('image', 'rm', PATCHED)).toBe(`${PATCHED} removed\n`)
  expect(await gantry('commit', 'nobody', '-t', PATCHED)).toMatchObject({ exitCode: 1, stderr: 'Error from server (NotFound): pods "nobody" not found\n' })
})

test('an image is built on a node, does nothing twice, and runs', async () => {
  await farRuns()
  const context = join(folder, 'context')
  mkdirSync(context)
  writeFileSync(join(context, 'Dockerfile'), `ARG BASE\nFROM $BASE AS build\nCOPY kept /work/\nRUN busybox cat /work/kept > /made && busybox hostname >> /made\nFROM $BASE\nCOPY --from=build /made /made\n`)
  writeFileSync(join(context, '.dockerignore'), '*\n!kept\n')
  writeFileSync(join(context, 'kept'), 'from the context\n')
  writeFileSync(join(context, 'left-out'), 'x')
  const build = (): Promise<Ran> => gantry('image', 'build', '-t', BUILT, '--build-arg', `BASE=${IMAGE}`, '--node', 'n1', '--progress', 'plain', context)
  const first = await build()
  expect(first).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(new RegExp(`^${BUILT} built on node n1: [0-9a-f]{12} \\(\\S+MB\\)\n$`)) as string })
  const states = (said: string): readonly string[] => [...said.matchAll(/^#\d+ (CACHED|DONE|ERROR)/gm)].map(([, state = '']) => state)
  expect(states(first.stderr)).toEqual(['CACHED', 'DONE', 'DONE', 'CACHED', 'DONE'])
  writeFileSync(join(context, 'left-out'), 'y')
  const second = await build()
  expect(states(second.stderr)).toEqual(['CACHED', 'CACHED', 'CACHED', 'CACHED', 'CACHED'])
  expect(second.stdout).toBe(first.stdout)
  await cluster.send('POST', PODS, pod('built', 'n2', BUILT))
  await running('built')
  expect(await said('exec', 'built', '--', 'busybox', 'cat', '/made')).toBe('from the context\nbuild\n')
  await cluster.send('DELETE', `${PODS}/built`)
  await cluster.until<Pod>(PODS, (pods) => pods.length === 1)
  expect(await said('image', 'rm', BUILT)).toBe(`${BUILT} removed\n`)
  const broken = await run(GANTRY, ['--kubeconfig', cluster.kubeconfig, 'image', 'build', '--build-arg', `BASE=${IMAGE}`, '-q', '--target', 'biuld', context])
  expect(broken).toMatchObject({ exitCode: 1, stdout: '', stderr: 'error: target stage "biuld" could not be found in Dockerfile (did you mean build?)\n' })
})

test('a build that is interrupted ends on its node', async () => {
  await farRuns()
  const context = join(folder, 'interrupted')
  mkdirSync(context)
  const mark = `8640${process.pid}`
  writeFileSync(join(context, 'Dockerfile'), `FROM ${IMAGE}\nRUN echo begun; busybox sleep ${mark}\n`)
  const building = spawn(GANTRY, ['--kubeconfig', cluster.kubeconfig, 'image', 'build', '--node', 'n1', '--no-cache', context], { stdio: ['ignore', 'ignore', 'pipe'] })
  const ended = new Promise((resolve) => building.once('exit', resolve))
  let told = ''
  building.stderr.on('data', (bytes: Buffer) => void (told += bytes.toString()))
  await expect.poll(() => told, { timeout: 60_000 }).toMatch(/ begun\n/)
  await expect.poll(() => processesNaming(mark), { timeout: 60_000 }).not.toEqual([])
  building.kill('SIGINT')
  await ended
  await expect.poll(() => processesNaming(mark), { timeout: 60_000 }).toEqual([])
})

/** Command lines that end in this word. */
const processesNaming = (word: string): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1')
      } catch {
        return ''
      }
    })
    .filter((line) => line.endsWith(`\0${word}\0`))

test('taken away under a container it stays until that ends, and no longer', async () => {
  await farRuns()
  const layer = await said('image', 'inspect', IMAGE, '-o', 'jsonpath={.layers[0].folder}')
  for (const name of [IMAGE, COPY]) expect(await said('image', 'rm', name, '--node', 'n1')).toBe(`${name} removed on node n1\n`)
  expect(await said('exec', 'far', '--', 'busybox', 'cat', '/etc/made-by')).toBe(IMAGE)
  expect(existsSync(layer)).toBe(true)
  await cluster.send('DELETE', `${PODS}/far`)
  await cluster.until<Pod>(PODS, (pods) => pods.length === 0)
  // The node tells that a pod is gone when its containers are; its files go right after.
  await expect.poll(async () => ((await gantry('image', 'prune', '--node', 'n2')).exitCode === 0 ? existsSync(layer) : undefined), { timeout: 60_000 }).toBe(false)
  expect(await said('image', 'ls')).not.toContain(IMAGE)
})

test('what cannot be is said in words', async () => {
  expect(await gantry('image', 'rm', IMAGE, '--node', 'n1')).toMatchObject({ exitCode: 1, stderr: `error: there is no image "${IMAGE}": "gantry image ls" lists those there are\n` })
  expect(await gantry('image', 'ls', '--node', 'n9')).toMatchObject({ exitCode: 1, stderr: 'Error from server (NotFound): nodes "n9" not found\n' })
  const bad = join(folder, 'bad.tar')
  writeFileSync(bad, 'no archive at all, and long enough for a block'.repeat(20))
  expect(await gantry('image', 'import', bad, '--node', 'n1')).toMatchObject({ exitCode: 1, stdout: '', stderr: 'error: not a tar archive: "at all," is no octal number\n' })
})
