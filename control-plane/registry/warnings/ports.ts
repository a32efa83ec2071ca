import type { Container, ContainerPort } from '../../../shared/model/gen/api.ts'
import { goQuote } from '../../../shared/model/go-text.ts'
import { conflict, KnownPorts, type Listed } from './known-ports.ts'
import { Told } from './told.ts'

/** As Go prints a struct with the names of its fields. */
const printed = (port: ContainerPort): string => `{Name:${port.name ?? ''} HostPort:${port.hostPort ?? 0} ContainerPort:${port.containerPort} Protocol:${port.protocol ?? ''} HostIP:${port.hostIP ?? ''}}`

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
  const told = new Told()
  const known = new Map<string, KnownPorts>()
  for (const listed of ports) {
    const { path, port } = listed
    if (port.hostIP && !port.hostPort) told.add(`${path}: hostIP set without hostPort: ${printed(port)}`)
    const key = `${port.containerPort}/${port.protocol}`
    const others = known.get(key) ?? new KnownPorts()
    for (const other of others.meeting(port)) told.add(`${path}: ${conflict(port, other.port) ?? ''} port definition with ${other.path}`)
    if (told.isFull) break
    others.add(listed)
    known.set(key, others)
  }
  return told.texts
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
