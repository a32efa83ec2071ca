/** The built `gantry` command does its daily work on a lab: what kubectl does, and what only it does. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { beforeEach, describe, expect, test } from 'vitest'
import * as lab from '../../deploy/lab/lab.ts'
import type { Deployment, Node, Pod, ServiceAccount } from '../../shared/model/gen/api.ts'
import { isRunning, kubectls, run, type Ran, type RunOptions, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const GANTRY = join(import.meta.dirname, '../../gantry')
const PODS = '/api/v1/namespaces/default/pods?labelSelector=app%3Dweb'
const DEPLOYMENT = '/apis/apps/v1/namespaces/default/deployments/web'

const MANIFEST = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: httpd
          image: docker.io/library/busybox:1.35
          command: [sh, -c, 'echo started; mkdir -p /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www']
          env: [{ name: A, value: a }, { name: B, value: b }]
          ports: [{ containerPort: 8080, name: http }]
          readinessProbe: { tcpSocket: { port: http }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: http }]
`

let cluster: TestLab
let folder: string

labOfTests({
  name: 'e2e-cli',
  nodes: 2,
  prepare(lab) {
    cluster = lab
    folder = mkdtempSync(join(tmpdir(), 'gantry-e2e-cli-'))
  },
  over: () => rmSync(folder, { recursive: true, force: true }),
})

const gantry = (words: readonly string[], options: RunOptions = {}): Promise<Ran> => run(GANTRY, ['--kubeconfig', cluster.kubeconfig, '--cache-dir', join(folder, 'cache'), ...words], options)

/** What it printed; it must have gone well. */
async function printed(...words: readonly string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await gantry(words)
  expect(exitCode, `${words.join(' ')}: ${stderr}`).toBe(0)
  return stdout
}

function file(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

/** A command that goes on, and what it has printed. */
function going(words: readonly string[]): { readonly child: ChildProcess; readonly output: () => string; readonly ended: Promise<number | null> } {
  const child = spawn(GANTRY, ['--kubeconfig', cluster.kubeconfig, ...words], { stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000 })
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text))
  return { child, output: () => output, ended: new Promise((resolve) => child.once('close', resolve)) }
}

/** What the first test makes; made anew where one failed, and its lab went. */
async function webRuns(): Promise<readonly Pod[]> {
  if ((await cluster.client.request({ path: DEPLOYMENT })).status === 404) await printed('apply', '-f', file('web.yaml', MANIFEST))
  return cluster.until<Pod>(PODS, (pods) => pods.length === 2 && pods.every(isRunning))
}

describe('from a file to running pods', () => {
  test('apply creates, leaves alone, and changes only what was changed', async () => {
    const path = file('web.yaml', MANIFEST)
    expect(await printed('apply', '-f', path)).toBe('deployment.apps/web created\nservice/web created\n')
    expect(await printed('apply', '-f', path)).toBe('deployment.apps/web unchanged\nservice/web unchanged\n')
    expect(await printed('rollout', 'status', 'deployment/web', '--timeout=60s')).toMatch(/deployment "web" successfully rolled out\n$/)
    // Somebody else's field stays, what was taken out of the file goes.
    await printed('scale', '--replicas=3', 'deployment/web')
    await printed('annotate', 'deployment', 'web', 'theirs=1')
    file('web.yaml', MANIFEST.replace('{ name: A, value: a }, ', '').replace('  replicas: 2\n', ''))
    expect(await printed('apply', '-f', path)).toBe('deployment.apps/web configured\nservice/web unchanged\n')
    const { metadata, spec } = await cluster.get<Deployment>(DEPLOYMENT)
    expect(spec?.template.spec?.containers[0]?.env).toEqual([{ name: 'B', value: 'b' }])
    expect(metadata.annotations?.['theirs']).toBe('1')
    await printed('rollout', 'status', 'deployment/web', '--timeout=60s')
    await printed('scale', '--replicas=2', 'deployment/web')
    await cluster.until<Pod>(PODS, (pods) => pods.length === 2 && pods.every(isRunning))
  })

  test('get: tables, wide, names, templates', async () => {
    await webRuns()
    const table = await printed('get', 'pods', '-l', 'app=web')
    expect(table.split('\n')[0]).toMatch(/^NAME +READY +STATUS +RESTARTS +AGE$/)
    expect(table.match(/web-\S+ +1\/1 +Running/g)).toHaveLength(2)
    expect(await printed('get', 'pods', '-o', 'wide')).toMatch(/NODE/)
    expect(await printed('get', 'deploy,svc', '-o', 'name')).toBe('deployment.apps/web\nservice/kubernetes\nservice/web\n')
    expect(await printed('get', 'deployment/web', '-o', 'jsonpath={.spec.replicas}')).toMatch(/^\d$/)
    expect(await printed('get', 'nodes', '-o', 'custom-columns=N:.metadata.name', '--no-headers')).toBe('n1\nn2\n')
    expect(await printed('get', 'all')).toMatch(/pod\/web-[\s\S]*service\/web[\s\S]*deployment\.apps\/web[\s\S]*replicaset\.apps\/web-/)
    expect(await gantry(['get', 'pods', '-n', 'kube-public'])).toMatchObject({ exitCode: 0, stdout: '', stderr: 'No resources found in kube-public namespace.\n' })
  })

  test('describe, logs, exec', async () => {
    const [pod] = await webRuns()
    const name = pod?.metadata.name ?? ''
    // Events are written a moment after what they tell of.
    await expect.poll(() => printed('describe', 'pod', name), { timeout: 60_000 }).toMatch(new RegExp(`Name: +${name}[\\s\\S]*Controlled By: +ReplicaSet/web-[\\s\\S]*Events:[\\s\\S]*Scheduled`))
    expect(await printed('describe', 'node', 'n1')).toMatch(/Non-terminated Pods:/)
    await expect.poll(() => printed('logs', name), { timeout: 60_000 }).toBe('started\n')
    await expect.poll(() => printed('logs', '-l', 'app=web', '--prefix'), { timeout: 60_000 }).toMatch(/^\[pod\/web-\S+\/httpd\] started\n\[pod\/web-\S+\/httpd\] started\n$/)
    expect(await gantry(['exec', name, '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])).toEqual({ exitCode: 7, stdout: 'out\n', stderr: 'err\ncommand terminated with exit code 7\n' })
    expect((await gantry(['exec', '-i', 'deployment/web', '--', 'wc', '-c'], { stdin: 'x'.repeat(3_000_000) })).stdout.trim()).toBe('3000000')
  })

  test('logs -f goes on until it is interrupted, and get -w shows what happens', async () => {
    await webRuns()
    const following = going(['logs', '-f', 'deployment/web'])
    const watching = going(['get', 'pods', '-l', 'app=web', '-w'])
    await expect.poll(following.output, { timeout: 60_000 }).toContain('started')
    await expect.poll(watching.output, { timeout: 60_000 }).toContain('Running')
    await printed('scale', '--replicas=3', 'deployment/web')
    await expect.poll(() => new Set(watching.output().match(/web-\S+/g)).size, { timeout: 60_000 }).toBe(3)
    await printed('scale', '--replicas=2', 'deployment/web')
    for (const { child } of [following, watching]) child.kill('SIGINT')
    await Promise.all([following.ended, watching.ended])
  })

  test('port-forward leads to the pod', async () => {
    await webRuns()
    const forwarding = going(['port-forward', 'service/web', ':80'])
    await expect.poll(forwarding.output, { timeout: 60_000 }).toMatch(/Forwarding from 127\.0\.0\.1:\d+ -> 8080/)
    const port = /127\.0\.0\.1:(\d+)/.exec(forwarding.output())?.[1] ?? ''
    const answer = await new Promise<string>((resolve, reject) => {
      get(`http://127.0.0.1:${port}/`, { agent: false }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (part: string) => (body += part)).on('end', () => resolve(body))
      }).on('error', reject)
    })
    expect(answer).toMatch(/^web-/)
    forwarding.child.kill('SIGINT')
    await forwarding.ended
  })

  test('set image, history, undo, restart, pause', async () => {
    await webRuns()
    expect(await printed('set', 'image', 'deployment/web', 'httpd=docker.io/library/busybox:1.36')).toBe('deployment.apps/web image updated\n')
    await printed('rollout', 'status', 'deployment/web', '--timeout=60s')
    // Those of before may be ending still.
    await webRuns()
    expect(await printed('exec', 'deployment/web', '--', 'cat', '/etc/version')).toBe('1.36\n')
    expect(await printed('rollout', 'undo', 'deployment/web')).toBe('deployment.apps/web rolled back\n')
    await printed('rollout', 'status', 'deployment/web', '--timeout=60s')
    expect((await cluster.get<Deployment>(DEPLOYMENT)).spec?.template.spec?.containers[0]?.image).toBe('docker.io/library/busybox:1.35')
    expect(await printed('rollout', 'history', 'deployment/web')).toMatch(/^deployment\.apps\/web \nREVISION {2}CHANGE-CAUSE\n/)
    expect(await printed('rollout', 'pause', 'deployment/web')).toBe('deployment.apps/web paused\n')
    expect(await printed('rollout', 'resume', 'deployment/web')).toBe('deployment.apps/web resumed\n')
    expect(await printed('rollout', 'restart', 'deployment/web')).toBe('deployment.apps/web restarted\n')
    await printed('rollout', 'status', 'deployment/web', '--timeout=60s')
  })

  test('edit: what the editor changed is sent', async () => {
    await webRuns()
    const editor = file('editor.sh', '#!/bin/sh\nsed -i "s/minReadySeconds: .*//; s/^  replicas: .*/  replicas: 1/" "$1"\n')
    const { exitCode, stdout, stderr } = await run('env', [`EDITOR=sh ${editor}`, GANTRY, '--kubeconfig', cluster.kubeconfig, 'edit', 'deployment', 'web'])
    expect([exitCode, stdout], stderr).toEqual([0, 'deployment.apps/web edited\n'])
    expect((await cluster.get<Deployment>(DEPLOYMENT)).spec?.replicas).toBe(1)
    await printed('scale', '--replicas=2', 'deployment/web')
  })
})

describe('nodes', () => {
  test('drain empties a node, uncordon lets pods come back', async () => {
    await webRuns()
    const { exitCode, stdout, stderr } = await gantry(['drain', 'n1', '--ignore-daemonsets', '--timeout=60s'])
    expect(exitCode, stderr).toBe(0)
    expect(stdout).toMatch(/^node\/n1 cordoned\n[\s\S]*node\/n1 drained\n$/)
    await cluster.until<Pod>(PODS, (pods) => pods.length === 2 && pods.every((pod) => isRunning(pod) && pod.spec?.nodeName === 'n2'))
    expect(await printed('uncordon', 'n1')).toBe('node/n1 uncordoned\n')
    expect((await cluster.get<Node>('/api/v1/nodes/n1')).spec?.unschedulable ?? false).toBe(false)
  })

  test('labels and taints', async () => {
    expect(await printed('label', 'node', 'n1', 'disk=fast')).toBe('node/n1 labeled\n')
    expect((await gantry(['label', 'node', 'n1', 'disk=slow'])).stderr).toContain("'disk' already has a value (fast), and --overwrite is false")
    expect(await printed('get', 'nodes', '-l', 'disk=fast', '-o', 'name')).toBe('node/n1\n')
    expect(await printed('label', 'node', 'n1', 'disk-')).toBe('node/n1 unlabeled\n')
    expect(await printed('taint', 'nodes', 'n1', 'a=b:NoSchedule')).toBe('node/n1 tainted\n')
    expect(await printed('taint', 'nodes', 'n1', 'a-')).toBe('node/n1 untainted\n')
  })
})

test('why: the node chosen, and those that came after it', async () => {
  const [pod] = await webRuns()
  const text = await printed('why', `pod/${pod?.metadata.name ?? ''}`)
  expect(text).toContain(`is on node ${pod?.spec?.nodeName ?? ''}`)
  expect(text).toMatch(/NODE +SCORE +\S/)
})

test('generators, wait, delete', async () => {
  expect(await printed('create', 'namespace', 'shop')).toBe('namespace/shop created\n')
  expect(await printed('-n', 'shop', 'create', 'deployment', 'one', '--image=docker.io/library/busybox:1.35', '--', 'sh', '-c', 'trap exit TERM; sleep 1000 & wait')).toBe('deployment.apps/one created\n')
  expect(await printed('-n', 'shop', 'create', 'configmap', 'c', '--from-literal=a=b')).toBe('configmap/c created\n')
  expect(await printed('-n', 'shop', 'create', 'secret', 'generic', 's', '--from-literal=a=b')).toBe('secret/s created\n')
  await cluster.until<ServiceAccount>('/api/v1/namespaces/shop/serviceaccounts', (accounts) => accounts.some(({ metadata }) => metadata.name === 'default'))
  expect((await printed('-n', 'shop', 'create', 'token', 'default')).split('.')).toHaveLength(3)
  expect(await printed('-n', 'shop', 'wait', '--for=condition=Available', 'deployment/one', '--timeout=60s')).toBe('deployment.apps/one condition met\n')
  expect(await printed('-n', 'shop', 'expose', 'deployment', 'one', '--port=80')).toBe('service/one exposed\n')
  expect(await printed('-n', 'shop', 'delete', 'pod', '--all', '--now')).toMatch(/^pod "one-\S+" deleted\n$/)
  expect(await printed('delete', 'namespace', 'shop', '--timeout=60s')).toBe('namespace "shop" deleted\n')
  expect(await gantry(['get', 'namespace', 'shop'])).toMatchObject({ exitCode: 1, stderr: 'Error from server (NotFound): namespaces "shop" not found\n' })
})

test('images of this host', async () => {
  expect(await printed('image', 'ls')).toMatch(/docker\.io\/library\/busybox:1\.35 +[0-9a-f]{12} +\S+B\n/)
})

test('a lab is told of, its token and its kubeconfig printed', async () => {
  expect(await printed('lab', 'status', '--name', cluster.name)).toMatch(/n2 +node +running/)
  expect(await printed('lab', 'list')).toContain(cluster.name)
  expect(await printed('token', 'create', '--name', cluster.name)).toMatch(/^gantry1\.[0-9a-f]{64}\.\S+\n$/)
  expect(await printed('kubeconfig', '--name', cluster.name)).toContain(`gantry-${cluster.name}`)
  expect((await gantry(['lab', 'logs', 'n1', '--name', cluster.name, '--tail=1'])).exitCode).toBe(0)
})

/** Everything that must be printed to the letter as kubectl prints it; ages are left out, they pass. */
const SAME: readonly (readonly string[])[] = [
  ['get', 'nodes', '-o', 'yaml'],
  ['get', 'deployment', 'web', '-o', 'json'],
  ['get', 'services', '-A', '-o', 'wide', '--no-headers', '--sort-by=.metadata.name'],
  ['get', 'configmaps', '-A', '-o', 'name'],
  ['get', 'pods', '-o', 'jsonpath={range .items[*]}{.metadata.name}{"\\t"}{.status.phase}{"\\n"}{end}'],
  ['get', 'pods', '-o', 'custom-columns=NAME:.metadata.name,IMAGES:.spec.containers[*].image,NONE:.nope'],
  ['api-resources'],
  ['api-versions'],
  ['rollout', 'history', 'deployment/web'],
  ['rollout', 'status', 'deployment/web'],
  ['get', 'pod', 'nope'],
  ['get', 'nope'],
  ['create', 'configmap', 'x', '--from-literal=a=b', '--dry-run=server', '-o', 'name'],
]

const ageless = (text: string): string => text.replace(/ +\d+[smhd]\d*[smhd]?(?= |$)/gm, ' AGE')

const [newest] = kubectls().toReversed()
describe.skipIf(newest === undefined)('to the letter as kubectl', () => {
  beforeEach(async () => void (await webRuns()))

  test.each(SAME.map((words) => [words.join(' '), words] as const))('%s', async (_title, words) => {
    const both = async (): Promise<readonly [Ran, Ran]> => {
      const [ours, theirs] = [await gantry(words), await cluster.kubectl(words, { program: newest ?? 'kubectl' })]
      // kubectl adds a note when its version is far from the server's.
      return [{ ...ours, stdout: ageless(ours.stdout), stderr: ours.stderr.replace(/\nDid you mean .*/, '') }, { ...theirs, stdout: ageless(theirs.stdout), stderr: theirs.stderr.replace(/^WARNING: .*\n/m, '') }]
    }
    let [ours, theirs] = await both()
    // An object may have been written to in between.
    for (let tries = 0; tries < 4 && !isDeepStrictEqual(ours, theirs); tries++) [ours, theirs] = await both()
    expect(ours).toEqual(theirs)
  })
})

test('the demo: a lab, the example on it, what to try next; twice is once', async () => {
  const name = 'e2e-demo'
  await lab.down(name, { keep: false })
  try {
    const first = await run(GANTRY, ['lab', 'demo', '--name', name, '--no-kubeconfig'], { timeoutMs: 240_000 })
    expect(first.exitCode, first.stderr).toBe(0)
    expect(first.stdout.match(/hello-\S+ +1\/1 +Running/g)).toHaveLength(6)
    expect(first.stdout).toMatch(/http:\/\/10\.89\.\d+\.11:30080\/ says: hello from hello-/)
    expect(first.stdout).toMatch(/in all +\d/)
    expect(first.stdout).toContain('./gantry why pod/hello-')
    const again = await run(GANTRY, ['lab', 'demo', '--name', name, '--no-kubeconfig'], { timeoutMs: 240_000 })
    expect(again.stdout).toContain('Everything of the lab was running.')
  } finally {
    await lab.down(name, { keep: false })
  }
  expect(existsSync(`/var/lib/gantry/labs/${name}`)).toBe(false)
})

test('up writes a context, and down takes it out again', async () => {
  const kubeconfig = file('own-kubeconfig', '# mine\napiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\ncurrent-context: ""\n')
  const withOwn = (words: readonly string[]): Promise<Ran> => run('env', [`KUBECONFIG=${kubeconfig}`, GANTRY, ...words])
  try {
    const up = await withOwn(['lab', 'up', '--name', 'e2e-own', '--nodes', '0'])
    expect(up.stdout, up.stderr).toMatch(/^lab e2e-own is up at https:\/\/10\.89\.\d+\.2:6443: started etcd and control-plane/)
    expect((await withOwn(['config', 'current-context'])).stdout).toBe('gantry-e2e-own\n')
    expect((await withOwn(['get', 'namespaces', '-o', 'name'])).stdout).toContain('namespace/default')
  } finally {
    await withOwn(['lab', 'down', '--name', 'e2e-own'])
  }
  expect(existsSync(kubeconfig) ? readFileSync(kubeconfig, 'utf8') : '').not.toContain('e2e-own')
})
