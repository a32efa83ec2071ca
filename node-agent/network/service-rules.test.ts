import { describe, expect, it } from 'vitest'
import { fakeNft } from '../host/nft.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import type { ServicePort } from './port.ts'
import { type Desired, planServiceRules } from './service-rules.ts'
import { ServiceTable } from './service-table.ts'

const config = { bridge: 'gt0', podCidr: '10.244.1.0/24', clusterCidr: '10.244.0.0/16' }
const web: ServicePort = { name: 'default/web:http', protocol: 'TCP', clusterIPs: ['10.96.0.10'], externalIPs: [], port: 80, endpoints: [], internalLocal: false, externalLocal: false, localEndpoints: [] }
const a = { ip: '10.244.1.5', port: 8080 }
const b = { ip: '10.244.2.6', port: 8080 }
const desired = (...services: ServicePort[]): Desired => ({ config, services, hostPorts: [] })
const plan = (before: Desired, after: Desired): readonly string[] => planServiceRules(before, after).slice(1)

describe('planServiceRules', () => {
  it('does nothing where nothing changed', () => {
    expect(planServiceRules(desired(web), desired({ ...web }))).toEqual([])
  })

  it('refuses callers of a service without endpoints', () => {
    expect(plan(desired(), desired(web))).toEqual(['add element ip gantry no-endpoints { 10.96.0.10 . tcp . 80 : goto refuse }', 'add element ip gantry cluster-ips { 10.96.0.10 }'])
  })

  it('translates to the only endpoint', () => {
    expect(plan(desired(web), desired({ ...web, endpoints: [a], localEndpoints: [a] }))).toEqual([
      'add chain ip gantry cluster/default/web/http',
      'flush chain ip gantry cluster/default/web/http',
      'add rule ip gantry cluster/default/web/http meta l4proto tcp dnat ip to 10.244.1.5:8080',
      'add element ip gantry services { 10.96.0.10 . tcp . 80 : goto cluster/default/web/http }',
      'delete element ip gantry no-endpoints { 10.96.0.10 . tcp . 80 }',
      'add element ip gantry hairpin { 10.244.1.5 . 10.244.1.5 }',
    ])
  })

  it('changes one rule for one endpoint more', () => {
    expect(plan(desired({ ...web, endpoints: [a] }), desired({ ...web, endpoints: [a, b] }))).toEqual([
      'flush chain ip gantry cluster/default/web/http',
      'add rule ip gantry cluster/default/web/http meta l4proto tcp dnat ip addr . port to numgen random mod 2 map { 0 : 10.244.1.5 . 8080, 1 : 10.244.2.6 . 8080 }',
    ])
  })

  it('removes everything of a service that is gone', () => {
    expect(plan(desired({ ...web, endpoints: [a], nodePort: 30080 }), desired())).toEqual([
      'delete element ip gantry services { 10.96.0.10 . tcp . 80 }',
      'delete element ip gantry node-ports { tcp . 30080 }',
      'delete element ip gantry cluster-ips { 10.96.0.10 }',
      'flush chain ip gantry cluster/default/web/http',
      'flush chain ip gantry external/default/web/http',
      'delete chain ip gantry cluster/default/web/http',
      'delete chain ip gantry external/default/web/http',
    ])
  })

  it('marks what comes from outside, so that the answer comes back this way', () => {
    expect(plan(desired({ ...web, endpoints: [b] }), desired({ ...web, endpoints: [b], nodePort: 30080, externalIPs: ['192.0.2.50'] }))).toEqual([
      'add chain ip gantry external/default/web/http',
      'flush chain ip gantry external/default/web/http',
      'add rule ip gantry external/default/web/http jump mark-masquerade',
      'add rule ip gantry external/default/web/http goto cluster/default/web/http',
      'add element ip gantry services { 192.0.2.50 . tcp . 80 : goto external/default/web/http }',
      'add element ip gantry node-ports { tcp . 30080 : goto external/default/web/http }',
    ])
  })

  it('keeps outside traffic on the node with policy Local, and drops it where no endpoint is', () => {
    const outside = { ...web, endpoints: [a, b], nodePort: 30080, externalLocal: true }
    const rules = (commands: readonly string[]): readonly string[] => commands.filter((command) => command.startsWith('add rule ip gantry external') || command.startsWith('add rule ip gantry local')).map((command) => command.split('/http ')[1] ?? '')
    const common = ['ip saddr 10.244.0.0/16 goto cluster/default/web/http', 'fib saddr type local jump mark-masquerade', 'fib saddr type local goto cluster/default/web/http']
    expect(rules(plan(desired(), desired(outside)))).toEqual([...common, 'drop'])
    expect(rules(plan(desired(), desired({ ...outside, localEndpoints: [a] })))).toEqual(['meta l4proto tcp dnat ip to 10.244.1.5:8080', ...common, 'goto local/default/web/http'])
  })

  it('drops inside traffic with policy Local where no endpoint is on the node', () => {
    expect(plan(desired(), desired({ ...web, endpoints: [b], internalLocal: true })).at(-2)).toBe('add element ip gantry no-endpoints { 10.96.0.10 . tcp . 80 : drop }')
  })

  it('remembers clients per endpoint', () => {
    expect(plan(desired(), desired({ ...web, endpoints: [a, b], affinitySeconds: 60 }))).toEqual([
      'add set ip gantry affinity/default/web/http/10.244.1.5/8080 { type ipv4_addr; flags dynamic,timeout; timeout 60s; }',
      'add set ip gantry affinity/default/web/http/10.244.2.6/8080 { type ipv4_addr; flags dynamic,timeout; timeout 60s; }',
      'add chain ip gantry cluster/default/web/http',
      'add chain ip gantry endpoint/default/web/http/10.244.1.5/8080',
      'add chain ip gantry endpoint/default/web/http/10.244.2.6/8080',
      'flush chain ip gantry cluster/default/web/http',
      'add rule ip gantry cluster/default/web/http ip saddr @affinity/default/web/http/10.244.1.5/8080 goto endpoint/default/web/http/10.244.1.5/8080',
      'add rule ip gantry cluster/default/web/http ip saddr @affinity/default/web/http/10.244.2.6/8080 goto endpoint/default/web/http/10.244.2.6/8080',
      'add rule ip gantry cluster/default/web/http numgen random mod 2 vmap { 0 : goto endpoint/default/web/http/10.244.1.5/8080, 1 : goto endpoint/default/web/http/10.244.2.6/8080 }',
      'flush chain ip gantry endpoint/default/web/http/10.244.1.5/8080',
      'add rule ip gantry endpoint/default/web/http/10.244.1.5/8080 update @affinity/default/web/http/10.244.1.5/8080 { ip saddr }',
      'add rule ip gantry endpoint/default/web/http/10.244.1.5/8080 meta l4proto tcp dnat ip to 10.244.1.5:8080',
      'flush chain ip gantry endpoint/default/web/http/10.244.2.6/8080',
      'add rule ip gantry endpoint/default/web/http/10.244.2.6/8080 update @affinity/default/web/http/10.244.2.6/8080 { ip saddr }',
      'add rule ip gantry endpoint/default/web/http/10.244.2.6/8080 meta l4proto tcp dnat ip to 10.244.2.6:8080',
      'add element ip gantry services { 10.96.0.10 . tcp . 80 : goto cluster/default/web/http }',
      'add element ip gantry cluster-ips { 10.96.0.10 }',
    ])
  })

  it('leads host ports into their pods', () => {
    const hostPorts = [{ podIp: '10.244.1.9', ports: [{ hostPort: 8443, containerPort: 443, protocol: 'TCP', hostIP: '' }, { hostPort: 53, containerPort: 5353, protocol: 'UDP', hostIP: '192.0.2.7' }] }] as const
    expect(plan(desired(), { config, services: [], hostPorts }).filter((command) => !command.startsWith('flush') && !command.startsWith('add chain'))).toEqual([
      'add rule ip gantry host-port/tcp/8443/any meta l4proto tcp dnat ip to 10.244.1.9:443',
      'add rule ip gantry host-port/udp/53/192.0.2.7 meta l4proto udp dnat ip to 10.244.1.9:5353',
      'add element ip gantry host-ports { tcp . 8443 : goto host-port/tcp/8443/any }',
      'add element ip gantry host-port-addresses { 192.0.2.7 . udp . 53 : goto host-port/udp/53/192.0.2.7 }',
      'add element ip gantry hairpin { 10.244.1.9 . 10.244.1.9 }',
    ])
  })

  it('makes names that nft takes', () => {
    const long: ServicePort = { ...web, name: `${'n'.repeat(63)}/${'s'.repeat(63)}:${'p'.repeat(15)}`, endpoints: [a, b], affinitySeconds: 1 }
    const names = planServiceRules(undefined, desired(long)).flatMap((command) => /^add (?:set|chain) ip gantry (\S+)/.exec(command)?.[1] ?? [])
    for (const name of names) expect(name.length).toBeLessThan(128)
  })
})

describe('ServiceTable', () => {
  const conntrack = { flows: async () => [], forget: async () => {} }

  it('writes changes that arrive together as one, and the last wins', async () => {
    const nft = fakeNft()
    const table = new ServiceTable({ nft, conntrack, clock: systemClock, log: silentLog })
    await table.configure(config)
    await Promise.all([table.setServices([web]), table.setServices([{ ...web, endpoints: [a] }]), table.setServices([{ ...web, endpoints: [b] }])])
    expect(nft.applied).toHaveLength(3)
    expect(nft.applied[2]).toContain('dnat ip to 10.244.2.6:8080')
    await table.setServices([{ ...web, endpoints: [b] }])
    expect(nft.applied).toHaveLength(3)
  })

  it('leaves the table of a former agent alone until the services are known, then replaces it at once', async () => {
    const nft = { ...fakeNft(), hasTable: async () => true }
    const table = new ServiceTable({ nft, conntrack, clock: systemClock, log: silentLog })
    await table.configure(config)
    expect(nft.applied.join('')).not.toContain('delete table')
    await table.setServices([{ ...web, endpoints: [a] }])
    expect(nft.applied[1]).toMatch(/^add table ip gantry\ndelete table ip gantry\n/)
    expect(nft.applied[1]).toContain('dnat ip to 10.244.1.5:8080')
  })
})
