import type { UdpFlow } from '../host/netns-conntrack.ts'
import type { ServicePort } from './port.ts'

/**
 * UDP has no end of a connection: a client that keeps sending would reach a dead endpoint for ever. Answers the flows to be forgotten, so that
 * their next packet is translated anew. Pure.
 *
 * @param before and `after`: what was programmed; a service that is no more has no endpoints.
 */
export function staleFlows(flows: readonly UdpFlow[], before: readonly ServicePort[], after: readonly ServicePort[]): readonly UdpFlow[] {
  const now = targetsOf(after)
  const known = new Map([...targetsOf(before)].map(([key]) => [key, now.get(key) ?? new Set<string>()]))
  for (const [key, targets] of now) known.set(key, targets)
  return flows.filter((flow) => {
    // By port alone only what was translated: the same port of some other host is none of our business.
    const translated = flow.replySource !== flow.destination
    const targets = known.get(`${flow.destination}:${flow.destinationPort}`) ?? (translated ? known.get(`*:${flow.destinationPort}`) : undefined)
    return targets !== undefined && !targets.has(`${flow.replySource}:${flow.replySourcePort}`)
  })
}

/** Whether such flows can have come to be. */
export function udpChanged(before: readonly ServicePort[], after: readonly ServicePort[]): boolean {
  const text = (services: readonly ServicePort[]): string => JSON.stringify([...targetsOf(services)].map(([key, targets]) => [key, ...targets]))
  return text(before) !== text(after)
}

/** Endpoints by `address:port` they are asked for under; `*` is any address of the node. */
function targetsOf(services: readonly ServicePort[]): ReadonlyMap<string, Set<string>> {
  const targets = new Map<string, Set<string>>()
  for (const service of services) {
    if (service.protocol !== 'UDP') continue
    const endpoints = new Set([...service.endpoints, ...service.localEndpoints].map(({ ip, port }) => `${ip}:${port}`))
    for (const ip of [...service.clusterIPs, ...service.externalIPs]) targets.set(`${ip}:${service.port}`, endpoints)
    if (service.nodePort !== undefined) targets.set(`*:${service.nodePort}`, endpoints)
  }
  return targets
}
