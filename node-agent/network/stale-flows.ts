import type { Flow } from '../host/netns-conntrack.ts'
import type { ServicePort } from './port.ts'

/**
 * What the kernel translated once stays translated: UDP has no end of a connection, so a client that keeps sending would reach a dead endpoint for ever; and of TCP a call
 * that nobody answers asks the same dead endpoint again and again, as does the next one from its port. Answers the flows to be forgotten, so that their next packet is
 * translated anew. Pure.
 *
 * @param flows of TCP only such as have no answer: what is established goes on, wherever it leads
 * @param before and `after`: what was programmed; a service that is no more has no endpoints.
 */
export function staleFlows(flows: readonly Flow[], before: readonly ServicePort[], after: readonly ServicePort[]): readonly Flow[] {
  const now = targetsOf(after)
  const known = new Map([...targetsOf(before)].map(([key]) => [key, now.get(key) ?? new Set<string>()]))
  for (const [key, targets] of now) known.set(key, targets)
  return flows.filter((flow) => {
    // By port alone only what was translated: the same port of some other host is none of our business.
    const translated = flow.replySource !== flow.destination
    const key = (address: string): string => `${flow.protocol} ${address}:${flow.destinationPort}`
    const targets = known.get(key(flow.destination)) ?? (translated ? known.get(key('*')) : undefined)
    return targets !== undefined && !targets.has(`${flow.replySource}:${flow.replySourcePort}`)
  })
}

/** Whether such flows can have come to be: of UDP by any change, since one that found no endpoint lasts as well; of TCP where an endpoint has gone. */
export function canBeStale(protocol: Flow['protocol'], before: readonly ServicePort[], after: readonly ServicePort[]): boolean {
  const of = (services: readonly ServicePort[]): ReadonlyMap<string, ReadonlySet<string>> => targetsOf(services.filter((service) => service.protocol === protocol))
  const [then, now] = [of(before), of(after)]
  const hasMore = (some: typeof then, others: typeof then): boolean => [...some].some(([key, targets]) => !targets.isSubsetOf(others.get(key) ?? new Set()))
  return hasMore(then, now) || (protocol === 'UDP' && (hasMore(now, then) || now.size !== then.size))
}

/** Endpoints by protocol and `address:port` they are asked for under; `*` is any address of the node. */
function targetsOf(services: readonly ServicePort[]): ReadonlyMap<string, Set<string>> {
  const targets = new Map<string, Set<string>>()
  for (const { protocol, clusterIPs, externalIPs, port, nodePort, endpoints, localEndpoints } of services) {
    const of = new Set([...endpoints, ...localEndpoints].map((endpoint) => `${endpoint.ip}:${endpoint.port}`))
    for (const ip of [...clusterIPs, ...externalIPs]) targets.set(`${protocol} ${ip}:${port}`, of)
    if (nodePort !== undefined) targets.set(`${protocol} *:${nodePort}`, of)
  }
  return targets
}
