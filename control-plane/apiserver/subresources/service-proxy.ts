import type { EndpointSlice, Pod, Service } from '../../../shared/model/gen/api.ts'
import { randomInt } from '../../../shared/kit/random.ts'
import { get } from '../core/get.ts'
import { keyAt, prefixOf, type Resources } from '../core/resources.ts'
import { readCall, type Handler } from '../handlers/context.ts'
import { parseTargetName } from '../proxy/paths.ts'
import { badRequest, serviceUnavailable } from '../status.ts'
import { podTargetOf } from './pod-proxy.ts'
import { admitConnection, proxyOptions } from './admit.ts'
import type { SubresourcePorts } from './ports.ts'

/** `services/[SCHEME:]NAME[:PORT]/proxy`: to one of the service's ready pods. The port is one of the service's, by name or number. */
export const serviceProxyHandler =
  (ports: SubresourcePorts): Handler =>
  async (context) => {
    const { namespace, name: id } = context.route.path
    const named = parseTargetName(id)
    if (!named) throw badRequest(`invalid service request ${JSON.stringify(id)}`)
    await admitConnection(context, 'ServiceProxyOptions', proxyOptions(context))
    const item = await get(context.parts, readCall(context), { store: context.route.store, at: { namespace, name: named.name } })
    const portName = portNameOf(item.object as unknown as Service, named.port)
    const choices = endpointsOf(context.parts.resources, { namespace, service: named.name, portName })
    const chosen = choices[randomInt(context.parts.random, choices.length)]
    if (!chosen) throw serviceUnavailable(`no endpoints available for service ${JSON.stringify(named.name)}`)
    return { kind: 'proxy', target: podTargetOf(context, { ports, ...chosen, scheme: named.scheme }) }
  }

/** A number stands for the port of the service that has it; anything else is a name already. */
export function portNameOf({ metadata, spec }: Service, port: string): string {
  if (!/^[+-]?\d+$/.test(port)) return port
  const found = spec?.ports?.find((one) => one.port === Number(port))
  if (!found) throw serviceUnavailable(`no service port ${Number(port)} found for service ${JSON.stringify(metadata.name ?? '')}`)
  return found.name ?? ''
}

interface Choice {
  readonly pod: Pod
  readonly address: string
  readonly port: string
}

/** Ready addresses that are a pod's own: whoever may write endpoints must not reach what this server can reach. */
export function endpointsOf(resources: Resources, { namespace, service, portName }: { readonly namespace: string; readonly service: string; readonly portName: string }): readonly Choice[] {
  const slices = resources.find('discovery.k8s.io', 'v1', 'endpointslices')
  const pods = resources.find('', 'v1', 'pods')
  if (!slices || !pods) return []
  const own = slices.cache.list(prefixOf(slices, namespace)).map((item) => item.object as unknown as EndpointSlice).filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
  return own.flatMap((slice) => {
    const port = slice.ports?.find((one) => (one.name ?? '') === portName)?.port
    if (port === undefined) return []
    return (slice.endpoints ?? []).flatMap(({ addresses, conditions, targetRef }): readonly Choice[] => {
      if (conditions?.ready === false || targetRef?.kind !== 'Pod' || (targetRef.namespace ?? namespace) !== namespace) return []
      const pod = pods.cache.get(keyAt(pods, namespace, targetRef.name ?? ''))?.object as unknown as Pod | undefined
      const address = addresses.find((one) => pod?.status?.podIP === one || pod?.status?.podIPs?.some(({ ip }) => ip === one))
      return pod && address !== undefined ? [{ pod, address, port: String(port) }] : []
    })
  })
}
