import type { Chain, NamedSet } from './rule-set.ts'

/** The part of the table that does not depend on services. Pure. */
export interface NetworkConfig {
  readonly bridge: string
  readonly podCidr: string
  readonly clusterCidr: string
}

/** Packets carry it from the decision to masquerade to the place where it can be done; the bit Kubernetes' proxy uses. */
const MASQUERADE_MARK = '0x4000'
export const MARK_CHAIN = 'mark-masquerade'
export const REFUSE_CHAIN = 'refuse'

const ADDRESS_PORT = 'ip daddr . meta l4proto . th dport'
const LOCAL_PORT = 'meta l4proto . th dport'
/** Node ports are served on every address of the node but loopback ones, whose packets could not leave. */
const TO_THE_NODE = 'fib daddr type local ip daddr != 127.0.0.0/8'

/** Maps filled by services and host ports. */
export const MAPS = {
  services: 'services',
  nodePorts: 'node-ports',
  hostPorts: 'host-ports',
  hostPortAddresses: 'host-port-addresses',
  noEndpoints: 'no-endpoints',
  noEndpointPorts: 'no-endpoint-ports',
  clusterIPs: 'cluster-ips',
  hairpin: 'hairpin',
} as const

const byAddress: Pick<NamedSet, 'kind' | 'definition'> = { kind: 'map', definition: 'type ipv4_addr . inet_proto . inet_service : verdict;' }
const byPort: Pick<NamedSet, 'kind' | 'definition'> = { kind: 'map', definition: 'type inet_proto . inet_service : verdict;' }

export const MAP_TYPES: Readonly<Record<(typeof MAPS)[keyof typeof MAPS], Pick<NamedSet, 'kind' | 'definition'>>> = {
  services: byAddress,
  'node-ports': byPort,
  'host-ports': byPort,
  'host-port-addresses': byAddress,
  'no-endpoints': byAddress,
  'no-endpoint-ports': byPort,
  'cluster-ips': { kind: 'set', definition: 'type ipv4_addr;' },
  hairpin: { kind: 'set', definition: 'type ipv4_addr . ipv4_addr;' },
}

/** One lookup per new connection; what is established never comes here again. */
const TRANSLATE = [`${ADDRESS_PORT} vmap @${MAPS.services}`, `${ADDRESS_PORT} vmap @${MAPS.hostPortAddresses}`, `${TO_THE_NODE} ${LOCAL_PORT} vmap @${MAPS.hostPorts}`, `${TO_THE_NODE} ${LOCAL_PORT} vmap @${MAPS.nodePorts}`]
const REFUSE_ADDRESSES = [`ct state new ${ADDRESS_PORT} vmap @${MAPS.noEndpoints}`, `ct state new ip daddr @${MAPS.clusterIPs} reject`]
const REFUSE_PORTS = [`ct state new ${TO_THE_NODE} ${LOCAL_PORT} vmap @${MAPS.noEndpointPorts}`]

export function baseChains({ bridge, podCidr, clusterCidr }: NetworkConfig): ReadonlyMap<string, Chain> {
  return new Map<string, Chain>([
    [MARK_CHAIN, { rules: [`meta mark set meta mark or ${MASQUERADE_MARK}`] }],
    [REFUSE_CHAIN, { rules: ['reject'] }],
    ['prerouting', { hook: 'type nat hook prerouting priority -100;', rules: TRANSLATE }],
    ['output', { hook: 'type nat hook output priority -100;', rules: TRANSLATE }],
    [
      'postrouting',
      {
        hook: 'type nat hook postrouting priority 100;',
        rules: [
          `meta mark & ${MASQUERADE_MARK} == ${MASQUERADE_MARK} meta mark set meta mark xor ${MASQUERADE_MARK} masquerade fully-random`,
          // A pod that reached itself through its service would answer itself directly, past the translation.
          `ip saddr . ip daddr @${MAPS.hairpin} ct status dnat masquerade fully-random`,
          // The world outside of the cluster knows no way back to a pod.
          `ip saddr ${podCidr} ip daddr != ${clusterCidr} ip daddr != 224.0.0.0/4 oifname != "${bridge}" masquerade fully-random`,
        ],
      },
    ],
    ['filter-input', { hook: 'type filter hook input priority 0;', rules: REFUSE_PORTS }],
    ['filter-forward', { hook: 'type filter hook forward priority 0;', rules: REFUSE_ADDRESSES }],
    ['filter-output', { hook: 'type filter hook output priority 0;', rules: [...REFUSE_ADDRESSES, ...REFUSE_PORTS] }],
  ])
}
