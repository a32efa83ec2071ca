import type { Node } from '../../../shared/model/gen/api.ts'
import { get } from '../core/get.ts'
import { readCall, type Handler } from '../handlers/context.ts'
import { parseTargetName } from '../proxy/paths.ts'
import { badRequest, plainError } from '../status.ts'
import { admitConnection, proxyOptions } from './admit.ts'
import type { SubresourcePorts } from './ports.ts'
import { dialNode, hostPort, isGlobalUnicast, pathInTarget, portNumber } from './proxy-target.ts'

/** Kubelet's port: here it stands for what the agent answers over its stream. */
const KUBELET_PORT = '10250'

/** In which order an address is chosen. */
const PREFERRED = ['Hostname', 'InternalDNS', 'InternalIP', 'ExternalDNS', 'ExternalIP']

/** `nodes/[SCHEME:]NAME[:PORT]/proxy`: to what kubelet would serve, or to another port of the node. */
export const nodeProxyHandler =
  ({ nodeStreams }: SubresourcePorts): Handler =>
  async (context) => {
    const { name: id } = context.route.path
    const named = parseTargetName(id)
    if (!named) throw badRequest(`invalid node request ${JSON.stringify(id)}`)
    await admitConnection(context, 'NodeProxyOptions', proxyOptions(context))
    const item = await get(context.parts, readCall(context), { store: context.route.store, at: { namespace: '', name: named.name } })
    const addresses = (item.object as unknown as Node).status?.addresses ?? []
    const host = PREFERRED.map((type) => addresses.find((one) => one.type === type)?.address).find((address) => address !== undefined)
    if (host === undefined) throw plainError(`no preferred addresses found; known addresses: [${addresses.map(({ type, address }) => `{${type} ${address}}`).join(' ')}]`)
    if (/^[\d.]+$|:/.test(host) && !isGlobalUnicast(host)) throw badRequest('address not allowed')
    const isAgent = named.port === '' || named.port === KUBELET_PORT
    // The agent speaks over an inner stream: what a client would get from kubelet by TLS comes without it here.
    const scheme = isAgent ? 'http' : named.scheme
    const port = isAgent ? 0 : portNumber(named.port, scheme)
    const dial = (signal: AbortSignal): ReturnType<typeof dialNode> => dialNode({ streams: nodeStreams, nodeName: named.name, request: { pod: undefined, port }, clock: context.parts.clock }, signal)
    return { kind: 'proxy', target: { scheme, host: hostPort(host, named.port || KUBELET_PORT), path: pathInTarget(context), dial } }
  }
