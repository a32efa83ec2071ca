import { closeSync, existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Libc } from './libc.ts'
import { type Netns, POD_SYSCTLS, type PodLink } from './netns-port.ts'
import { attribute, ipv4, linkHeader, macBytes, type Message, NLM, RTM, text, u32, u8 } from './netns-messages.ts'
import { NetlinkSocket } from './netns-netlink.ts'
import { systemMounts } from './mounts.ts'
import { makePodUsers } from './user-namespaces.ts'

const CLONE_NEWNET = 0x4000_0000
const MS_BIND = 4096
const MNT_DETACH = 2
const AF_INET = 2
const AF_BRIDGE = 7
const IFF_UP = 1
const LO_INDEX = 1
const IFLA = { address: 1, name: 3, mtu: 4, master: 10, protocolInfo: 12, linkInfo: 18, netnsFd: 28 } as const
const LINK_INFO = { kind: 1, data: 2 } as const
const VETH_PEER = 1
const BRIDGE_PORT_HAIRPIN = 4
const NESTED = 0x8000
const ADDRESS = { address: 1, local: 2 } as const
const ROUTE = { outInterface: 4, gateway: 5 } as const
const ROUTE_TABLE_MAIN = 254
const ROUTE_PROTOCOL_STATIC = 4
const ROUTE_UNICAST = 1
const ROUTE_ONLINK = 4

/** Namespaces made by system calls in this thread: about a millisecond, no process. */
export function callNetns(libc: Libc): Omit<Netns, 'isPinned' | 'set'> {
  return {
    async create(link) {
      using node = new NetlinkSocket(libc)
      const bridge = node.indexOf(link.bridge)
      if (bridge === undefined) throw new Fault('not-found', `there is no bridge ${link.bridge}`)
      unpin(libc, link.netnsPath)
      await using users = link.users === undefined ? undefined : await makePodUsers(systemMounts(libc), link.users)
      using pod = openNamespace(libc, users?.pid)
      joinToBridge(node, { ...link, bridgeIndex: bridge, netnsFd: pod.fd })
      configurePod(pod.socket, link)
      pin(libc, pod.fd, link.netnsPath)
    },
    async unpin(netnsPath) {
      unpin(libc, netnsPath)
    },
    async dropLink(hostLink) {
      if (isGone(hostLink)) return
      using node = new NetlinkSocket(libc)
      dropLink(node, hostLink)
    },
  }
}

interface OpenNamespace extends Disposable {
  readonly fd: number
  /** Speaks to the new namespace. */
  readonly socket: NetlinkSocket
}

/**
 * A new namespace (or that of a process), held by a descriptor. This thread is inside it only within this function, which waits for nothing; a thread that cannot
 * get back would do everything after in the wrong network, so then the process ends.
 */
function openNamespace(libc: Libc, pid: number | undefined): OpenNamespace {
  const home = openSync('/proc/thread-self/ns/net', 'r')
  try {
    const theirs = pid === undefined ? undefined : openSync(`/proc/${pid}/ns/net`, 'r')
    if (theirs === undefined) libc.unshare(CLONE_NEWNET)
    else libc.setns(theirs, CLONE_NEWNET)
    try {
      const fd = theirs ?? openSync('/proc/thread-self/ns/net', 'r')
      for (const [name, value] of Object.entries(POD_SYSCTLS)) writeSysctl(name, value)
      const socket = new NetlinkSocket(libc)
      return {
        fd,
        socket,
        [Symbol.dispose]() {
          socket[Symbol.dispose]()
          closeSync(fd)
        },
      }
    } finally {
      returnTo(libc, home)
    }
  } finally {
    closeSync(home)
  }
}

function returnTo(libc: Libc, home: number): void {
  try {
    libc.setns(home, CLONE_NEWNET)
  } catch (error) {
    process.stderr.write(`cannot return to the node's network namespace: ${messageOf(error)}\n`)
    process.abort()
  }
}

/** Defaults only: a kernel without one of them runs pods all the same. */
function writeSysctl(name: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${name}`, value)
  } catch {
    // Not there, or read-only.
  }
}

function joinToBridge(node: NetlinkSocket, link: PodLink & { readonly bridgeIndex: number; readonly netnsFd: number }): void {
  const mtu = attribute(IFLA.mtu, u32(link.mtuBytes))
  const peer = attribute(VETH_PEER, [
    linkHeader({}),
    attribute(IFLA.name, text('eth0')),
    attribute(IFLA.address, macBytes(link.mac)),
    mtu,
    attribute(IFLA.netnsFd, u32(link.netnsFd)),
  ])
  const body = Buffer.concat([
    linkHeader({ flags: IFF_UP, change: IFF_UP }),
    attribute(IFLA.name, text(link.hostLink)),
    mtu,
    attribute(IFLA.master, u32(link.bridgeIndex)),
    attribute(IFLA.linkInfo, [attribute(LINK_INFO.kind, text('veth')), attribute(LINK_INFO.data, peer)]),
  ])
  const make = (): void => node.request([{ what: `make the link ${link.hostLink}`, type: RTM.newLink, flags: NLM.create | NLM.exclusive, body }])
  try {
    make()
  } catch (error) {
    if (!isFault(error, 'already-exists')) throw error
    // Of a pod's earlier namespace.
    dropLink(node, link.hostLink)
    make()
  }
  const hairpin = Buffer.concat([linkHeader({ family: AF_BRIDGE, index: node.indexOf(link.hostLink) ?? 0 }), attribute(IFLA.protocolInfo | NESTED, attribute(BRIDGE_PORT_HAIRPIN, u8(1)))])
  node.request([{ what: `let ${link.hostLink} reach itself`, type: RTM.setLink, flags: 0, body: hairpin }])
}

function configurePod(pod: NetlinkSocket, link: PodLink): void {
  const eth0 = pod.indexOf('eth0')
  if (eth0 === undefined) throw new Fault('internal', `eth0 of ${link.address} is not where it was put`)
  const up = (index: number): Message => ({ type: RTM.newLink, flags: 0, body: linkHeader({ index, flags: IFF_UP, change: IFF_UP }) })
  pod.request([
    { what: 'take lo up', ...up(LO_INDEX) },
    { what: 'take eth0 up', ...up(eth0) },
    { what: `give ${link.address}`, type: RTM.newAddress, flags: NLM.create | NLM.exclusive, body: addressBody(link.address, eth0) },
    { what: `route by ${link.gateway}`, type: RTM.newRoute, flags: NLM.create | NLM.exclusive, body: defaultRouteBody(link.gateway, eth0) },
  ])
}

/** `struct ifaddrmsg`, /32. */
function addressBody(address: string, index: number): Buffer {
  const header = Buffer.from([AF_INET, 32, 0, 0, 0, 0, 0, 0])
  header.writeUInt32LE(index, 4)
  return Buffer.concat([header, attribute(ADDRESS.local, ipv4(address)), attribute(ADDRESS.address, ipv4(address))])
}

/** `struct rtmsg`; the gateway lies in no net of the pod's: it is reached on the link. */
function defaultRouteBody(gateway: string, index: number): Buffer {
  const header = Buffer.from([AF_INET, 0, 0, 0, ROUTE_TABLE_MAIN, ROUTE_PROTOCOL_STATIC, 0, ROUTE_UNICAST, ROUTE_ONLINK, 0, 0, 0])
  return Buffer.concat([header, attribute(ROUTE.gateway, ipv4(gateway)), attribute(ROUTE.outInterface, u32(index))])
}

function dropLink(node: NetlinkSocket, name: string): void {
  try {
    node.request([{ what: `remove the link ${name}`, type: RTM.delLink, flags: 0, body: Buffer.concat([linkHeader({}), attribute(IFLA.name, text(name))]) }])
  } catch (error) {
    // It went with its namespace in the same moment.
    if (!isFault(error, 'unsupported') && !isFault(error, 'not-found')) throw error
  }
}

/** Settings of the links in this thread's network namespace, a folder for each. */
const LINKS = '/proc/sys/net/ipv4/conf'

/**
 * Most are. Looking here waits for nobody who changes links, as the request would; and no program is started to look for a module of that name, as a kernel with
 * modules does when it is asked for the index of a link that it does not have.
 */
const isGone = (link: string): boolean => !existsSync(`${LINKS}/${link}`) && existsSync(`${LINKS}/lo`)

function pin(libc: Libc, fd: number, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, '')
  libc.mount({ source: `/proc/self/fd/${fd}`, target: path, type: 'none', data: '', flags: MS_BIND })
}

function unpin(libc: Libc, path: string): void {
  try {
    libc.umount(path, MNT_DETACH)
  } catch (error) {
    if (!isFault(error, 'invalid') && !isFault(error, 'not-found')) throw error
  }
  rmSync(path, { force: true })
}
