import { duplicate, type FieldError, required } from '../../../shared/model/field-error.ts'
import type { Container, ContainerPort } from '../../../shared/model/gen/api.ts'
import { portNameProblems, portNumberProblems } from '../../../shared/model/validation/numbers.ts'
import { each, objections, requiredOneOf } from './check.ts'

export const protocols = ['SCTP', 'TCP', 'UDP'] as const

export function validateContainerPorts(ports: readonly ContainerPort[] | undefined, path: string): readonly FieldError[] {
  const names = new Set<string>()
  return each(ports, path, (port, at) => [
    ...validatePortName(port.name ?? '', `${at}.name`, names),
    ...(port.containerPort ? objections(`${at}.containerPort`, port.containerPort, portNumberProblems(port.containerPort)) : [required(`${at}.containerPort`)]),
    ...(port.hostPort ? objections(`${at}.hostPort`, port.hostPort, portNumberProblems(port.hostPort)) : []),
    ...requiredOneOf(`${at}.protocol`, port.protocol, protocols),
  ])
}

function validatePortName(name: string, field: string, names: Set<string>): readonly FieldError[] {
  if (name === '') return []
  const problems = portNameProblems(name)
  if (problems.length > 0) return objections(field, name, problems)
  if (names.has(name)) return [duplicate(field, name)]
  names.add(name)
  return []
}

/** No two containers that run at once may have the same port of the host. */
export function validateHostPortConflicts(containers: readonly Container[], path: string): readonly FieldError[] {
  const taken = new Set<string>()
  return each(containers, path, (container, at) =>
    each(container.ports, `${at}.ports`, (port, portAt) => {
      if (!port.hostPort) return []
      const key = `${port.protocol ?? ''}/${port.hostIP ?? ''}/${port.hostPort}`
      if (taken.has(key)) return [duplicate(`${portAt}.hostPort`, key)]
      taken.add(key)
      return []
    }),
  )
}

/** A port by number or by name, as probes and services name it. A missing one is the number 0. */
export function validatePortReference(port: number | string | undefined, field: string): readonly FieldError[] {
  return typeof port === 'string' ? objections(field, port, portNameProblems(port)) : objections(field, port ?? 0, portNumberProblems(port ?? 0))
}
