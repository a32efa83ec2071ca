import { expect, test } from 'vitest'
import { fieldErrorText } from '../../../shared/model/field-error.ts'
import type { Container, Pod, PodSpec } from '../../../shared/model/gen/api.ts'
import { detailsText, violations, violationsOfPods } from './evaluate.ts'
import { type Demand, formatDemand, type Level, readPolicy } from './policy.ts'

const LABEL = 'pod-security.kubernetes.io/'
const labels = (given: Readonly<Record<string, string>>): Readonly<Record<string, string>> => Object.fromEntries(Object.entries(given).map(([name, value]) => [`${LABEL}${name}`, value]))
const demand = (level: Level, minor?: number): Demand => ({ level, minor })
const told = (spec: Partial<PodSpec>, wanted: Demand, annotations = {}): string => detailsText(violations({ containers: [{ name: 'c' }], ...spec }, { annotations }, wanted))
const container = (name: string, securityContext: Container['securityContext'], more: Partial<Container> = {}): Container => ({ name, ...(securityContext && { securityContext }), ...more })

test('labels say what is demanded; warnings follow what is enforced', () => {
  const read = (given: Readonly<Record<string, string>>): readonly string[] => Object.values(readPolicy(labels(given)).policy).map(formatDemand)
  expect(read({})).toEqual(['privileged:latest', 'privileged:latest'])
  expect(read({ enforce: 'restricted' })).toEqual(['restricted:latest', 'restricted:latest'])
  expect(read({ enforce: 'baseline', 'enforce-version': 'v1.25' })).toEqual(['baseline:v1.25', 'baseline:v1.25'])
  expect(read({ enforce: 'restricted', warn: 'baseline' })).toEqual(['restricted:latest', 'baseline:latest'])
  expect(read({ enforce: 'baseline', 'warn-version': 'v1.30' })).toEqual(['baseline:latest', 'baseline:v1.30'])
  expect(read({ enforce: 'Bla' })).toEqual(['restricted:latest', 'privileged:latest'])
})

test('labels that mean nothing are refused', () => {
  expect(readPolicy(labels({ enforce: 'x', audit: 'y', 'warn-version': 'v2' })).errors.map(fieldErrorText)).toEqual([
    `metadata.labels[${LABEL}enforce]: Invalid value: "x": must be one of privileged, baseline, restricted`,
    `metadata.labels[${LABEL}audit]: Invalid value: "y": must be one of privileged, baseline, restricted`,
    `metadata.labels[${LABEL}warn-version]: Invalid value: "v2": must be "latest" or "v1.x"`,
  ])
})

test('a plain pod is fit for the lesser level, and not for the stricter one', () => {
  expect(told({}, demand('privileged'))).toBe('')
  expect(told({}, demand('baseline'))).toBe('')
  expect(told({}, demand('restricted'))).toBe(
    'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  )
})

const strict = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] }, runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } }

test('a pod that says all of it is fit', () => {
  expect(told({ containers: [container('c', strict)], volumes: [{ name: 'v', emptyDir: {} }] }, demand('restricted'))).toBe('')
})

test.each<[string, Partial<PodSpec>, string]>([
  ['namespaces of the host', { hostNetwork: true, hostPID: true, hostIPC: true }, 'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)'],
  ['paths of the host', { volumes: [{ name: 'a', hostPath: { path: '/' } }, { name: 'b', hostPath: { path: '/' } }] }, 'hostPath volumes (volumes "a", "b")'],
  ['ports of the host', { containers: [container('a', undefined, { ports: [{ containerPort: 1, hostPort: 81 }, { containerPort: 2, hostPort: 80 }] })] }, 'hostPort (container "a" uses hostPorts 80, 81)'],
  ['a privileged container', { containers: [container('a', { privileged: true })], initContainers: [container('i', { privileged: true })] }, 'privileged (containers "i", "a" must not set securityContext.privileged=true)'],
  ['more capabilities', { containers: [container('a', { capabilities: { add: ['SYS_ADMIN', 'NET_RAW', 'KILL'] } })] }, 'non-default capabilities (container "a" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)'],
  ['a profile that is none', { securityContext: { appArmorProfile: { type: 'Unconfined' } } }, 'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")'],
  ['no filter of calls', { securityContext: { seccompProfile: { type: 'Unconfined' } }, containers: [container('a', { seccompProfile: { type: 'Unconfined' } })] }, 'seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "Unconfined")'],
  ['SELinux', { containers: [container('a', { seLinuxOptions: { type: 'x', user: 'u' } })] }, 'seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: type "x"; user may not be set)'],
  ['all of /proc', { containers: [container('a', { procMount: 'Unmasked' })] }, 'procMount (container "a" must not set securityContext.procMount to "Unmasked")'],
  ['sysctls', { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }, { name: 'net.ipv4.tcp_rmem', value: '1' }] } }, 'forbidden sysctl (kernel.msgmax)'],
  ['processes of the host', { securityContext: { windowsOptions: { hostProcess: true } } }, 'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)'],
  ['probes of others', { containers: [container('a', undefined, { livenessProbe: { httpGet: { port: 80, host: '127.0.0.1' } } })] }, 'probe or lifecycle host (container "a" uses probe or lifecycle host "127.0.0.1")'],
])('baseline forbids %s', (_, spec, text) => {
  expect(told(spec, demand('baseline'))).toBe(text)
})

test.each<[string, Partial<PodSpec>, string]>([
  ['roots', { securityContext: { runAsNonRoot: false, runAsUser: 0 }, containers: [container('c', { ...strict, runAsUser: 0 })] }, 'runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false), runAsUser=0 (pod and container "c" must not set runAsUser=0)'],
  ['volumes of the host', { containers: [container('c', strict)], volumes: [{ name: 'v', hostPath: { path: '/' } }, { name: 'w', nfs: { server: 's', path: '/' } }] }, 'restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs")'],
  ['capabilities', { containers: [container('c', { ...strict, capabilities: { add: ['CHOWN'] } })] }, 'unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]; container "c" must not include "CHOWN" in securityContext.capabilities.add)'],
])('restricted forbids %s', (_, spec, text) => {
  expect(told(spec, demand('restricted'))).toBe(text)
})

test('each version has its own rules, and Windows its exceptions', () => {
  expect(told({}, demand('restricted', 21))).not.toContain('capabilities')
  expect(told({ os: { name: 'windows' } }, demand('restricted'))).toBe('runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true)')
  expect(told({ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } }, demand('baseline', 31))).toBe('forbidden sysctl (net.ipv4.tcp_rmem)')
  expect(told({ hostUsers: false, containers: [container('a', { procMount: 'Unmasked' })] }, demand('baseline'))).toBe('')
  expect(told({}, demand('baseline'), { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' })).toBe('forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/c="unconfined"")')
})

test('pods that are there are told of by what they do', () => {
  const pod = (name: string, spec: Partial<PodSpec>): Pod => ({ metadata: { name }, spec: { containers: [{ name: 'c' }], ...spec } })
  const pods = [pod('z', { hostPID: true }), pod('b', { hostNetwork: true }), pod('c', {}), pod('d', { containers: [container('c', { privileged: true })] }), pod('y', { hostIPC: true })]
  expect(violationsOfPods(pods, demand('baseline'))).toEqual(['d: privileged', 'z (and 2 other pods): host namespaces'])
})
