import type { Service } from '../../shared/model/gen/api.ts'

const upper = (name: string): string => name.toUpperCase().replaceAll('-', '_')

/**
 * What every container is told of services: those of its namespace that were there before it (unless the pod wants no links), and always
 * `kubernetes` of the namespace `default`. Pure.
 */
export function serviceVariables(services: readonly Service[], namespace: string, links: boolean): Readonly<Record<string, string>> {
  const master = services.filter((one) => one.metadata.namespace === 'default' && one.metadata.name === 'kubernetes')
  const own = links ? services.filter((one) => one.metadata.namespace === namespace) : []
  return Object.assign({}, ...[...master, ...own].map(variablesOf)) as Readonly<Record<string, string>>
}

function variablesOf({ metadata, spec }: Service): Readonly<Record<string, string>> {
  const ip = spec?.clusterIP ?? ''
  const ports = spec?.ports ?? []
  const [first] = ports
  if (ip === '' || ip === 'None' || first === undefined) return {}
  const name = upper(metadata.name ?? '')
  const host = ip.includes(':') ? `[${ip}]` : ip
  const variables: Record<string, string> = { [`${name}_SERVICE_HOST`]: ip, [`${name}_SERVICE_PORT`]: String(first.port), [`${name}_PORT`]: `${(first.protocol ?? 'TCP').toLowerCase()}://${host}:${first.port}` }
  for (const port of ports) {
    if (port.name) variables[`${name}_SERVICE_PORT_${upper(port.name)}`] = String(port.port)
    const protocol = port.protocol ?? 'TCP'
    const prefix = `${name}_PORT_${port.port}_${protocol.toUpperCase()}`
    variables[prefix] = `${protocol.toLowerCase()}://${host}:${port.port}`
    variables[`${prefix}_PROTO`] = protocol.toLowerCase()
    variables[`${prefix}_PORT`] = String(port.port)
    variables[`${prefix}_ADDR`] = ip
  }
  return variables
}
