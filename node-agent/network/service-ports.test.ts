import { describe, expect, it } from 'vitest'
import type { Endpoint, EndpointSlice, Service } from '../../shared/model/gen/api.ts'
import { servicePorts } from './service-ports.ts'

const service = (spec: Partial<NonNullable<Service['spec']>>, more: Partial<Service> = {}): Service => ({
  metadata: { name: 'web', namespace: 'default' },
  spec: { type: 'ClusterIP', clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'], ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
  ...more,
})
const slice = (endpoints: readonly Endpoint[], more: Partial<EndpointSlice> = {}): EndpointSlice => ({
  metadata: { name: 'web-x', namespace: 'default', labels: { 'kubernetes.io/service-name': 'web' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints,
  ...more,
})
const endpoint = (ip: string, conditions: Endpoint['conditions'] = { ready: true }, nodeName = 'a'): Endpoint => ({ addresses: [ip], conditions, nodeName })
const ips = (services: readonly Service[], slices: readonly EndpointSlice[]): ReadonlyArray<readonly string[]> => servicePorts(services, slices, 'a').map(({ endpoints }) => endpoints.map(({ ip }) => ip))

describe('servicePorts', () => {
  it('joins ports of a Service with the endpoints of its slices', () => {
    expect(servicePorts([service({})], [slice([endpoint('10.0.0.2'), endpoint('10.0.0.1', {}, 'b')])], 'a')).toEqual([
      {
        name: 'default/web:http',
        protocol: 'TCP',
        clusterIPs: ['10.96.0.10'],
        externalIPs: [],
        port: 80,
        endpoints: [
          { ip: '10.0.0.1', port: 8080 },
          { ip: '10.0.0.2', port: 8080 },
        ],
        internalLocal: false,
        externalLocal: false,
        localEndpoints: [{ ip: '10.0.0.2', port: 8080 }],
      },
    ])
  })

  it.each<readonly [string, Partial<NonNullable<Service['spec']>>, Partial<Service>]>([
    ['headless', { clusterIP: 'None' }, {}],
    ['not allocated yet', { clusterIP: '' }, {}],
    ['ExternalName', { type: 'ExternalName', clusterIP: '' }, {}],
    ['served by another proxy', {}, { metadata: { name: 'web', namespace: 'default', labels: { 'service.kubernetes.io/service-proxy-name': 'x' } } }],
  ])('leaves out what is %s', (_, spec, more) => {
    expect(servicePorts([service(spec, more)], [slice([endpoint('10.0.0.1')])], 'a')).toEqual([])
  })

  it('takes ready endpoints, and serving ones that end only when none is ready', () => {
    const ending = endpoint('10.0.0.9', { ready: false, serving: true, terminating: true })
    const broken = endpoint('10.0.0.8', { ready: false, serving: false, terminating: true })
    const starting = endpoint('10.0.0.7', { ready: false, serving: false })
    expect(ips([service({})], [slice([endpoint('10.0.0.1'), ending, broken, starting])])).toEqual([['10.0.0.1']])
    expect(ips([service({})], [slice([ending, broken, starting])])).toEqual([['10.0.0.9']])
    expect(ips([service({})], [slice([broken, starting])])).toEqual([[]])
  })

  it('counts an endpoint that two slices hold once, and only slices of this port, service and family', () => {
    const other = slice([endpoint('10.0.0.3')], { ports: [{ name: 'admin', port: 9000, protocol: 'TCP' }] })
    const foreign = slice([endpoint('10.0.0.4')], { metadata: { name: 'y', namespace: 'other', labels: { 'kubernetes.io/service-name': 'web' } } })
    const six = slice([{ addresses: ['fd00::1'] }], { addressType: 'IPv6' })
    expect(ips([service({})], [slice([endpoint('10.0.0.1', { ready: false })]), slice([endpoint('10.0.0.1')]), other, foreign, six])).toEqual([['10.0.0.1']])
  })

  it('knows node ports, load balancers, policies and affinity', () => {
    const [port] = servicePorts(
      [
        service(
          { type: 'LoadBalancer', ports: [{ port: 80, nodePort: 30080 }], externalIPs: ['192.0.2.9'], externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local', sessionAffinity: 'ClientIP' },
          { status: { loadBalancer: { ingress: [{ ip: '192.0.2.10' }, { ip: '192.0.2.11', ipMode: 'Proxy' }, { hostname: 'x' }] } } },
        ),
      ],
      [slice([endpoint('10.0.0.1'), endpoint('10.0.0.2', {}, 'b')], { ports: [{ port: 8080 }] })],
      'b',
    )
    expect(port).toMatchObject({ name: 'default/web:', nodePort: 30080, externalIPs: ['192.0.2.9', '192.0.2.10'], internalLocal: true, externalLocal: true, affinitySeconds: 10_800, localEndpoints: [{ ip: '10.0.0.2' }] })
  })

  it('ignores a node port left over on a ClusterIP Service', () => {
    expect(servicePorts([service({ ports: [{ name: 'http', port: 80, nodePort: 30080 }] })], [], 'a')[0]?.nodePort).toBeUndefined()
  })
})
