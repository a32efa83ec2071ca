import type { Container, ContainerPort } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'

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
  return host === otherHost && (ip === '' || otherIp === '') ? 'dangerously ambiguous' : undefined
}

interface Visited {
  readonly container: Container
  readonly path: string
}

/** Ports said twice, in one container or in two, and names that stand for two ports. */
export function portWarnings(containers: readonly Visited[]): readonly string[] {
  const ports = containers.flatMap(({ container, path }) => (container.ports ?? []).map((port, index) => ({ path: `${path}.ports[${index}]`, port })))
  return [...definitionWarnings(ports), ...nameWarnings(ports)]
}

function definitionWarnings(ports: readonly Listed[]): readonly string[] {
  const known = new Map<string, Listed[]>()
  const warnings: string[] = []
  for (const { path, port } of ports) {
    if (port.hostIP && !port.hostPort) warnings.push(`${path}: hostIP set without hostPort: ${printed(port)}`)
    const key = `${port.containerPort}/${port.protocol}`
    const others = known.get(key) ?? []
    for (const other of others) {
      const kind = conflict(port, other.port)
      if (kind) warnings.push(`${path}: ${kind} port definition with ${other.path}`)
    }
    known.set(key, [...others, { path, port }])
  }
  return warnings
}

function nameWarnings(ports: readonly Listed[]): readonly string[] {
  const first = new Map<string, string>()
  return ports.flatMap(({ path, port: { name } }) => {
    if (!name) return []
    const other = first.get(name)
    if (other === undefined) first.set(name, path)
    return other === undefined ? [] : [`${path}: duplicate port name ${goQuote(name)} with ${other}, services and probes that select ports by name will use ${other}`]
  })
}
