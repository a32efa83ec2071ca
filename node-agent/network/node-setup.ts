import { Fault } from '../../shared/kit/faults.ts'
import type { NodeLink, NodeNetwork } from '../host/netns-node.ts'
import { gatewayOf, macOf, parseRange, type Range } from './cidr.ts'

export interface NodeSetup {
  readonly bridge: string
  readonly range: Range
  readonly gateway: string
  readonly mtuBytes: number
  /** Names of all links there were. */
  readonly links: readonly string[]
}

/** Marks routes as ours (a protocol number nobody else has; see `/etc/iproute2/rt_protos`). */
export const ROUTE_PROTOCOL = '103'
/** The worst metric there is: any other default route is taken before it. */
const LAST_RESORT = 4_294_967_295
const DEFAULT_MTU = 1500

/** What the node needs before the first pod: forwarding, the bridge with its address, and a default route of any kind. Idempotent. */
export async function setUpNode(network: NodeNetwork, options: { readonly bridge: string; readonly podCidr: string; readonly nodeAddress: string }): Promise<NodeSetup> {
  const range = parseRange(options.podCidr)
  if (range === undefined || range.prefix > 29) throw new Fault('invalid', `the pod range ${JSON.stringify(options.podCidr)} is no IPv4 range of at least 8 addresses`)
  const [links, routes] = await Promise.all([network.links(), network.routes()])
  const outside = links.find((link) => link.addresses.some((address) => address.startsWith(`${options.nodeAddress}/`)))
  const setup: NodeSetup = { bridge: options.bridge, range, gateway: gatewayOf(range), mtuBytes: outside?.mtuBytes ?? DEFAULT_MTU, links: links.map(({ name }) => name) }
  // A call to a service's address is routed before it is translated: without any default route a local program could not even begin.
  const hasDefault = routes.some(({ destination }) => destination === 'default')
  const lastResort = hasDefault ? [] : [`route add default dev ${options.bridge} proto ${ROUTE_PROTOCOL} metric ${LAST_RESORT}`]
  await network.run([...bridgeCommands(setup, links.find(({ name }) => name === options.bridge)), ...lastResort])
  await writeSettings(network, options.bridge)
  return setup
}

function bridgeCommands({ bridge, range, gateway, mtuBytes }: NodeSetup, there: NodeLink | undefined): readonly string[] {
  const address = `${gateway}/${range.prefix}`
  const strangers = (there?.addresses ?? []).filter((other) => other !== address)
  return [
    ...(there === undefined ? [`link add name ${bridge} address ${macOf(gateway)} type bridge`] : []),
    `link set ${bridge} mtu ${mtuBytes} up`,
    ...strangers.map((other) => `address delete ${other} dev ${bridge}`),
    ...(there?.addresses.includes(address) === true ? [] : [`address add ${address} dev ${bridge}`]),
  ]
}

async function writeSettings(network: NodeNetwork, bridge: string): Promise<void> {
  if (!(await network.writeSetting('net/ipv4/ip_forward', '1'))) throw new Fault('unsupported', 'this kernel cannot forward IPv4 packets (net.ipv4.ip_forward is missing)')
  // Pods meet over the node, though they hang on one bridge: it must not tell them of a shorter way past the translation.
  for (const scope of ['all', bridge]) await network.writeSetting(`net/ipv4/conf/${scope}/send_redirects`, '0')
  // Strict checks would drop what comes back another way than it went; loose ones (2) and none (0) are fine.
  for (const scope of ['all', bridge]) {
    const name = `net/ipv4/conf/${scope}/rp_filter`
    if ((await network.readSetting(name)) === '1') await network.writeSetting(name, '2')
  }
}

export async function tearDownNode(network: NodeNetwork, bridge: string): Promise<void> {
  const routes = (await network.routes()).filter(({ protocol }) => protocol === ROUTE_PROTOCOL)
  await network.run(routes.map(({ destination, device }) => `route delete ${destination} dev ${device} proto ${ROUTE_PROTOCOL}`))
  if ((await network.links()).some(({ name }) => name === bridge)) await network.run([`link delete ${bridge}`])
}
