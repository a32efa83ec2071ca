import type { Chain } from './rule-set.ts'

/** A port of the node that leads into one pod. */
export interface HostPort {
  readonly hostPort: number
  readonly containerPort: number
  readonly protocol: 'TCP' | 'UDP' | 'SCTP'
  /** Empty or `0.0.0.0`: every address of the node. */
  readonly hostIP: string
}

export interface PodHostPorts {
  readonly podIp: string
  readonly ports: readonly HostPort[]
}

interface HostPortRules {
  readonly chains: ReadonlyMap<string, Chain>
  readonly byPort: ReadonlyMap<string, string>
  readonly byAddress: ReadonlyMap<string, string>
  readonly hairpin: readonly string[]
}

/** Pure. Where two pods want the same port (the scheduler prevents it) the first keeps it. */
export function hostPortRules(pods: readonly PodHostPorts[]): HostPortRules {
  const chains = new Map<string, Chain>()
  const byPort = new Map<string, string>()
  const byAddress = new Map<string, string>()
  for (const { podIp, ports } of pods) {
    for (const { hostPort, containerPort, protocol, hostIP } of ports) {
      const proto = protocol.toLowerCase()
      const anywhere = hostIP === '' || hostIP === '0.0.0.0'
      const chain = `host-port/${proto}/${hostPort}/${anywhere ? 'any' : hostIP}`
      if (chains.has(chain)) continue
      chains.set(chain, { rules: [`meta l4proto ${proto} dnat ip to ${podIp}:${containerPort}`] })
      if (anywhere) byPort.set(`${proto} . ${hostPort}`, `goto ${chain}`)
      else byAddress.set(`${hostIP} . ${proto} . ${hostPort}`, `goto ${chain}`)
    }
  }
  return { chains, byPort, byAddress, hairpin: pods.filter(({ ports }) => ports.length > 0).map(({ podIp }) => podIp) }
}
