import type { Pod } from '../../../shared/model/gen/api.ts'
import { get } from '../core/get.ts'
import { readCall, type Handler, type HandlerContext } from '../handlers/context.ts'
import { parseTargetName } from '../proxy/paths.ts'
import type { ProxyTarget } from '../request.ts'
import { badRequest } from '../status.ts'
import { admitConnection, proxyOptions } from './admit.ts'
import type { SubresourcePorts } from './ports.ts'
import { dialNode, hostPort, isGlobalUnicast, pathInTarget, portNumber } from './proxy-target.ts'

/** `pods/[SCHEME:]NAME[:PORT]/proxy`: to the pod's address, at the first port that it names unless told otherwise. */
export const podProxyHandler =
  (ports: SubresourcePorts): Handler =>
  async (context) => {
    const { namespace, name: id } = context.route.path
    const named = parseTargetName(id)
    if (!named) throw badRequest(`invalid pod request ${JSON.stringify(id)}`)
    await admitConnection(context, 'PodProxyOptions', proxyOptions(context))
    const item = await get(context.parts, readCall(context), { store: context.route.store, at: { namespace, name: named.name } })
    const pod = item.object as unknown as Pod
    const port = named.port || String(pod.spec?.containers.flatMap((container) => container.ports ?? [])[0]?.containerPort ?? '')
    const address = podAddress(pod)
    if (!isGlobalUnicast(address)) throw badRequest('address not allowed')
    return { kind: 'proxy', target: podTargetOf(context, { ports, pod, address, scheme: named.scheme, port }) }
  }

export interface PodProxying {
  readonly ports: SubresourcePorts
  readonly pod: Pod
  readonly address: string
  readonly scheme: 'http' | 'https'
  readonly port: string
}

export function podTargetOf(context: HandlerContext, { ports, pod, address, scheme, port }: PodProxying): ProxyTarget {
  const { namespace = '', name = '', uid = '' } = pod.metadata
  return {
    scheme,
    host: hostPort(address, port),
    path: pathInTarget(context),
    dial: async (signal) => dialNode({ streams: ports.nodeStreams, nodeName: pod.spec?.nodeName ?? '', request: { pod: { namespace, name, uid }, port: portNumber(port, scheme) }, clock: context.parts.clock }, signal),
  }
}

export const podAddress = ({ status }: Pod): string => status?.podIPs?.[0]?.ip ?? status?.podIP ?? ''
