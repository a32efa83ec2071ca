import { expect, test } from 'vitest'
import type { Pod, PodSpec } from '../../shared/model/gen/api.ts'
import { hostnameOf, hostsFile, resolvConf } from './pod-files.ts'

const pod = (spec: Partial<PodSpec>): Pod => ({ metadata: { name: 'p', namespace: 'ns' }, spec: { ...spec, containers: [] } })
const dns = { clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local', nodeResolvConf: 'nameserver 192.0.2.53\nsearch home\noptions edns0\n' }

test('hosts: the header, the pod itself, aliases', () => {
  const options = { ip: '10.0.0.2', hostname: 'p', clusterDomain: 'cluster.local', nodeHosts: '127.0.0.1 localhost\n' }
  expect(hostsFile(pod({}), options)).toMatch(/^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n[^]*\n10\.0\.0\.2\tp\n$/)
  expect(hostsFile(pod({ hostNetwork: true, hostAliases: [{ ip: '127.0.0.9', hostnames: ['foo.local'] }] }), options)).toBe('# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n\n# Entries added by HostAliases.\n127.0.0.9\tfoo.local\n')
  expect(hostsFile(pod({ subdomain: 'sub' }), options)).toContain('10.0.0.2\tp.sub.ns.svc.cluster.local\tp\n')
})

test('names: cut at 63 characters, with the domain when asked for', () => {
  expect(hostnameOf({ metadata: { name: `${'a'.repeat(62)}.b` } }, 'cluster.local')).toBe('a'.repeat(62))
  expect(hostnameOf(pod({ subdomain: 'sub', setHostnameAsFQDN: true }), 'cluster.local')).toBe('p.sub.ns.svc.cluster.local')
})

test('resolv.conf by policy', () => {
  expect(resolvConf(pod({}), dns)).toBe('search ns.svc.cluster.local svc.cluster.local cluster.local home\nnameserver 10.96.0.10\noptions ndots:5\n')
  expect(resolvConf(pod({ dnsPolicy: 'Default' }), dns)).toBe('search home\nnameserver 192.0.2.53\noptions edns0\n')
  expect(resolvConf(pod({ hostNetwork: true }), dns)).toBe('search home\nnameserver 192.0.2.53\noptions edns0\n')
  expect(resolvConf(pod({ dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.1', '192.0.2.2'], searches: ['a.example'], options: [{ name: 'ndots', value: '3' }, { name: 'rotate' }] } }), dns)).toBe('search a.example\nnameserver 192.0.2.1\nnameserver 192.0.2.2\noptions ndots:3 rotate\n')
  expect(resolvConf(pod({ dnsConfig: { options: [{ name: 'ndots', value: '2' }] } }), dns)).toContain('options ndots:2\n')
})
