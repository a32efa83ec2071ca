import { describe, expect, it } from 'vitest'
import { silentLog } from '../../shared/kit/log.ts'
import { VirtualClock } from '../../test/sim/virtual-clock.ts'
import type { Flow } from '../host/netns-conntrack.ts'
import { fakeNft } from '../host/nft.ts'
import type { ServicePort } from './port.ts'
import { ServiceTable } from './service-table.ts'
import { canBeStale, staleFlows } from './stale-flows.ts'

const a = { ip: '10.244.1.5', port: 8080 }
const b = { ip: '10.244.2.6', port: 8080 }
const web: ServicePort = { name: 'default/web:http', protocol: 'TCP', clusterIPs: ['10.96.0.10'], externalIPs: [], port: 80, endpoints: [a, b], internalLocal: false, externalLocal: false, localEndpoints: [] }
const dns: ServicePort = { ...web, name: 'kube-system/dns:dns', protocol: 'UDP', port: 53, nodePort: 30053 }

const flow = (destination: string, replySource: string, [replySourcePort, destinationPort]: readonly [number, number] = [8080, 53]): Flow => ({ protocol: 'UDP', source: '10.244.1.2', sourcePort: 4000, destination, destinationPort, replySource, replySourcePort })
const call = (replySource: string): Flow => ({ ...flow('10.96.0.10', replySource, [8080, 80]), protocol: 'TCP' })

describe('stale flows', () => {
  it('are those to an endpoint that is gone, to none at all, and of a service that is gone', () => {
    const flows = [flow('10.96.0.10', a.ip), flow('10.96.0.10', b.ip), flow('10.96.0.10', '10.96.0.10', [53, 53]), flow('192.0.2.7', b.ip, [8080, 30053]), flow('8.8.8.8', '8.8.8.8', [30053, 30053]), flow('10.96.0.99', b.ip)]
    expect(staleFlows(flows, [dns], [{ ...dns, endpoints: [a] }])).toEqual([flows[1], flows[2], flows[3]])
    expect(staleFlows(flows, [dns], [])).toEqual([flows[0], flows[1], flows[2], flows[3]])
    expect(staleFlows(flows, [], [dns])).toEqual([flows[2]])
  })

  it('are of the service of their own protocol', () => {
    const same = { ...dns, name: 'kube-system/dns:tcp', protocol: 'TCP', endpoints: [b] } as const
    const flows = [flow('10.96.0.10', a.ip), { ...flow('10.96.0.10', a.ip), protocol: 'TCP' } as const]
    expect(staleFlows(flows, [], [dns, same])).toEqual([flows[1]])
  })

  it('come of TCP only where an endpoint goes, of UDP by any change', () => {
    const fewer = (service: ServicePort): ServicePort => ({ ...service, endpoints: [a] })
    expect([canBeStale('TCP', [web, dns], [fewer(web), dns]), canBeStale('TCP', [fewer(web)], [web]), canBeStale('TCP', [web, dns], [web]), canBeStale('TCP', [web], [])]).toEqual([true, false, false, true])
    expect([canBeStale('UDP', [web, dns], [web, fewer(dns)]), canBeStale('UDP', [fewer(dns)], [dns]), canBeStale('UDP', [web, dns], [fewer(web), dns]), canBeStale('UDP', [], [{ ...dns, endpoints: [] }])]).toEqual([true, true, false, true])
  })
})

it('calls that nobody answers are forgotten a moment after their endpoint has gone: what is being answered finds its way back', async () => {
  const clock = new VirtualClock()
  const forgotten: Flow[] = []
  let unanswered = [call(a.ip), call(b.ip)]
  const conntrack = { flows: async (protocol: Flow['protocol']) => unanswered.filter((one) => one.protocol === protocol), forget: async (one: Flow) => void forgotten.push(one) }
  const table = new ServiceTable({ nft: fakeNft(), conntrack, clock, log: silentLog })
  await table.configure({ bridge: 'gt0', podCidr: '10.244.1.0/24', clusterCidr: '10.244.0.0/16' })
  await table.setServices([web])
  await clock.advance(1_000)
  expect(forgotten).toEqual([])
  await table.setServices([{ ...web, endpoints: [a] }])
  await clock.advance(100)
  expect(forgotten).toEqual([])
  await clock.advance(400)
  expect(forgotten).toEqual([call(b.ip)])
  unanswered = []
  await table.setServices([])
  await clock.advance(1_000)
  expect(forgotten).toHaveLength(1)
})
