/** Every real kubectl from 1.27 on that is on this machine does its daily work on a lab of two nodes, each in a namespace of its own. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import type { ConfigMap, Deployment, Node, Pod, Secret } from '../../shared/model/gen/api.ts'
import { isRunning, kubectlMinor, kubectls, run, type Ran, type TestLab } from './harness.ts'
import { labOfTests } from './lab-of-tests.ts'

const clients = kubectls().map((path) => ({ path, minor: kubectlMinor(path) ?? 0 }))
const BUSYBOX = 'docker.io/library/busybox'

let cluster: TestLab
if (clients.length > 0) labOfTests({ name: 'e2e-kubectl', nodes: 2, prepare: (lab) => void (cluster = lab) })

if (clients.length === 0) test.skip('no kubectl from 1.27 on is on this machine (kubectl.1.NN, or kubectl, in the PATH)', () => {})

const manifest = (replicas: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: httpd
        image: ${BUSYBOX}:1.35
        command: [sh, -c, 'mkdir -p /www && hostname > /www/index.html && exec httpd -f -p 8080 -h /www']
        ports: [{ containerPort: 8080, name: http }]
        readinessProbe: { httpGet: { path: /, port: http }, periodSeconds: 1 }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ port: 80, targetPort: http }]
`

/** A kubectl that goes on: what it prints can be waited for. */
interface Going {
  /** Resolves with all of its output once that holds the text. */
  seen(what: string | RegExp): Promise<string>
  readonly ended: Promise<Ran>
  stop(): void
}

function follow(program: string, words: readonly string[]): Going {
  const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: 240_000, killSignal: 'SIGKILL' })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<Ran>((resolve) => {
    child.once('close', (code) => resolve({ exitCode: code ?? 137, stdout, stderr }))
  })
  return {
    ended,
    stop: () => void child.kill('SIGTERM'),
    async seen(what) {
      const holds = (): boolean => (typeof what === 'string' ? stdout.includes(what) : what.test(stdout))
      await expect.poll(() => holds() || `${stdout}${stderr}`, { timeout: 60_000, interval: 20 }).toBe(true)
      return stdout
    },
  }
}

describe.each(clients)('kubectl 1.$minor', ({ path: program, minor }) => {
  const namespace = `k1${minor}`
  const inNamespace = (words: readonly string[]): readonly string[] => ['--cache-dir', join(cluster.kubeconfig, '..', `cache-${minor}`), '-n', namespace, ...words]
  const kubectl = (words: readonly string[], stdin?: string): Promise<Ran> => cluster.kubectl(inNamespace(words), { program, ...(stdin !== undefined && { stdin }) })
  /** What it printed. Fails the test when it failed. */
  const ok = async (words: readonly string[], stdin?: string): Promise<string> => {
    const ran = await kubectl(words, stdin)
    expect(ran.exitCode, `kubectl ${words.join(' ')}: ${ran.stdout}${ran.stderr}`).toBe(0)
    return ran.stdout
  }
  const going = (words: readonly string[]): Going => follow(program, ['--kubeconfig', cluster.kubeconfig, ...inNamespace(words)])
  /** As from a terminal: `script` gives it one. */
  const onTerminal = (words: readonly string[], typed: string): Promise<Ran> => {
    const line = [program, '--kubeconfig', cluster.kubeconfig, ...inNamespace(words)].map((word) => `'${word}'`).join(' ')
    return run('script', ['-qec', `stty rows 40 cols 100; ${line}`, '/dev/null'], { stdin: typed })
  }
  const api = `/api/v1/namespaces/${namespace}`
  const webPods = `${api}/pods?labelSelector=app%3Dweb`
  const deployment = (): Promise<Deployment> => cluster.get(`/apis/apps/v1/namespaces/${namespace}/deployments/web`)
  const webImages = async (): Promise<readonly (string | undefined)[]> => (await cluster.until<Pod>(webPods, (pods) => pods.length === 2 && pods.every(isRunning))).map((pod) => pod.spec?.containers[0]?.image)

  const spaceOf = (): Promise<unknown> => cluster.get(api).catch(() => ok(['create', 'namespace', namespace]))
  /** What earlier tests have made; made anew where one of them failed, and its lab went. */
  const webOf = async (replicas: number): Promise<readonly Pod[]> => {
    await spaceOf()
    const there = await deployment().catch(() => undefined)
    if (there?.spec?.replicas !== replicas) await ok(['apply', '-f', '-'], manifest(replicas))
    return cluster.until<Pod>(webPods, (pods) => pods.length === replicas && pods.every(isRunning))
  }

  test('create (protobuf from 1.32 on)', async () => {
    expect(await ok(['create', 'namespace', namespace])).toBe(`namespace/${namespace} created\n`)
    expect(await ok(['create', 'serviceaccount', 'robot'])).toBe('serviceaccount/robot created\n')
    expect(await ok(['create', 'configmap', 'settings', '--from-literal=colour=blue', '--from-literal=empty='])).toBe('configmap/settings created\n')
    expect(await ok(['create', 'secret', 'generic', 'keys', '--from-literal=user=someone'])).toBe('secret/keys created\n')
    expect(await ok(['create', 'service', 'clusterip', 'plain', '--tcp=80:8080', '--tcp=443:https'])).toBe('service/plain created\n')
    expect(await ok(['create', 'deployment', 'made', `--image=${BUSYBOX}:1.35`, '--replicas=1', '--', 'sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'])).toBe('deployment.apps/made created\n')
    expect((await cluster.get<ConfigMap>(`${api}/configmaps/settings`)).data).toEqual({ colour: 'blue', empty: '' })
    expect((await cluster.get<Secret>(`${api}/secrets/keys`)).data).toEqual({ user: Buffer.from('someone').toString('base64') })
    expect((await ok(['create', 'token', 'robot'])).trim().split('.')).toHaveLength(3)
    await cluster.until<Pod>(`${api}/pods?labelSelector=app%3Dmade`, (pods) => pods.length === 1 && pods.every(isRunning))
    const refused = await kubectl(['create', 'service', 'nodeport', 'np', '--tcp=80', '--node-port=99'])
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain('provided port is not in the valid range. The range of valid ports is 30000-32767')
    expect(await ok(['delete', 'deployment', 'made'])).toContain('"made" deleted')
  })

  test('apply, rollout status, get -w sees changes', async () => {
    await spaceOf()
    expect(await ok(['apply', '-f', '-'], manifest(1))).toBe('deployment.apps/web created\nservice/web created\n')
    expect(await ok(['rollout', 'status', 'deployment/web', '--timeout=60s'])).toContain('successfully rolled out')
    expect(await ok(['apply', '-f', '-'], manifest(1))).toBe('deployment.apps/web unchanged\nservice/web unchanged\n')
    const watch = going(['get', 'deployment', 'web', '-w'])
    await watch.seen(/^web +1\/1/m)
    expect(await ok(['apply', '-f', '-'], manifest(2))).toBe('deployment.apps/web configured\nservice/web unchanged\n')
    expect(await watch.seen(/^web +2\/2/m)).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +1\/1 /)
    watch.stop()
    await watch.ended
    expect(await ok(['get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].status.phase}'])).toBe('Running Running')
  })

  test('describe', async () => {
    const [pod] = await webOf(2)
    /** Events and statuses are written a moment after what they tell of. */
    const describedWith = async (what: readonly string[], wanted: RegExp | string): Promise<string> => {
      const describe = (): Promise<string> => ok(['describe', ...what])
      if (typeof wanted === 'string') await expect.poll(describe, { timeout: 60_000 }).toContain(wanted)
      else await expect.poll(describe, { timeout: 60_000 }).toMatch(wanted)
      return describe()
    }
    const described = await describedWith(['pod', pod?.metadata.name ?? ''], /Normal +Started /)
    expect(described).toMatch(new RegExp(`^IP: +${pod?.status?.podIP}$`, 'm'))
    expect(described).toMatch(/^Controlled By: +ReplicaSet\/web-/m)
    expect(described).toMatch(/Normal +Scheduled .*Successfully assigned/)
    expect(described).toMatch(/Normal +Started /)
    const ofDeployment = await describedWith(['deployment', 'web'], /^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m)
    expect(ofDeployment).toContain('ScalingReplicaSet')
    const ofNode = await ok(['describe', 'node', pod?.spec?.nodeName ?? ''])
    expect(ofNode).toContain(pod?.metadata.name)
    expect(ofNode).toMatch(/Ready +True/)
    const ofService = await ok(['describe', 'service', 'web'])
    expect(ofService).toMatch(/^Selector: +app=web$/m)
    // Older ones look for the Endpoints of core/v1, which are not served.
    if (minor >= 31) await describedWith(['service', 'web'], `${pod?.status?.podIP}:8080`)
  })

  test('logs -f follows until the pod ends', async () => {
    await spaceOf()
    await ok(['run', 'teller', `--image=${BUSYBOX}:1.35`, '--restart=Never', '--', 'sh', '-c', 'echo line 1; until [ -f /go ]; do usleep 20000; done; echo line 2; echo line 3'])
    await ok(['wait', 'pod/teller', '--for=jsonpath={.status.phase}=Running', '--timeout=60s'])
    const logs = going(['logs', '-f', 'teller'])
    expect(await logs.seen('line 1\n')).toBe('line 1\n')
    await ok(['exec', 'teller', '--', 'touch', '/go'])
    expect(await logs.ended).toEqual({ exitCode: 0, stdout: 'line 1\nline 2\nline 3\n', stderr: '' })
    expect(await ok(['logs', 'teller', '--tail=1'])).toBe('line 3\n')
    expect(await ok(['logs', 'teller', '--tail=1', '--timestamps'])).toMatch(/^\d{4}-\d\d-\d\dT\S+Z line 3\n$/)
    expect((await kubectl(['logs', 'nobody'])).stderr).toContain('pods "nobody" not found')
  })

  test('exec: output, exit code, input', async () => {
    await webOf(2)
    expect(await ok(['exec', 'deploy/web', '--', 'hostname'])).toMatch(/^web-/)
    const failed = await kubectl(['exec', 'deploy/web', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])
    expect(failed).toMatchObject({ exitCode: 7, stdout: 'out\n' })
    expect(failed.stderr).toContain('err\ncommand terminated with exit code 7\n')
    expect(await ok(['exec', '-i', 'deploy/web', '--', 'tr', 'a-z', 'A-Z'], 'hello\n')).toBe('HELLO\n')
    expect((await ok(['exec', '-i', 'deploy/web', '--', 'wc', '-c'], 'x'.repeat(2_000_000))).trim()).toBe('2000000')
    expect((await ok(['exec', 'deploy/web', '--', 'sh', '-c', 'head -c 2000000 /dev/zero | tr "\\0" y'])).length).toBe(2_000_000)
    expect((await kubectl(['exec', 'deploy/web', '--', 'nosuch'])).stderr).toContain('exec: "nosuch": executable file not found in $PATH')
  })

  test('exec on a terminal: a shell that is typed to, its size, its exit code', async () => {
    await webOf(2)
    const shell = await onTerminal(['exec', '-it', 'deploy/web', '--', 'sh'], 'for _ in $(seq 99); do [ "$(stty size)" = "40 100" ] && break; sleep 0.1; done; stty size; echo $((6*7)) $TERM\nexit 3\n')
    expect(shell.stdout).toContain('\r\n40 100\r\n')
    expect(shell.stdout).toContain('\r\n42 xterm\r\n')
    expect(shell.exitCode).toBe(3)
    const short = await onTerminal(['exec', '-t', 'deploy/web', '--', 'sh', '-c', 'echo short; exit 5'], '')
    expect(short.stdout).toContain('short\r\n')
    expect(short.exitCode).toBe(5)
  })

  test('port-forward', async () => {
    await webOf(2)
    const forward = going(['port-forward', 'service/web', ':80'])
    const port = /127\.0\.0\.1:(\d+)/.exec(await forward.seen('Forwarding from 127.0.0.1:'))?.[1]
    for (let call = 0; call < 3; call++) expect(await (await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } })).text()).toMatch(/^web-/)
    forward.stop()
    await forward.ended
  })

  test('set image, rollout history and undo', async () => {
    await webOf(2)
    expect(await webImages()).toEqual([`${BUSYBOX}:1.35`, `${BUSYBOX}:1.35`])
    expect(await ok(['set', 'image', 'deployment/web', `httpd=${BUSYBOX}:1.36`])).toBe('deployment.apps/web image updated\n')
    expect(await ok(['rollout', 'status', 'deployment/web', '--timeout=60s'])).toContain('successfully rolled out')
    expect(await webImages()).toEqual([`${BUSYBOX}:1.36`, `${BUSYBOX}:1.36`])
    expect(await ok(['rollout', 'history', 'deployment/web'])).toMatch(/^1 .*\n2 /m)
    expect(await ok(['rollout', 'undo', 'deployment/web'])).toBe('deployment.apps/web rolled back\n')
    expect(await ok(['rollout', 'status', 'deployment/web', '--timeout=60s'])).toContain('successfully rolled out')
    expect(await webImages()).toEqual([`${BUSYBOX}:1.35`, `${BUSYBOX}:1.35`])
    expect((await deployment()).metadata.annotations?.['deployment.kubernetes.io/revision']).toBe('3')
  })

  test('scale, label, annotate', async () => {
    await webOf(2)
    expect(await ok(['scale', 'deployment/web', '--replicas=3'])).toBe('deployment.apps/web scaled\n')
    await ok(['wait', 'deployment/web', '--for=jsonpath={.status.readyReplicas}=3', '--timeout=60s'])
    expect(await ok(['label', 'deployment', 'web', 'tier=front'])).toBe('deployment.apps/web labeled\n')
    expect(await ok(['get', 'deployment', '-l', 'tier=front', '-o', 'name'])).toBe('deployment.apps/web\n')
    expect(await ok(['annotate', 'deployment', 'web', 'note=a b'])).toMatch(/^deployment.apps\/web annotated?\n$/)
    expect((await deployment()).metadata.annotations?.['note']).toBe('a b')
    await ok(['label', 'deployment', 'web', 'tier-'])
    expect(await ok(['get', 'deployment', '-l', 'tier=front', '-o', 'name'])).toBe('')
  })

  test('cordon, drain, uncordon', async () => {
    const node = (await webOf(3))[0]?.spec?.nodeName ?? ''
    expect(await ok(['cordon', node])).toBe(`node/${node} cordoned\n`)
    expect(await ok(['get', 'node', node])).toContain('Ready,SchedulingDisabled')
    const drained = await ok(['drain', node, '--pod-selector=app=web', '--timeout=60s'])
    expect(drained).toMatch(/evicting pod k\d+\/web-/)
    expect(drained).toContain(`node/${node} drained\n`)
    const pods = await cluster.until<Pod>(webPods, (items) => items.length === 3 && items.every(isRunning))
    expect(pods.map((pod) => pod.spec?.nodeName)).not.toContain(node)
    expect(await ok(['uncordon', node])).toBe(`node/${node} uncordoned\n`)
    expect((await cluster.get<Node>(`/api/v1/nodes/${node}`)).spec?.unschedulable).toBeUndefined()
  })

  test('delete --wait returns when it is gone', async () => {
    const [pod] = await webOf(3)
    expect(await ok(['delete', 'pod', pod?.metadata.name ?? '', '--wait'])).toContain('deleted')
    const { items } = await cluster.get<{ readonly items: readonly Pod[] }>(webPods)
    expect(items.map((one) => one.metadata.uid)).not.toContain(pod?.metadata.uid)
    expect(await ok(['delete', '-f', '-', '--cascade=foreground'], manifest(3))).toMatch(/deployment.apps "web" deleted.*\nservice "web" deleted/)
    await expect(cluster.get(`/apis/apps/v1/namespaces/${namespace}/deployments/web`)).rejects.toThrow('404')
    expect(await ok(['delete', 'namespace', namespace, '--wait'])).toContain('deleted')
    await expect(cluster.get(`/api/v1/namespaces/${namespace}`)).rejects.toThrow('404')
  })
})
