import { expect, test } from 'vitest'
import type { Container, Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { limitsWithin, memoryRequestFor, oomScoreAdjust } from './oci-resources.ts'
import { ociSpec, type OciSpecInput } from './oci-spec.ts'
import { parseSeccomp } from './seccomp.ts'
import { parseUserDatabase } from './oci-user.ts'

const users = parseUserDatabase('root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:w:/var/www:/bin/false\nbad line\n', 'root:x:0:\nwheel:x:10:root\nwww-data:x:33:\n')
const capabilities = ['CAP_CHOWN', 'CAP_KILL', 'CAP_MKNOD', 'CAP_NET_ADMIN', 'CAP_SYS_ADMIN']

interface Config {
  readonly process: { readonly args: readonly string[]; readonly env: readonly string[]; readonly cwd: string; readonly user: object; readonly capabilities: { readonly effective: readonly string[] }; readonly noNewPrivileges: boolean; readonly oomScoreAdj?: number }
  readonly root: object
  readonly hostname?: string
  readonly mounts: ReadonlyArray<{ readonly destination: string; readonly source: string; readonly options: readonly string[] }>
  readonly linux: { readonly namespaces: ReadonlyArray<{ readonly type: string; readonly path?: string }>; readonly maskedPaths?: readonly string[]; readonly resources: object; readonly sysctl: object }
}

function build(container: Partial<Container>, spec: Partial<PodSpec> = {}, more: Partial<OciSpecInput> = {}): Config {
  const result = refusable(container, spec, more)
  if (result.kind === 'refused') throw new Error(result.message)
  return result.config as unknown as Config
}
// oxlint-disable-next-line max-params
function refusable(container: Partial<Container>, spec: Partial<PodSpec> = {}, more: Partial<OciSpecInput> = {}): ReturnType<typeof ociSpec> {
  const pod: Pod = { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { ...spec, containers: [] } }
  return ociSpec({ pod, container: { name: 'c', ...container }, image: { env: ['PATH=/bin', 'A=image'], entrypoint: ['/entry'], cmd: ['default'], workingDir: '/work', user: '' }, users, env: {}, rootfs: '/rootfs', sandbox: { hostname: 'p', netnsPath: '/ns/net' }, volumes: [], files: {}, cgroupsPath: '/g/podu/c', node: { capabilities, memoryBytes: 2 ** 30 }, qosClass: 'BestEffort', ...more })
}

test.each([
  [{}, ['/entry', 'default']],
  [{ args: ['x'] }, ['/entry', 'x']],
  [{ command: ['sh'] }, ['sh']],
  [{ command: ['sh', '$(A)'], args: ['$$(A)', '$(NOPE)'] }, ['sh', 'value', '$(A)', '$(NOPE)']],
])('command and args of %j', (container, args) => {
  expect(build(container, {}, { env: { A: 'value' } }).process.args).toEqual(args)
})

test('no command at all is refused in words', () => {
  expect(refusable({}, {}, { image: { env: [], entrypoint: [], cmd: [], workingDir: '', user: '' } })).toMatchObject({ kind: 'refused', reason: 'CreateContainerError', message: expect.stringContaining('no command specified') })
})

test('variables: image, container, and those everybody has', () => {
  const { env } = build({}, {}, { env: { A: 'own', HOME: '/given' } }).process
  expect([...env].sort()).toEqual(['A=own', 'HOME=/given', 'HOSTNAME=p', 'PATH=/bin'])
  expect(build({ tty: true }).process.env).toContain('TERM=xterm')
})

test.each([
  [{}, {}, { uid: 0, gid: 0, additionalGids: [0, 10] }],
  [{ securityContext: { runAsUser: 33 } }, {}, { uid: 33, gid: 33, additionalGids: [33] }],
  [{ securityContext: { runAsUser: 4321 } }, {}, { uid: 4321, gid: 0, additionalGids: [0] }],
  [{}, { securityContext: { supplementalGroups: [4000] } }, { uid: 0, gid: 0, additionalGids: [0, 10, 4000] }],
  [{}, { securityContext: { supplementalGroups: [4000], supplementalGroupsPolicy: 'Strict' } }, { uid: 0, gid: 0, additionalGids: [0, 4000] }],
  [{ securityContext: { runAsGroup: 7 } }, { securityContext: { runAsUser: 33, fsGroup: 9 } }, { uid: 33, gid: 7, additionalGids: [7, 9] }],
] as const)('user of %j in %j', (container, spec, user) => {
  expect(build(container, spec).process.user).toEqual(user)
})

test('runAsNonRoot: in kubelet’s words', () => {
  expect(refusable({ securityContext: { runAsNonRoot: true } })).toEqual({ kind: 'refused', reason: 'CreateContainerConfigError', message: 'container has runAsNonRoot and image will run as root (pod: "p_ns(u)", container: c)' })
  expect(refusable({ securityContext: { runAsNonRoot: true, runAsUser: 1000 } }).kind).toBe('spec')
})

test('capabilities: defaults, added, dropped, all; never more than the agent has', () => {
  const effective = (wanted: object, privileged = false): readonly string[] => build({ securityContext: { capabilities: wanted, privileged } }).process.capabilities.effective
  expect(effective({})).toEqual(['CAP_CHOWN', 'CAP_KILL', 'CAP_MKNOD'])
  expect(effective({ add: ['NET_ADMIN', 'SYS_TIME'], drop: ['MKNOD'] })).toEqual(['CAP_CHOWN', 'CAP_KILL', 'CAP_NET_ADMIN'])
  expect(effective({ drop: ['ALL'], add: ['KILL'] })).toEqual(['CAP_KILL'])
  expect(effective({}, true)).toEqual(capabilities)
})

test('isolation: masked paths, read-only root, privileges', () => {
  expect(build({}).linux.maskedPaths).toContain('/proc/kcore')
  expect(build({ securityContext: { privileged: true } }).linux.maskedPaths).toBeUndefined()
  expect(build({ securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false } })).toMatchObject({ root: { readonly: true }, process: { noNewPrivileges: true } })
})

test('namespaces: own, shared, the host’s', () => {
  const of = (spec: Partial<PodSpec>, sandbox: Partial<OciSpecInput['sandbox']> = {}): unknown => build({}, spec, { sandbox: { hostname: 'p', netnsPath: '/ns/net', ...sandbox } }).linux.namespaces
  expect(of({})).toEqual([{ type: 'mount' }, { type: 'cgroup' }, { type: 'pid' }, { type: 'ipc' }, { type: 'uts' }, { type: 'network', path: '/ns/net' }])
  expect(of({}, { ipcPath: '/n/ipc', utsPath: '/n/uts', pidPath: '/n/pid' })).toEqual([{ type: 'mount' }, { type: 'cgroup' }, { type: 'pid', path: '/n/pid' }, { type: 'ipc', path: '/n/ipc' }, { type: 'uts', path: '/n/uts' }, { type: 'network', path: '/ns/net' }])
  expect(of({ hostNetwork: true, hostPID: true, hostIPC: true })).toEqual([{ type: 'mount' }, { type: 'cgroup' }])
  expect(build({}, { hostNetwork: true }).hostname).toBeUndefined()
})

test('users of its own: the namespace comes with the others, files are shown as theirs, and what the runtime may not do from within is left to the agent', () => {
  const result = refusable({ securityContext: { runAsUser: 7, runAsGroup: 8 } }, {}, { sandbox: { hostname: 'p', netnsPath: '/ns/net', users: { path: '/ns/users', hostFirst: 131_072 } }, files: { '/etc/hosts': '/pod/hosts' }, volumes: [{ mountPath: '/v', source: '/v1', readOnly: 'recursive' }] })
  if (result.kind === 'refused') throw new Error(result.message)
  const built = result.config as unknown as Config
  expect(built.linux.namespaces).toContainEqual({ type: 'user', path: '/ns/users' })
  expect(built.mounts.filter(({ options }) => options.includes('idmap=uids=0-131072-65536;gids=0-131072-65536')).map(({ destination }) => destination)).toEqual(['/v', '/etc/hosts'])
  expect(built.process).not.toHaveProperty('oomScoreAdj')
  expect(result.ownUsers).toEqual({ oomScoreAdjust: 1000, uid: 7, gid: 8 })
  expect(refusable({})).toMatchObject({ ownUsers: undefined })
})

test('mounts: a volume takes the place of the agent’s file; outer before inner', () => {
  const { mounts } = build({}, {}, { files: { '/etc/hosts': '/pod/hosts', '/etc/hostname': '/pod/hostname' }, volumes: [{ mountPath: '/a/b', source: '/v1', readOnly: 'yes' }, { mountPath: '/a', source: '/v2', readOnly: 'no', propagation: 'Bidirectional' }, { mountPath: '/etc/hosts', source: '/v3', readOnly: 'no' }] })
  expect(mounts.filter((mount) => mount.source.startsWith('/')).map(({ destination, source, options }) => [destination, source, options.join()])).toEqual([
    ['/a', '/v2', 'rbind,rshared,rw'],
    ['/etc/hostname', '/pod/hostname', 'rbind,rprivate,rw'],
    ['/a/b', '/v1', 'rbind,rprivate,ro'],
    ['/etc/hosts', '/v3', 'rbind,rprivate,rw'],
  ])
})

test.each([
  [{}, { cpuShares: 2 }],
  [{ requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } }, { cpuShares: 256, cpuQuotaMicros: 50_000, memoryBytes: 67_108_864 }],
  [{ requests: { cpu: '100m' } }, { cpuShares: 102 }],
  [{ limits: { cpu: '1m' } }, { cpuShares: 2, cpuQuotaMicros: 1000 }],
  [{ requests: { cpu: '2m' }, limits: { cpu: '3' } }, { cpuShares: 2, cpuQuotaMicros: 300_000 }],
])('limits of %j', (resources, limits) => {
  expect(limitsWithin({ metadata: {} }, { resources })).toEqual(limits)
})

test('the bound of the pod holds a container without limits', () => {
  const pod: Pod = { metadata: {}, spec: { containers: [], resources: { limits: { memory: '64Mi', cpu: '500m' }, requests: { cpu: '100m', memory: '32Mi' } } } }
  expect(limitsWithin(pod, {})).toEqual({ cpuShares: 512, cpuQuotaMicros: 50_000, memoryBytes: 67_108_864 })
})

test('oom scores by class of service', () => {
  const score = (qosClass: string, memoryRequestBytes = 0): number => oomScoreAdjust({ qosClass, priority: 0, memoryRequestBytes, nodeMemoryBytes: 2 ** 30 })
  expect([score('Guaranteed'), score('BestEffort'), score('Burstable', 2 ** 29), score('Burstable', 2 ** 30), score('Burstable')]).toEqual([-997, 1000, 500, 3, 999])
  expect(build({}).process.oomScoreAdj).toBe(1000)
  // Without CAP_SYS_RESOURCE a score cannot be lowered: left as it is.
  expect(build({}, {}, { qosClass: 'Guaranteed' }).process.oomScoreAdj).toBeUndefined()
})

test('oom scores of a pod with requests of its own, and of sidecars', () => {
  const asking = (name: string, memory?: string) => ({ name, ...(memory === undefined ? {} : { resources: { requests: { memory } } }) })
  const pod: Pod = { metadata: {}, spec: { resources: { requests: { memory: '100Mi' } }, initContainers: [{ ...asking('side'), restartPolicy: 'Always' }, asking('once', '5Mi')], containers: [asking('main', '30Mi'), asking('other', '10Mi')] } }
  const mebibytes = (name: string): number => memoryRequestFor(pod, [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])].find((one) => one.name === name) ?? asking(name)) / 2 ** 20
  expect([mebibytes('main'), mebibytes('other'), mebibytes('side')]).toEqual([50, 30, 20])
  const plain: Pod = { metadata: {}, spec: { initContainers: [{ ...asking('side', '1Mi'), restartPolicy: 'Always' }], containers: [asking('main', '30Mi'), asking('other', '10Mi')] } }
  expect(memoryRequestFor(plain, asking('side', '1Mi'))).toBe(10 << 20)
})

test('huge pages: of each size that groups of the host count, none where nothing is said; where they count none the runtime, which would fail, is not asked', () => {
  const node = { capabilities, memoryBytes: 2 ** 30, hugePageSizes: [2 ** 21, 2 ** 30] }
  expect(build({ resources: { limits: { 'hugepages-2Mi': '64Mi' } } }, {}, { node }).linux.resources).toMatchObject({ hugepageLimits: [{ pageSize: '2MB', limit: 64 << 20 }, { pageSize: '1GB', limit: 0 }] })
  expect(build({ resources: { limits: { 'hugepages-2Mi': '64Mi' } } }, {}).linux.resources).not.toHaveProperty('hugepageLimits')
})

test('memory that is kept for a container, where it is slowed, no swap, and huge pages that are only promised: files of version 2', () => {
  const memoryQos = { memoryThrottlingFactor: 0.9, memoryReservationPolicy: 'TieredReservation', allocatableBytes: 2 ** 30 } as const
  const container = { resources: { requests: { memory: '100Mi' }, limits: { memory: '200Mi' } } }
  const unified = (more: object): unknown => (build(container, {}, { pod: { metadata: { name: 'p' }, spec: { containers: [] }, status: { qosClass: 'Burstable' } }, node: { capabilities, memoryBytes: 2 ** 30, cgroupVersion: 2, ...more } }).linux.resources as { readonly unified?: object }).unified
  expect(unified({ memoryQos })).toEqual({ 'memory.oom.group': '1', 'memory.low': String(100 << 20), 'memory.high': String(190 << 20) })
  expect(unified({})).toEqual({ 'memory.oom.group': '1' })
  expect(unified({ hugePageSizes: [2 ** 21] })).toEqual({ 'memory.oom.group': '1', 'hugetlb.2MB.rsvd.max': '0' })
  expect(unified({ boundsSwap: true })).toEqual({ 'memory.oom.group': '1', 'memory.swap.max': '0' })
})

interface Seccomp {
  readonly defaultAction: string
  readonly architectures: readonly string[]
  readonly syscalls: ReadonlyArray<{ readonly names: readonly string[]; readonly action: string; readonly errnoRet?: number; readonly args?: readonly unknown[] }>
}
const seccompOf = (container: Partial<Container>, spec: Partial<PodSpec> = {}): Seccomp | undefined => (build(container, spec, { node: { capabilities, memoryBytes: 2 ** 30, architecture: 'amd64' } }).linux as { readonly seccomp?: Seccomp }).seccomp
const runtimeDefault = { seccompProfile: { type: 'RuntimeDefault' } }
const freely = (profile: Seccomp | undefined): readonly string[] => (profile?.syscalls ?? []).flatMap(({ names, action, args }) => (action === 'SCMP_ACT_ALLOW' && args === undefined ? names : []))

test('seccomp: none unless asked for, by the container or its pod; the container has the last word', () => {
  expect(seccompOf({})).toBeUndefined()
  expect(seccompOf({ securityContext: runtimeDefault })).toMatchObject({ defaultAction: 'SCMP_ACT_ERRNO', defaultErrnoRet: 1, architectures: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'] })
  expect(seccompOf({}, { securityContext: runtimeDefault })).toBeDefined()
  expect(seccompOf({ securityContext: { seccompProfile: { type: 'Unconfined' } } }, { securityContext: runtimeDefault })).toBeUndefined()
  expect(seccompOf({ securityContext: { privileged: true } }, { securityContext: runtimeDefault })).toBeUndefined()
  expect(refusable({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' } } })).toMatchObject({ kind: 'refused', message: expect.stringContaining('"a.json"') })
})

test('seccomp: a profile of the node as it is', () => {
  const profile = { defaultAction: 'SCMP_ACT_LOG' }
  const config = build({ securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'a.json' } } }, {}, { localSeccomp: profile })
  expect((config.linux as { readonly seccomp?: unknown }).seccomp).toEqual(profile)
  expect([parseSeccomp('{"defaultAction":"SCMP_ACT_LOG"}'), parseSeccomp('{}'), parseSeccomp('no')]).toEqual([profile, undefined, undefined])
})

test('want of memory ends the whole container where the kernel can do that', () => {
  const of = (cgroupVersion: 1 | 2): object => build({}, {}, { node: { capabilities, memoryBytes: 2 ** 30, cgroupVersion } }).linux.resources
  expect(of(2)).toMatchObject({ unified: { 'memory.oom.group': '1' } })
  expect(of(1)).not.toHaveProperty('unified')
})

test('the root is tied to the node’s mounts as closely as a volume asks', () => {
  const of = (...propagation: readonly string[]): unknown => (build({}, {}, { volumes: propagation.map((one, index) => ({ mountPath: `/v${index}`, source: '/s', readOnly: 'no', propagation: one })) }).linux as { readonly rootfsPropagation?: string }).rootfsPropagation
  expect([of(), of('None'), of('None', 'HostToContainer'), of('HostToContainer', 'Bidirectional')]).toEqual([undefined, undefined, 'rslave', 'rshared'])
})

test('seccomp: capabilities open what belongs to them, and nothing opens keyrings', () => {
  const plain = freely(seccompOf({ securityContext: runtimeDefault }))
  const mighty = freely(seccompOf({ securityContext: { ...runtimeDefault, capabilities: { add: ['SYS_ADMIN'] } } }))
  for (const name of ['read', 'execve', 'openat', 'futex', 'clock_gettime']) expect(plain).toContain(name)
  for (const name of ['mount', 'unshare', 'setns', 'clone', 'clone3', 'bpf']) {
    expect(plain).not.toContain(name)
    expect(mighty).toContain(name)
  }
  for (const name of ['keyctl', 'add_key', 'kexec_load', 'io_uring_setup', 'userfaultfd']) expect(mighty).not.toContain(name)
  expect(seccompOf({ securityContext: runtimeDefault })?.syscalls.find(({ names }) => names[0] === 'clone3')).toMatchObject({ action: 'SCMP_ACT_ERRNO', errnoRet: 38 })
})

test('hostIPC: the node’s queues, whether it has them mounted or not', () => {
  const mount = build({}, { hostIPC: true }).mounts.find(({ destination }) => destination === '/dev/mqueue')
  expect(mount).toMatchObject({ type: 'mqueue', source: 'mqueue' })
})

test('a privileged container has the devices of its host, unless their folder is mounted anyway', () => {
  const devices = [{ path: '/dev/fuse', kind: 'char', major: 10, minor: 229, mode: 0o666, uid: 0, gid: 0 }] as const
  const linux = (container: Partial<Container>, volumes: OciSpecInput['volumes'] = []): object => build(container, {}, { devices, volumes }).linux
  const privileged = { securityContext: { privileged: true } }
  expect(linux(privileged)).toMatchObject({ devices: [{ path: '/dev/fuse', type: 'c', major: 10, minor: 229, fileMode: 0o666, uid: 0, gid: 0 }] })
  expect(linux(privileged, [{ mountPath: '/dev', source: '/dev', readOnly: 'no' }])).toMatchObject({ devices: [] })
  expect(linux({})).not.toHaveProperty('devices')
})

test('under a read-only root its name and its resolver are read-only too; hosts and the last words are not', () => {
  const files = { '/etc/hosts': '/p/hosts', '/etc/hostname': '/p/hostname', '/etc/resolv.conf': '/p/resolv.conf', '/dev/termination-log': '/p/log' }
  const access = (container: Partial<Container>): object => Object.fromEntries(build(container, {}, { files }).mounts.filter(({ destination }) => destination in files).map(({ destination, options }) => [destination, options.at(-1)]))
  expect(access({ securityContext: { readOnlyRootFilesystem: true } })).toEqual({ '/etc/hosts': 'rw', '/etc/hostname': 'ro', '/etc/resolv.conf': 'ro', '/dev/termination-log': 'rw' })
  expect(new Set(Object.values(access({})))).toEqual(new Set(['rw']))
})
