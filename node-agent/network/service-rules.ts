import { createHash } from 'node:crypto'
import { baseChains, MAP_TYPES, MAPS, MARK_CHAIN, type NetworkConfig, REFUSE_CHAIN } from './base-rules.ts'
import { hostPortRules, type PodHostPorts } from './host-ports.ts'
import type { ServicePort } from './port.ts'
import { type Chain, EMPTY_RULES, type NamedSet, planChange, type RuleSet } from './rule-set.ts'

/** The name of our table, in each node's own network namespace. */
export const TABLE = 'gantry'

export interface Desired {
  readonly config: NetworkConfig
  readonly services: readonly ServicePort[]
  readonly hostPorts: readonly PodHostPorts[]
}

type Endpoint = ServicePort['endpoints'][number]

/** The commands that lead from one list of services to another; none where nothing changes. Pure. */
export function planServiceRules(before: Desired | undefined, after: Desired): readonly string[] {
  return planChange(TABLE, before === undefined ? EMPTY_RULES : rulesOf(before), rulesOf(after))
}

/**
 * The whole table. A connection is looked up once (address, protocol, port → chain of the service port); the chain picks an endpoint at random,
 * or the one this client had before. Chains that are only reached through a map cost nothing however many there are.
 */
export function rulesOf({ config, services, hostPorts }: Desired): RuleSet {
  const chains = new Map<string, Chain>(baseChains(config))
  const elements = new Map<string, Map<string, string>>(Object.values(MAPS).map((name) => [name, new Map<string, string>()]))
  const affinity = new Map<string, NamedSet>()
  const put = (map: string, key: string, value = ''): void => void elements.get(map)?.set(key, value)
  for (const service of services) {
    const part = serviceRules(service, config)
    for (const [name, chain] of part.chains) chains.set(name, chain)
    for (const [name, set] of part.affinity) affinity.set(name, set)
    for (const [map, key, value] of part.elements) put(map, key, value)
  }
  const ports = hostPortRules(hostPorts)
  for (const [name, chain] of ports.chains) chains.set(name, chain)
  for (const [key, value] of ports.byPort) put(MAPS.hostPorts, key, value)
  for (const [key, value] of ports.byAddress) put(MAPS.hostPortAddresses, key, value)
  for (const ip of ports.hairpin) put(MAPS.hairpin, `${ip} . ${ip}`)
  const maps = Object.values(MAPS).map((name) => [name, { ...MAP_TYPES[name], elements: elements.get(name) ?? new Map() }] as const)
  return { chains, sets: new Map<string, NamedSet>([...maps, ...affinity]) }
}

interface ServiceRules {
  readonly chains: ReadonlyMap<string, Chain>
  readonly affinity: ReadonlyMap<string, NamedSet>
  readonly elements: ReadonlyArray<readonly [map: string, key: string, value?: string]>
}

function serviceRules(service: ServicePort, config: NetworkConfig): ServiceRules {
  const names = namesOf(service)
  const proto = service.protocol.toLowerCase()
  const chains = new Map<string, Chain>()
  if (service.endpoints.length > 0) chains.set(names.cluster, { rules: balance(service, service.endpoints) })
  if (service.localEndpoints.length > 0 && (service.internalLocal || service.externalLocal)) chains.set(names.local, { rules: balance(service, service.localEndpoints) })
  const hasExternal = service.nodePort !== undefined || service.externalIPs.length > 0
  if (hasExternal && service.endpoints.length > 0) chains.set(names.external, { rules: externalRules(service, config) })
  const affinity = new Map<string, NamedSet>()
  if (service.affinitySeconds !== undefined) {
    for (const endpoint of uniqueEndpoints(service)) {
      affinity.set(names.affinity(endpoint), { kind: 'set', definition: `type ipv4_addr; flags dynamic,timeout; timeout ${service.affinitySeconds}s;` })
      chains.set(names.endpoint(endpoint), { rules: [`update @${names.affinity(endpoint)} { ip saddr }`, `meta l4proto ${proto} dnat ip to ${endpoint.ip}:${endpoint.port}`] })
    }
  }
  return { chains, affinity, elements: elementsOf(service) }
}

function elementsOf(service: ServicePort): ServiceRules['elements'] {
  const names = namesOf(service)
  const proto = service.protocol.toLowerCase()
  const elements: Array<readonly [map: string, key: string, value?: string]> = []
  const inside = insideVerdict(service)
  for (const ip of service.clusterIPs) {
    elements.push([MAPS.clusterIPs, ip])
    const key = `${ip} . ${proto} . ${service.port}`
    elements.push(inside.kind === 'chain' ? [MAPS.services, key, `goto ${inside.chain}`] : [MAPS.noEndpoints, key, inside.verdict])
  }
  const served = service.endpoints.length > 0
  for (const ip of service.externalIPs) {
    const key = `${ip} . ${proto} . ${service.port}`
    elements.push(served ? [MAPS.services, key, `goto ${names.external}`] : [MAPS.noEndpoints, key, `goto ${REFUSE_CHAIN}`])
  }
  if (service.nodePort !== undefined) {
    const key = `${proto} . ${service.nodePort}`
    elements.push(served ? [MAPS.nodePorts, key, `goto ${names.external}`] : [MAPS.noEndpointPorts, key, `goto ${REFUSE_CHAIN}`])
  }
  // Only a pod of this node can meet itself here.
  for (const { ip } of service.localEndpoints) elements.push([MAPS.hairpin, `${ip} . ${ip}`])
  return elements
}

type InsideVerdict = { readonly kind: 'chain'; readonly chain: string } | { readonly kind: 'none'; readonly verdict: string }

/** Without any endpoint the caller is refused at once; where only this node has none (policy Local) its packets are dropped, as Kubernetes does. */
function insideVerdict(service: ServicePort): InsideVerdict {
  const names = namesOf(service)
  if (service.endpoints.length === 0) return { kind: 'none', verdict: `goto ${REFUSE_CHAIN}` }
  if (!service.internalLocal) return { kind: 'chain', chain: names.cluster }
  return service.localEndpoints.length > 0 ? { kind: 'chain', chain: names.local } : { kind: 'none', verdict: 'drop' }
}

/** From outside: answers must come back through this node unless the endpoint is on it (policy Local, which keeps the client's address). */
function externalRules(service: ServicePort, { clusterCidr }: NetworkConfig): readonly string[] {
  const names = namesOf(service)
  if (!service.externalLocal) return [`jump ${MARK_CHAIN}`, `goto ${names.cluster}`]
  return [
    `ip saddr ${clusterCidr} goto ${names.cluster}`,
    `fib saddr type local jump ${MARK_CHAIN}`,
    `fib saddr type local goto ${names.cluster}`,
    service.localEndpoints.length > 0 ? `goto ${names.local}` : 'drop',
  ]
}

function balance(service: ServicePort, endpoints: readonly Endpoint[]): readonly string[] {
  const names = namesOf(service)
  const proto = service.protocol.toLowerCase()
  const [only] = endpoints
  if (service.affinitySeconds !== undefined) {
    const choices = endpoints.map((endpoint, at) => `${at} : goto ${names.endpoint(endpoint)}`)
    return [...endpoints.map((endpoint) => `ip saddr @${names.affinity(endpoint)} goto ${names.endpoint(endpoint)}`), `numgen random mod ${endpoints.length} vmap { ${choices.join(', ')} }`]
  }
  if (only !== undefined && endpoints.length === 1) return [`meta l4proto ${proto} dnat ip to ${only.ip}:${only.port}`]
  const choices = endpoints.map(({ ip, port }, at) => `${at} : ${ip} . ${port}`)
  return [`meta l4proto ${proto} dnat ip addr . port to numgen random mod ${endpoints.length} map { ${choices.join(', ')} }`]
}

function uniqueEndpoints(service: ServicePort): readonly Endpoint[] {
  return [...new Map([...service.endpoints, ...service.localEndpoints].map((endpoint) => [`${endpoint.ip}:${endpoint.port}`, endpoint])).values()]
}

interface Names {
  readonly cluster: string
  readonly local: string
  readonly external: string
  endpoint(endpoint: Endpoint): string
  affinity(endpoint: Endpoint): string
}

/** nft takes names of at most 128 characters. */
const MAX_NAME = 90

function namesOf({ name }: ServicePort): Names {
  const readable = name.replace(':', '/')
  const base = readable.length <= MAX_NAME ? readable : `${readable.slice(0, MAX_NAME - 13)}-${createHash('sha256').update(name).digest('hex').slice(0, 12)}`
  return {
    cluster: `cluster/${base}`,
    local: `local/${base}`,
    external: `external/${base}`,
    endpoint: ({ ip, port }) => `endpoint/${base}/${ip}/${port}`,
    affinity: ({ ip, port }) => `affinity/${base}/${ip}/${port}`,
  }
}
