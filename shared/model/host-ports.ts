import type { ContainerPort, Pod } from './gen/api.ts'

/** Ports that pods take of their node. Pure. */

const anyAddress = (port: ContainerPort): boolean => !port.hostIP || port.hostIP === '0.0.0.0'

/** A host port can be had once per node, protocol and address. */
export const hostPortsCollide = (a: ContainerPort, b: ContainerPort): boolean =>
  a.hostPort === b.hostPort && (a.protocol ?? 'TCP') === (b.protocol ?? 'TCP') && (anyAddress(a) || anyAddress(b) || a.hostIP === b.hostIP)

/** Those of the containers that run beside each other. */
export const hostPortsOf = ({ spec }: Pod): readonly ContainerPort[] =>
  [...(spec?.initContainers ?? []).filter((one) => one.restartPolicy === 'Always'), ...(spec?.containers ?? [])].flatMap(({ ports = [] }) => ports.filter((port) => (port.hostPort ?? 0) > 0))
