import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { securityModules } from '../../node-agent/host/security-modules.ts'
import type { OpenStream } from '../../proto/gen/node/v1/session.ts'
import type { Container, Pod, PodStatus } from '../../shared/model/gen/api.ts'
import { ownersCanBeMapped } from './own-users.ts'
import { execOn, isReadyOn, logsOn, podOf, refOf, shell, statusOn, streamOn, type Streamed } from './node-pods.ts'
import { folder, makeLayer, openNode, PARENT, removeAll, until, type Node } from './pod-node.ts'

/** Whole pods on this host: crun under conmon, overlayfs, cgroups, volumes; a network namespace each, without a way out. */

beforeAll(makeLayer)
afterAll(removeAll)

/** For what is there in a moment. */
const POLL = { timeout: 60_000, interval: 20 } as const

let node: Node
let count = 0
beforeEach(async () => {
  node = await openNode(join(folder, `node${++count}`))
})
afterEach(async () => {
  await node.close()
})

const statusOf = (pod: Pod): PodStatus => statusOn(node, pod)
const isReady = (pod: Pod) => (): boolean => isReadyOn(node, pod)
const ended = (pod: Pod) => (): boolean => ['Succeeded', 'Failed'].includes(statusOf(pod).phase ?? '') && statusOf(pod).conditions?.[0]?.status === 'False'

const streamOf = (request: OpenStream['request'], input: readonly string[] = []): Promise<Streamed> => streamOn(node, request, input)
const logsOf = (pod: Pod, container = '', more: object = {}): Promise<string> => logsOn(node, pod, { container, ...more })
const execIn = (pod: Pod, command: readonly string[], input?: readonly string[]): Promise<Streamed> => execOn(node, pod, command, input)

test('a pod runs: hosts, names, log, exec with exit codes and input', async () => {
  const pod = podOf('p', { containers: [shell('c', 'echo hello; hostname; cat /etc/hostname; grep -c "127.0.0.1.p" /etc/hosts; head -1 /etc/resolv.conf; echo $HOME $HOSTNAME; exec sleep 1000')] })
  node.workers.update(pod)
  await until(isReady(pod), 'ready')
  await expect.poll(() => logsOf(pod), POLL).toBe('hello\np\np\n1\nsearch ns.svc.cluster.local svc.cluster.local cluster.local\n/root p\n')
  expect(await logsOf(pod, 'c', { tailLines: 1 })).toBe('/root p\n')
  expect(await execIn(pod, ['sh', '-c', 'echo out; echo err >&2; exit 3'])).toMatchObject({ stdout: 'out\n', stderr: 'err\n', status: { reason: 'NonZeroExitCode', details: { causes: [{ reason: 'ExitCode', message: '3' }] } } })
  expect(await execIn(pod, ['cat'], ['line 1\nline 2'])).toMatchObject({ stdout: 'line 1\nline 2', status: undefined })
  expect((await execIn(pod, ['nosuch'])).status?.message).toContain('exec: "nosuch": executable file not found in $PATH')
  expect(statusOf(pod).containerStatuses?.[0]?.user).toEqual({ linux: { uid: 0, gid: 0, supplementalGroups: [0, 10] } })
})

test('restart: a container that is killed runs again, with a log of its own', async () => {
  const pod = podOf('p', { containers: [shell('c', 'echo up; exec sleep 1000')] })
  node.workers.update(pod)
  await until(isReady(pod), 'ready')
  await execIn(pod, ['sh', '-c', 'kill -9 1 2>/dev/null; true'])
  // The first process of a pid namespace cannot be killed from inside: the host does it.
  const id = statusOf(pod).containerStatuses?.[0]?.containerID?.replace('gantry://', '') ?? ''
  execFileSync('crun', ['--root', join(folder, `node${count}`, 'run/oci'), 'kill', id, '9'])
  await until(() => statusOf(pod).containerStatuses?.[0]?.restartCount === 1 && isReady(pod)(), 'restarted')
  expect(statusOf(pod).containerStatuses?.[0]?.lastState?.terminated).toMatchObject({ exitCode: 137, reason: 'Error' })
  await expect.poll(() => logsOf(pod), POLL).toBe('up\n')
  expect(await logsOf(pod, 'c', { previous: true })).toBe('up\n')
})

test.skipIf(!(await ownersCanBeMapped()))('users of its own: root inside is nobody outside, and files keep their owners, also over a restart of the agent', async () => {
  const mounted: Partial<Container> = { volumeMounts: [{ name: 'd', mountPath: '/d' }] }
  const root = shell('root', 'cat /proc/self/uid_map; id -u; stat -c %u /bin/sh /etc/hosts /d /; touch /d/mine; echo out >/dev/stdout; echo 127.0.0.1 me >>/etc/hosts && exec sleep 1000', mounted)
  const user = shell('user', 'until test -e /d/mine; do sleep 0.01; done; touch /d/theirs; exec sleep 1000', { ...mounted, securityContext: { runAsUser: 1000, runAsGroup: 1000 } })
  const pod = podOf('p', { hostUsers: false, containers: [root, user], volumes: [{ name: 'd', emptyDir: {} }], securityContext: { sysctls: [{ name: 'net.ipv4.ip_local_port_range', value: '1024 2048' }] } })
  node.workers.update(pod)
  await until(isReady(pod), 'ready')
  await expect.poll(() => logsOf(pod, 'root'), POLL).toMatch(/^ +0 +65536000 +65536\n0\n0\n0\n0\n0\nout\n$/)
  const volume = join(folder, `node${count}`, 'pods', pod.metadata.uid ?? '', 'volumes/kubernetes.io~empty-dir/d')
  await expect.poll(() => readdirSync(volume).sort().map((name) => [name, statSync(join(volume, name)).uid]), POLL).toEqual([['mine', 0], ['theirs', 1000]])
  const id = (at: number): string => statusOf(pod).containerStatuses?.[at]?.containerID?.replace('gantry://', '') ?? ''
  const { pid } = JSON.parse(execFileSync('crun', ['--root', join(folder, `node${count}`, 'run/oci'), 'state', id(1)]).toString()) as { readonly pid: number }
  expect(statSync(`/proc/${pid}`).uid).toBe(65_536_000 + 1000)
  await node.restart()
  const command = ['sh', '-c', 'id -u >/dev/stdout; stat -c %u /d/mine; cat /proc/sys/net/ipv4/ip_local_port_range']
  // Once it is found again.
  await expect.poll(async () => (await streamOf({ $case: 'exec', value: { pod: refOf(pod), container: 'user', command, stdin: false, stdout: true, stderr: true, tty: false } })).stdout, POLL).toBe('1000\n0\n1024\t2048\n')
  expect(statusOf(pod).containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0, 0])
})

test.skipIf(arch() !== 'x64').each([{}, ...((await ownersCanBeMapped()) ? [{ hostUsers: false }] : [])])('shared processes: a container that ends takes none along, and what it leaves is reaped (%o)', async (spec) => {
  const pod = podOf('p', { ...spec, shareProcessNamespace: true, containers: [shell('a', 'sh -c "sleep 0.05 &"; exec sleep 1234'), shell('b', 'exec sleep 4321')] })
  node.workers.update(pod)
  await until(isReady(pod), 'ready')
  const inB = async (script: string): Promise<string> => (await streamOf({ $case: 'exec', value: { pod: refOf(pod), container: 'b', command: ['sh', '-c', script], stdin: false, stdout: true, stderr: true, tty: false } })).stdout
  const seen = 'cat /proc/1/comm; for p in /proc/[0-9]*; do tr "\\0" " " <$p/cmdline; echo; done 2>/dev/null | grep "^sleep [14]" | sort'
  expect(await inB(seen)).toBe('pause\nsleep 1234 \nsleep 4321 \n')
  await expect.poll(() => inB('grep -l "^State:.Z" /proc/[0-9]*/status'), POLL).toBe('')
  const left = await inB('ls -A /proc/1/root; kill -9 1; kill -9 $(pidof sleep | tr " " "\\n" | sort -n | head -1)')
  expect(left).toBe('')
  await until(() => statusOf(pod).containerStatuses?.some(({ restartCount }) => restartCount === 1) === true && isReady(pod)(), 'one is there again')
  expect(statusOf(pod).containerStatuses?.map(({ restartCount }) => restartCount).sort()).toEqual([0, 1])
  await node.restart()
  await expect.poll(() => inB(seen), POLL).toBe('pause\nsleep 1234 \nsleep 4321 \n')
  node.workers.setAll([])
  await until(() => node.workers.statuses().length === 0, 'gone')
  expect(readdirSync(join(folder, `node${count}`, 'pods'))).toEqual(['.memory'].filter((name) => existsSync(join(folder, `node${count}`, 'pods', name))))
})

test('an image as a volume: its files, to be read and not run or written, gone with the pod', async () => {
  const volume = { name: 'i', image: { reference: 'busybox:1.35', pullPolicy: 'Never' } }
  const missing = podOf('m', { volumes: [{ name: 'i', image: { reference: 'nosuch:1', pullPolicy: 'Never' } }], containers: [shell('c', 'true', { volumeMounts: [{ name: 'i', mountPath: '/i' }] })] })
  const mounts = [{ name: 'i', mountPath: '/i' }, { name: 'i', mountPath: '/e', subPath: 'etc' }]
  const pod = podOf('p', { volumes: [volume], containers: [shell('c', 'head -n 1 /i/etc/passwd /e/group; echo x >/i/x || echo whole; /i/bin/busybox true || echo not run; exec sleep 1000', { volumeMounts: mounts })] })
  node.workers.setAll([pod, missing])
  await until(isReady(pod), 'ready')
  await expect.poll(() => logsOf(pod), POLL).toMatch(/root:x:0:0:root:[^]*root:x:0:[^]*whole\n[^]*not run\n/)
  await until(() => statusOf(missing).containerStatuses?.[0]?.state?.waiting?.reason === 'ErrImageNeverPull', 'told of the missing one')
  expect(node.events.filter((one) => one.includes('nosuch') || one.includes('NeverPull')).sort()).toEqual(['ErrImageNeverPull: Container image "nosuch:1" is not present with pull policy of Never', 'Failed: Error: ErrImageNeverPull'])
  const held = (): readonly string[] => readdirSync(join(folder, `node${count}`, 'snapshots')).filter((name) => !name.startsWith('.'))
  expect(held()).toHaveLength(2)
  node.workers.setAll([])
  await until(() => node.workers.statuses().length === 0, 'gone')
  expect(held()).toEqual([])
})

test('out of memory: OOMKilled', async () => {
  const pod = podOf('p', { restartPolicy: 'Never', containers: [shell('c', 'exec tail /dev/zero', { resources: { limits: { memory: '20Mi' } } })] })
  node.workers.update(pod)
  await until(ended(pod), 'ended')
  expect(statusOf(pod)).toMatchObject({ phase: 'Failed', containerStatuses: [{ state: { terminated: { exitCode: 137, reason: 'OOMKilled', message: expect.stringMatching(/^out of memory: the container's limit is 20Mi/) } } }] })
  expect(node.events.filter((one) => one.startsWith('OOMKilled: Container c was killed: out of memory'))).toHaveLength(1)
})

/** A file of a group of the pod, by its names in both versions: the pod's own, or that of its container. */
function groupFile(pod: Pod, file: string, container?: string): string {
  const id = statusOf(pod).containerStatuses?.find(({ name }) => name === container)?.containerID?.replace('gantry://', '') ?? ''
  const path = `${PARENT}/pod${pod.metadata.uid}${container === undefined ? '' : `/${id}`}`
  const version1 = `/sys/fs/cgroup/${file.split('.')[0]}/${path}/${file}`
  const version2 = { 'cpu.cfs_quota_us': 'cpu.max', 'memory.limit_in_bytes': 'memory.max' }[file] ?? file
  return (readFileSync(existsSync(version1) ? version1 : `/sys/fs/cgroup/${path}/${version2}`, 'utf8').trim().split(' ')[0] ?? '')
}

test('resources of a running pod are changed, more and less, in its groups and its status', async () => {
  const asking = (cpu: string, memory: string) => ({ resources: { requests: { cpu, memory }, limits: { cpu, memory } } })
  const script = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
  const of = (generation: number, first: ReturnType<typeof asking>, second: ReturnType<typeof asking>, pod?: Pod): Pod => {
    const made = pod ?? podOf('p', {})
    const containers = [shell('a', script, first), shell('b', script, { ...second, resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] })]
    return { ...made, metadata: { ...made.metadata, generation }, spec: { ...made.spec, containers } }
  }
  const limits = (name?: string): readonly string[] => [groupFile(pod, 'cpu.cfs_quota_us', name), groupFile(pod, 'memory.limit_in_bytes', name)]
  const settled = (generation: number) => (): boolean => statusOf(pod).observedGeneration === generation && isReady(pod)() && statusOf(pod).conditions?.some(({ type }) => type.startsWith('PodResize')) === false
  const pod = of(1, asking('200m', '32Mi'), asking('200m', '32Mi'))
  node.workers.update(pod)
  await until(isReady(pod), 'ready')
  expect([limits(), limits('a'), limits('b')]).toEqual([['40000', String(64 << 20)], ['20000', String(32 << 20)], ['20000', String(32 << 20)]])
  node.workers.update(of(2, asking('1', '64Mi'), asking('300m', '32Mi'), pod))
  await until(settled(2), 'grown', 30_000)
  expect([limits(), limits('a'), limits('b')]).toEqual([['130000', String(96 << 20)], ['100000', String(64 << 20)], ['30000', String(32 << 20)]])
  node.workers.update(of(3, asking('100m', '32Mi'), asking('300m', '64Mi'), pod))
  await until(() => settled(3)() && statusOf(pod).containerStatuses?.[1]?.restartCount === 1, 'one smaller, one started anew', 30_000)
  expect([limits(), limits('a'), limits('b')]).toEqual([['40000', String(96 << 20)], ['10000', String(32 << 20)], ['30000', String(64 << 20)]])
  expect(statusOf(pod).containerStatuses?.map(({ restartCount, resources }) => [restartCount, resources?.limits?.['cpu']])).toEqual([[0, '100m'], [1, '300m']])
})

test('a rule runs all containers anew over the same volumes and network', async () => {
  const rules: Partial<Container> = { restartPolicyRules: [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }], restartPolicy: 'Never', volumeMounts: [{ name: 'd', mountPath: '/d' }] }
  const pod = podOf('p', { restartPolicy: 'Never', volumes: [{ name: 'd', emptyDir: {} }], initContainers: [shell('i', 'echo x >>/d/n', { volumeMounts: [{ name: 'd', mountPath: '/d' }] })], containers: [shell('a', '[ $(wc -l </d/n) -ge 2 ] && exec sleep 1000; exit 42', rules), shell('b', 'exec sleep 1000')] })
  node.workers.update(pod)
  await until(() => statusOf(pod).containerStatuses?.every(({ restartCount, ready }) => restartCount === 1 && ready) === true, 'anew', 30_000)
  expect(statusOf(pod).conditions?.find(({ type }) => type === 'AllContainersRestarting')?.status).toBe('False')
})

test('termination messages, and the log where there is none', async () => {
  const fallback = { terminationMessagePolicy: 'FallbackToLogsOnError' }
  const pod = podOf('p', { restartPolicy: 'Never', containers: [shell('c0', 'echo last words; exit 1', fallback), shell('c1', 'echo well; exit 0', fallback), shell('c2', 'echo log; printf file >/dev/termination-log; exit 1', fallback), shell('c3', 'seq 1 100; exit 1', fallback)] })
  node.workers.update(pod)
  await until(ended(pod), 'ended')
  expect(statusOf(pod).containerStatuses?.map((one) => one.state?.terminated?.message)).toEqual(['last words\n', undefined, 'file', `${Array.from({ length: 80 }, (_, index) => index + 21).join('\n')}\n`])
})

test('containers of a pod share ipc, uts, network and /dev/shm, not processes', async () => {
  const script = (name: string): string => `for n in ipc uts net; do readlink /proc/self/ns/$n; done >/dev/shm/${name}; readlink /proc/self/ns/pid >/dev/shm/${name}p; until [ -f /dev/shm/ap ] && [ -f /dev/shm/bp ]; do sleep 0.05; done; diff /dev/shm/a /dev/shm/b && echo same; diff /dev/shm/ap /dev/shm/bp >/dev/null || echo own; stat -f -c %T /dev/shm`
  const pod = podOf('p', { restartPolicy: 'Never', containers: [shell('a', `${script('a')}; sleep 1`), shell('b', script('b'))] })
  node.workers.update(pod)
  await until(ended(pod), 'ended')
  expect(await logsOf(pod, 'b')).toBe('same\nown\ntmpfs\n')
})

test('an emptyDir outlives its container; init containers fill it; a sub path of it', async () => {
  const mount = { volumeMounts: [{ name: 'd', mountPath: '/d' }] }
  const pod = podOf('p', { restartPolicy: 'OnFailure', volumes: [{ name: 'd', emptyDir: {} }], initContainers: [shell('i', 'echo one >>/d/log; mkdir /d/sub; echo part >/d/sub/f', mount)], containers: [shell('c', 'echo x >>/d/n; cat /d/log /s/f; [ $(wc -l </d/n) -ge 2 ] && exit 0; exit 3', { volumeMounts: [{ name: 'd', mountPath: '/d' }, { name: 'd', mountPath: '/s', subPath: 'sub' }] })] })
  node.workers.update(pod)
  await until(ended(pod), 'ended')
  expect(statusOf(pod)).toMatchObject({ phase: 'Succeeded', containerStatuses: [{ restartCount: 1, state: { terminated: { exitCode: 0 } }, lastState: { terminated: { exitCode: 3 } } }] })
  expect(await logsOf(pod)).toBe('one\npart\n')
})

test('exec probes: readiness waits for the file; liveness kills', async () => {
  const probe = (command: readonly string[]): object => ({ exec: { command }, periodSeconds: 1, timeoutSeconds: 60, failureThreshold: 1, successThreshold: 1 })
  const pod = podOf('p', { containers: [shell('c', 'sleep 1.2; touch /tmp/ok; exec sleep 1000', { readinessProbe: probe(['test', '-f', '/tmp/ok']) })] })
  const sick = podOf('sick', { containers: [shell('c', 'exec sleep 1000', { livenessProbe: probe(['cat', '/tmp/health']) })] })
  node.workers.update(pod)
  node.workers.update(sick)
  await until(() => statusOf(sick).containerStatuses?.[0]?.restartCount === 1, 'restarted')
  expect(node.events).toContain("Unhealthy: Liveness probe failed: cat: can't open '/tmp/health': No such file or directory\n")
  expect(node.events).toContain('Killing: Container c failed liveness probe, will be restarted')
  await until(isReady(pod), 'ready')
})

test('logs -f goes on until the container ends, over a rotation', async () => {
  const pod = podOf('p', { restartPolicy: 'Never', containers: [shell('c', 'until [ -f /tmp/go ]; do sleep 0.05; done; i=0; while [ $i -lt 50 ]; do echo line $i; i=$((i+1)); sleep 0.02; done')] })
  node.workers.update(pod)
  await until(isReady(pod), 'ready')
  const followed = logsOf(pod, 'c', { follow: true })
  await execIn(pod, ['touch', '/tmp/go'])
  expect(await followed).toBe(Array.from({ length: 50 }, (_, index) => `line ${index}\n`).join(''))
})

test('attach: input and output until the container ends', async () => {
  const pod = podOf('p', { restartPolicy: 'Never', containers: [shell('c', 'while read l; do echo "got $l"; done; echo end', { stdin: true, stdinOnce: true })] })
  node.workers.update(pod)
  await until(isReady(pod), 'ready')
  expect(await streamOf({ $case: 'attach', value: { pod: refOf(pod), container: 'c', command: [], stdin: true, stdout: true, stderr: true, tty: false } }, ['one\ntwo\n'])).toMatchObject({ stdout: 'got one\ngot two\nend\n', status: undefined })
})

test('port-forward reaches a port on the loopback of the pod', async () => {
  const pod = podOf('p', { containers: [shell('c', 'mkdir /w; echo hi >/w/index.html; exec httpd -f -p 127.0.0.1:8080 -h /w')] })
  node.workers.update(pod)
  await until(isReady(pod), 'ready')
  const ask = (): ReturnType<typeof streamOf> => streamOf({ $case: 'portForward', value: { pod: refOf(pod), port: 8080 } }, ['GET /index.html HTTP/1.0\r\n\r\n'])
  await expect.poll(async () => (await ask()).stdout, POLL).toMatch(/^HTTP\/1.\d 200 OK[^]*hi\n$/)
  expect((await streamOf({ $case: 'portForward', value: { pod: refOf(pod), port: 81 } }, ['x'])).status?.message).toContain('refused')
})

test('the agent is started again: a container that runs is not restarted, one that ended is seen; deletion leaves nothing', async () => {
  const runs = podOf('runs', { containers: [shell('c', 'exec sleep 1000')] })
  const ends = podOf('ends', { restartPolicy: 'Never', containers: [shell('c', 'until [ -f /tmp/go ]; do sleep 0.05; done; exit 3')] })
  node.workers.update(runs)
  node.workers.update(ends)
  await until(isReady(runs), 'ready')
  await until(isReady(ends), 'ready')
  const before = statusOf(runs).containerStatuses
  await execIn(ends, ['sh', '-c', '(sleep 0.3; touch /tmp/go) >/dev/null 2>&1 &'])
  await node.restart()
  await until(ended(ends), 'ended')
  expect(statusOf(ends).containerStatuses).toMatchObject([{ restartCount: 0, state: { terminated: { exitCode: 3 } } }])
  node.workers.setAll([runs, ends])
  expect((await execIn(runs, ['echo', 'still'])).stdout).toBe('still\n')
  await expect.poll(() => node.workers.statuses().find((one) => one.pod.metadata.name === 'runs')?.status.containerStatuses, POLL).toEqual(before)
  await node.close()
  const at = join(folder, `node${count}`)
  expect([readdirSync(join(at, 'run/bundles')), readdirSync(join(at, 'run/exits')), readdirSync(join(at, 'pods')), readdirSync(join(at, 'state')), readdirSync(join(at, 'logs'))]).toEqual([[], [], [], [], []])
  expect(existsSync(`/sys/fs/cgroup/memory/${PARENT}/pod${runs.metadata.uid}`)).toBe(false)
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(at)
  node = await openNode(join(folder, `node${++count}`))
})

test('a seccomp profile of the node holds; one that is not there is told', async () => {
  const profiles = join(folder, `node${count}`, 'seccomp/sub')
  mkdirSync(profiles, { recursive: true })
  writeFileSync(join(profiles, 'no-folders.json'), JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }] }))
  const withProfile = (name: string, localhostProfile: string): Pod => podOf(name, { restartPolicy: 'Never', containers: [shell('c', 'mkdir /tmp-x 2>/dev/null && echo made || echo refused', { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile } } })] })
  const [confined, lost] = [withProfile('confined', 'sub/no-folders.json'), withProfile('lost', 'sub/nowhere.json')]
  node.workers.setAll([confined, lost])
  await until(ended(confined), 'ended', 30_000)
  expect(await logsOf(confined)).toBe('refused\n')
  await until(() => statusOf(lost).containerStatuses?.[0]?.state?.waiting?.reason === 'CreateContainerError', 'told', 30_000)
  expect(statusOf(lost).containerStatuses?.[0]?.state?.waiting?.message).toContain('cannot load seccomp profile "sub/nowhere.json"')
})

test('mountPropagation: what the node mounts later is seen where it is asked for', async () => {
  const [source, seen] = [join(folder, `shared${count}`), join(folder, `seen${count}`)]
  for (const one of [source, seen]) mkdirSync(join(one, 'inner'), { recursive: true })
  execFileSync('mount', ['--bind', source, source])
  execFileSync('mount', ['--make-shared', source])
  try {
    const mounts = [{ name: 'd', mountPath: '/d' }]
    const guest = (name: string, propagation: string, more: Partial<Container> = {}): Container => shell(name, 'until [ -f /d/inner/late ]; do sleep 0.1; done; echo seen; exec sleep 1000', { volumeMounts: mounts.map((one) => ({ ...one, mountPropagation: propagation })), readinessProbe: { exec: { command: ['test', '-f', '/d/inner/late'] }, periodSeconds: 1, timeoutSeconds: 60 }, ...more })
    const pod = podOf('guest', { containers: [guest('follows', 'HostToContainer'), guest('shares', 'Bidirectional', { securityContext: { privileged: true } })], volumes: [{ name: 'd', hostPath: { path: source } }] })
    node.workers.setAll([pod])
    await until(() => statusOf(pod).containerStatuses?.every(({ state }) => state?.running !== undefined) === true, 'running', 30_000)
    writeFileSync(join(seen, 'late'), '')
    execFileSync('mount', ['--bind', seen, join(source, 'inner')])
    await until(isReady(pod), 'both see it', 60_000)
  } finally {
    execFileSync('umount', ['-R', '-l', source])
  }
})

test.skipIf((await securityModules()).appArmor)('AppArmor is refused in words where the host has none', async () => {
  const labelled = podOf('labelled', { containers: [shell('c', 'true', { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } })] })
  node.workers.update(labelled)
  await until(() => statusOf(labelled).phase === 'Failed', 'rejected', 30_000)
  expect(statusOf(labelled)).toMatchObject({ reason: 'AppArmor', message: 'Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host' })
})
