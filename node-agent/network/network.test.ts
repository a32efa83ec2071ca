import { describe, expect, it } from 'vitest'
import { nextAddress } from './addresses.ts'
import { gatewayOf, macOf, parseRange, type Range } from './cidr.ts'
import { podNetworkContract } from './contract.ts'
import { fakePodNetwork } from './fake.ts'
import { planRoutes } from './routes.ts'

podNetworkContract('fake', async () => {
  const network = fakePodNetwork()
  return { network, restarted: async () => network, async [Symbol.asyncDispose]() {} }
})

const range = (text: string): Range => parseRange(text) ?? { base: 0, prefix: 0 }

describe('ranges', () => {
  it('are read', () => {
    expect(parseRange('10.244.1.77/24')).toEqual(range('10.244.1.0/24'))
    for (const bad of ['10.244.1.0', '10.244.1.0/33', '10.244.256.0/24', 'fd00::/64', '']) expect(parseRange(bad)).toBeUndefined()
    expect(gatewayOf(range('10.244.1.0/24'))).toBe('10.244.1.1')
    expect(macOf('10.244.1.20')).toBe('0a:58:0a:f4:01:14')
  })
})

describe('nextAddress', () => {
  it.each([
    [undefined, [], '10.0.0.2'],
    ['10.0.0.2', [], '10.0.0.3'],
    ['10.0.0.6', [], '10.0.0.2'],
    ['10.0.0.3', ['10.0.0.4', '10.0.0.5'], '10.0.0.6'],
    ['10.0.0.4', ['10.0.0.5', '10.0.0.6', '10.0.0.2'], '10.0.0.3'],
    ['192.168.0.1', [], '10.0.0.2'],
    [undefined, ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'], undefined],
  ])('after %s without %j: %s', (last, taken, expected) => {
    expect(nextAddress(range('10.0.0.0/29'), new Set(taken), last)).toBe(expected)
  })
})

describe('planRoutes', () => {
  const present = [
    { destination: 'default', via: '192.0.2.1', device: 'eth0', protocol: 'dhcp' },
    { destination: 'default', via: '', device: 'gt0', protocol: '103' },
    { destination: '10.244.2.0/24', via: '192.0.2.2', device: 'eth0', protocol: '103' },
    { destination: '10.244.3.0/24', via: '192.0.2.3', device: 'eth0', protocol: '103' },
    { destination: '10.0.0.0/8', via: '192.0.2.9', device: 'eth0', protocol: 'static' },
  ]
  it('touches only ours, and only what differs', () => {
    expect(
      planRoutes(present, [
        { nodeName: 'b', podCidr: '10.244.2.0/24', address: '192.0.2.2' },
        { nodeName: 'd', podCidr: '10.244.4.0/24', address: '192.0.2.4' },
      ]),
    ).toEqual(['route delete 10.244.3.0/24 proto 103', 'route replace 10.244.4.0/24 via 192.0.2.4 proto 103'])
    expect(planRoutes(present, [{ nodeName: 'c', podCidr: '10.244.3.0/24', address: '192.0.2.33' }])).toEqual(['route delete 10.244.2.0/24 proto 103', 'route replace 10.244.3.0/24 via 192.0.2.33 proto 103'])
  })
})
