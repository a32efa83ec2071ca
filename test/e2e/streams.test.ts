/** What goes on in streams, by every real kubectl on this machine (SPDY up to 1.30, WebSocket and the tunnel from 1.31 on), each on pods of its own. */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { slowness } from '../../deploy/lab/patience.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { failed, isRunning, kubectlMinor, kubectls, run, runKubectl, testLab, type Ran, type TestLab } from './harness.ts'

const clients = kubectls().map((path) => ({ path, minor: kubectlMinor(path) ?? 0 }))
const BUSYBOX = 'docker.io/library/busybox:1.35'

let cluster: TestLab
let folder: string
beforeAll(async () => {
  if (clients.length === 0) return
  folder = mkdtempSync(join(tmpdir(), 'gantry-streams-'))
  cluster = await testLab('e2e-streams', { nodes: 1 }).catch(() => testLab('e2e-streams', { nodes: 1 }))
})
afterAll(async () => {
  if (clients.length === 0) return
  rmSync(folder, { recursive: true, force: true })
  await cluster?.[Symbol.asyncDispose]()
})

if (clients.length === 0) test.skip('no kubectl from 1.27 on is on this machine', () => {})

const pods = (namespace: string): string => `
apiVersion: v1
kind: Namespace
metadata: { name: ${namespace} }
---
apiVersion: v1
kind: Pod
metadata: { name: two, namespace: ${namespace}, labels: { app: two } }
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - { name: a, image: ${BUSYBOX}, command: [sh, -c, 'echo a 1; echo a 2; exec sleep 10000'] }
  - { name: b, image: ${BUSYBOX}, command: [sh, -c, 'echo b 1; echo b 2; exec sleep 10000'] }
---
apiVersion: v1
kind: Pod
metadata: { name: again, namespace: ${namespace} }
spec:
  terminationGracePeriodSeconds: 0
  volumes: [{ name: d, emptyDir: {} }]
  containers:
  - { name: a, image: ${BUSYBOX}, command: [sh, -c, 'if [ -f /d/x ]; then echo second; exec sleep 10000; fi; touch /d/x; echo first; exit 1'], volumeMounts: [{ name: d, mountPath: /d }] }
---
apiVersion: v1
kind: Pod
metadata: { name: reader, namespace: ${namespace} }
spec:
  terminationGracePeriodSeconds: 0
  restartPolicy: Never
  containers:
  - { name: a, image: ${BUSYBOX}, stdin: true, stdinOnce: true, command: [sh, -c, 'while read l; do echo "got $l"; done; echo end'] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: ${namespace} }
spec:
  terminationGracePeriodSeconds: 0
  containers:
  - { name: a, image: ${BUSYBOX}, command: [sh, -c, 'mkdir /w; head -c 1000000 /dev/zero | tr "\\\\0" x > /w/large; echo "<a href=/large>l</a>" > /w/index.html; exec httpd -f -p 8080 -h /w'], ports: [{ containerPort: 8080 }] }
`

describe.each(clients)('kubectl 1.$minor', { concurrent: true }, ({ path: program, minor }) => {
  let namespace = ''
  const words = (more: readonly string[]): readonly string[] => ['--kubeconfig', cluster.kubeconfig, '--cache-dir', join(folder, `cache-${minor}`), '-n', namespace, ...more]
  const kubectl = (more: readonly string[], stdin?: string): Promise<Ran> => runKubectl(program, words(more), stdin === undefined ? {} : { stdin })
  const ok = async (more: readonly string[], stdin?: string): Promise<string> => {
    const ran = await kubectl(more, stdin)
    if (ran.exitCode !== 0) throw new Error(`kubectl ${more.join(' ')}: ${ran.exitCode}: ${ran.stdout}${ran.stderr}`)
    return ran.stdout
  }

  test('exec, attach, run, cp, logs, debug, port-forward, proxy', async ({ expect }) => {
    // What a first try did to its pods must not stand in the way of a second one.
    namespace = `s1${minor}-${failed.tests}`
    await ok(['apply', '-f', '-'], pods(namespace))
    await cluster.until<Pod>(`/api/v1/namespaces/${namespace}/pods`, (all) => all.length === 4 && all.every(isRunning))

    // attach: what was written before is not told again, its input is the container's, and it ends with it.
    expect((await ok(['attach', '-i', '-q', 'reader'], 'one\ntwo\n')).endsWith('got one\ngot two\nend\n')).toBe(true)

    // run: input, output and exit code are the container's, also on a terminal.
    const ran = await kubectl(['run', 'once', `--image=${BUSYBOX}`, '--restart=Never', '--rm', '-i', '-q', '--', 'sh', '-c', 'read l; echo "got $l"; exit 4'], 'x\n')
    expect(ran).toMatchObject({ exitCode: 4, stdout: expect.stringContaining('got x\n') as string })
    const line = [program, ...words(['run', 'shell', `--image=${BUSYBOX}`, '--restart=Never', '--rm', '-it', '--', 'sh'])].map((word) => `'${word}'`).join(' ')
    const shell = await run('script', ['-qec', `stty rows 40 cols 100; ${line}`, '/dev/null'], { stdin: 'stty size; echo $((6*7)); exit 5\n' })
    expect(shell).toMatchObject({ exitCode: 5, stdout: expect.stringContaining('42\r\n') as string })

    // cp: a tree there and back.
    const tree = join(folder, `tree-${namespace}`)
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) % 251))
    mkdirSync(join(tree, 'deep'), { recursive: true })
    writeFileSync(join(tree, 'deep/bytes'), bytes)
    writeFileSync(join(tree, 'text'), 'text\n')
    await ok(['cp', tree, 'two:/tmp/tree', '-c', 'b'])
    await ok(['cp', 'two:/tmp/tree', `${tree}-back`, '-c', 'b'])
    expect(readdirSync(`${tree}-back`).toSorted()).toEqual(['deep', 'text'])
    expect(readFileSync(`${tree}-back/deep/bytes`).equals(bytes)).toBe(true)
    expect(await ok(['exec', 'two', '-c', 'b', '--', 'cat', '/tmp/tree/text'])).toBe('text\n')

    // logs
    expect((await ok(['logs', 'two', '--all-containers', '--prefix', '--tail=1'])).split('\n').toSorted()).toEqual(['', '[pod/two/a] a 2', '[pod/two/b] b 2'])
    expect(await ok(['logs', 'two', '-c', 'b', '--limit-bytes=5'])).toBe('b 1\nb')
    expect(await ok(['logs', 'two', '-c', 'b', '--since=1h', '--timestamps', '--tail=1'])).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z b 2\n$/)
    expect(await ok(['logs', 'two', '-c', 'b', '--since-time=2099-01-01T00:00:00Z'])).toBe('')
    await cluster.until<Pod>(`/api/v1/namespaces/${namespace}/pods?fieldSelector=metadata.name%3Dagain`, ([pod]) => pod?.status?.containerStatuses?.[0]?.restartCount === 1 && isRunning(pod))
    // It runs, and says so a moment later.
    await expect.poll(() => ok(['logs', 'again']), { timeout: 60_000 * slowness }).toBe('second\n')
    expect(await ok(['logs', 'again', '--previous'])).toBe('first\n')

    // debug: a container more in the pod, and a copy of the pod.
    expect(await ok(['debug', '-i', '-q', 'two', `--image=${BUSYBOX}`, '-c', 'dbg', '--profile=general', '--', 'sh', '-c', 'read l; echo "debug $l"'], 'x\n')).toContain('debug x')
    expect((await cluster.get<Pod>(`/api/v1/namespaces/${namespace}/pods/two`)).spec?.ephemeralContainers?.map(({ name }) => name)).toEqual(['dbg'])

    // port-forward: several at a time, a large answer, and a port where nobody listens.
    const forward = spawn(program, words(['port-forward', 'pod/web', ':8080', ':81']), { stdio: ['ignore', 'pipe', 'pipe'] })
    try {
      let said = ''
      forward.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
      forward.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
      const portTo = (port: number): string => new RegExp(`127\\.0\\.0\\.1:(\\d+) -> ${port}\n`).exec(said)?.[1] ?? ''
      await expect.poll(() => portTo(8080) !== '' && portTo(81) !== '', { timeout: 60_000 * slowness }).toBe(true)
      const answers = await Promise.all([1, 2, 3].map(async () => (await fetch(`http://127.0.0.1:${portTo(8080)}/large`, { headers: { connection: 'close' } })).text()))
      expect(answers.map((text) => text.length)).toEqual([1_000_000, 1_000_000, 1_000_000])
      await fetch(`http://127.0.0.1:${portTo(81)}/`).catch(() => {})
      await expect.poll(() => said, { timeout: 60_000 * slowness }).toContain('Connection refused')
    } finally {
      forward.kill('SIGKILL')
    }

    // proxy
    expect(await ok(['get', '--raw', `/api/v1/namespaces/${namespace}/pods/web/proxy/`])).toBe(`<a href="/api/v1/namespaces/${namespace}/pods/web/proxy/large">l</a>\n`)
    expect((await kubectl(['get', '--raw', `/api/v1/namespaces/${namespace}/pods/web:81/proxy/`])).stderr).toMatch(/^Error from server \(ServiceUnavailable\): error trying to reach service: dial tcp [\d.]+:81: connect: connection refused\n$/)
    expect(await ok(['get', '--raw', '/api/v1/nodes/n1/proxy/containerLogs/' + `${namespace}/two/a`])).toBe('a 1\na 2\n')
    await ok(['delete', 'namespace', namespace, '--wait=false'])
  })
})

test.skipIf(clients.length === 0)('what was open is free again on the node: no process of a stream is left', async () => {
  const [client] = clients
  const name = `held-${failed.tests}`
  await run(client?.path ?? '', ['--kubeconfig', cluster.kubeconfig, 'run', name, `--image=${BUSYBOX}`, '--restart=Never', '--', 'sleep', '10000'])
  await cluster.until<Pod>('/api/v1/namespaces/default/pods', (all) => all.some((pod) => pod.metadata.name === name && isRunning(pod)))
  const held = spawn(client?.path ?? '', ['--kubeconfig', cluster.kubeconfig, 'exec', name, '--', 'sleep', '4321'], { stdio: 'ignore' })
  const sleeping = async (): Promise<boolean> => (await run(client?.path ?? '', ['--kubeconfig', cluster.kubeconfig, 'exec', name, '--', 'sh', '-c', 'ps | grep -v grep | grep "sleep 4321"'])).exitCode === 0
  await expect.poll(sleeping, { timeout: 60_000 }).toBe(true)
  held.kill('SIGKILL')
  await expect.poll(sleeping, { timeout: 60_000 }).toBe(false)
})
