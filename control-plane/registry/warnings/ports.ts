import type { Container, ContainerPort } from '../../../shared/model/gen/api.ts'

/** As Go prints a struct with the names of its fields. */
const printed = (port: ContainerPort): string => `{Name:${port.name ?? ''} HostPort:${port.hostPort ?? 0} ContainerPort:${port.containerPort} Protocol:${port.protocol ?? ''} HostIP:${port.hostIP ?? ''}}`

interface Listed {
  readonly path: string
  readonly port: ContainerPort
}

function conflict(port: ContainerPort, other: ContainerPort): string | undefined {
  const [ip, otherIp] = [port.hostIP ?? '', other.hostIP ?? '']
  const [host, otherHost] = [port.hostPort ?? 0, other.hostPort ?? 0]
  if (ip === otherIp && host === otherHost) return 'duplicate'
  if (host === 0 || otherHost === 0) return 'overlapping'
  return host === otherHost && (ip === '' || otherIp === '') ? 'overlapping' : undefined
}

/** Ports said twice, in one container or in two. */
export function portWarnings(containers: readonly Container[] | undefined, path: string): readonly string[] {
  const known = new Map<string, Listed[]>()
  const warnings: string[] = []
  for (const [index, container] of (containers ?? []).entries()) {
    for (const [portIndex, port] of (container.ports ?? []).entries()) {
      const at = `${path}[${index}].ports[${portIndex}]`
      if (port.hostIP && !port.hostPort) warnings.push(`${at}: hostIP set without hostPort: ${printed(port)}`)
      const key = `${port.containerPort}/${port.protocol}`
      const others = known.get(key) ?? []
      for (const other of others) {
        const kind = conflict(port, other.port)
        if (kind) warnings.push(`${at}: ${kind} port definition with ${other.path}`)
      }
      known.set(key, [...others, { path: at, port }])
    }
  }
  return warnings
}
