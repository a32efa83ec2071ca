import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { Fault, isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import type { Log } from '../../shared/kit/log.ts'
import { unlessMissing } from '../host/errno.ts'
import { type Netns, systemNetns } from '../host/netns.ts'
import { type Conntrack, systemConntrack } from '../host/netns-conntrack.ts'
import { type NodeNetwork, systemNodeNetwork } from '../host/netns-node.ts'
import { type Nft, systemNft } from '../host/nft.ts'
import { nextAddress } from './addresses.ts'
import { isInRange, macOf } from './cidr.ts'
import type { HostPort } from './host-ports.ts'
import { type NodeSetup, setUpNode, tearDownNode } from './node-setup.ts'
import { type PodRecord, PodRecords } from './pod-records.ts'
import type { AttachOptions, NodeRoute, PodNetwork, Sandbox, ServicePort } from './port.ts'
import { planRoutes } from './routes.ts'
import { ServiceTable } from './service-table.ts'
import { freeRange, userPool, type UserPool } from './user-ranges.ts'

export type { NodeRoute, PodNetwork, Sandbox, ServicePort } from './port.ts'
export { servicePorts } from './service-ports.ts'

export interface PodNetworkOptions {
  /** A folder of this agent that lives as long as the host is up (`/run/…`): records and pinned namespaces. */
  readonly runFolder: string
  readonly log: Log
  readonly clock: Clock
  /** At most 15 characters. */
  readonly bridge?: string
  readonly netns?: Netns
  readonly node?: NodeNetwork
  readonly nft?: Nft
  readonly conntrack?: Conntrack
}

/** The network of the node whose network namespace this process lives in. */
export async function createPodNetwork(options: PodNetworkOptions): Promise<PodNetwork> {
  const records = new PodRecords(options.runFolder)
  await records.open()
  return new LinuxPodNetwork(options, records)
}

type NodeConfig = Parameters<PodNetwork['configureNode']>[0]

const BRIDGE = 'gt0'
/** A pair whose namespace somebody still holds is removed by hand after this. */
const LINK_LEFTOVER_MS = 3000

class LinuxPodNetwork implements PodNetwork {
  readonly #log: Log
  readonly #clock: Clock
  readonly #bridge: string
  readonly #netns: Netns
  readonly #node: NodeNetwork
  readonly #records: PodRecords
  readonly #table: ServiceTable
  #setup: NodeSetup | undefined
  #config: NodeConfig | undefined
  #lastAddress: string | undefined
  /** One call at a time per pod. */
  readonly #busy = new Map<string, Promise<unknown>>()

  constructor(options: PodNetworkOptions, records: PodRecords) {
    this.#log = options.log
    this.#clock = options.clock
    this.#bridge = options.bridge ?? BRIDGE
    this.#netns = options.netns ?? systemNetns()
    this.#node = options.node ?? systemNodeNetwork()
    this.#records = records
    this.#table = new ServiceTable({ nft: options.nft ?? systemNft(options.clock), conntrack: options.conntrack ?? systemConntrack(), clock: options.clock, log: options.log })
  }

  async configureNode(config: NodeConfig): Promise<void> {
    const { podCidr, clusterCidr, nodeAddress } = config
    const [setup] = await Promise.all([setUpNode(this.#node, { bridge: this.#bridge, podCidr, nodeAddress }), this.#table.configure({ bridge: this.#bridge, podCidr, clusterCidr })])
    this.#setup = setup
    this.#config = config
    await Promise.all([this.#writeHostPorts(), this.#dropStrangers(setup.links)])
  }

  async setRoutes(routes: readonly NodeRoute[]): Promise<void> {
    await this.#node.run(planRoutes(await this.#node.routes(), routes))
  }

  attach(podUid: string, options: AttachOptions): Promise<Sandbox> {
    return this.#oneAtATime(podUid, async () => {
      const sandbox = (await this.#sandboxOf(podUid)) ?? (await this.#make(podUid, options))
      await this.#netns.set(sandbox.netnsPath, options.sysctls ?? {})
      return sandbox
    })
  }

  async #make(podUid: string, options: AttachOptions): Promise<Sandbox> {
    const setup = this.#setup
    if (setup === undefined) throw new Fault('unavailable', 'the node has no pod range yet')
    const pool = options.ownUsers === true ? await poolOfHost() : undefined
    // No wait between: two calls must never get one address.
    const record = { ...this.#allocate(podUid, setup, options.hostPorts ?? []), ...(pool === undefined ? {} : { hostFirst: this.#freeRange(podUid, pool) }) }
    await this.#records.put(record)
    await this.#create(record, setup)
    if (record.hostPorts.length > 0) await this.#writeHostPorts()
    return this.#toSandbox(record)
  }

  find(podUid: string): Promise<Sandbox | undefined> {
    return this.#sandboxOf(podUid)
  }

  detach(podUid: string): Promise<void> {
    return this.#oneAtATime(podUid, async () => {
      const record = this.#records.get(podUid)
      await this.#netns.unpin(this.#records.netnsPath(podUid))
      if (record === undefined) return
      const users = this.#records.users(record)
      for (const path of users === undefined ? [] : [users.usersPath, users.ownersPath]) await this.#netns.unpin(path)
      await this.#records.remove(podUid)
      if (record.hostPorts.length > 0) await this.#writeHostPorts()
      this.#clock.after(LINK_LEFTOVER_MS, () => void this.#dropLeftover(record))
    })
  }

  async list(): Promise<readonly string[]> {
    return this.#records.all().map(({ podUid }) => podUid)
  }

  setServices(services: readonly ServicePort[]): Promise<void> {
    return this.#table.setServices(services)
  }

  async teardown(): Promise<void> {
    for (const { podUid, hostLink } of this.#records.all()) {
      await this.detach(podUid)
      await this.#netns.dropLink(hostLink)
    }
    await this.#table.remove()
    await tearDownNode(this.#node, this.#bridge)
    this.#setup = undefined
  }

  #allocate(podUid: string, { range }: NodeSetup, hostPorts: readonly HostPort[]): PodRecord {
    // Begun by an agent that was killed.
    const begun = this.#records.get(podUid)
    if (begun !== undefined && isInRange(range, begun.ip)) return { ...begun, hostPorts }
    const taken = new Set(this.#records.addresses())
    const ip = nextAddress(range, taken, this.#lastAddress)
    if (ip === undefined) throw new Fault('exhausted', `no address is free in this node's pod range: ${taken.size} pods have one`)
    this.#lastAddress = ip
    return { podUid, ip, hostLink: linkName(podUid), hostPorts }
  }

  async #create(record: PodRecord, setup: NodeSetup): Promise<void> {
    const link = { ...record, users: this.#records.users(record), netnsPath: this.#records.netnsPath(record.podUid), bridge: this.#bridge, address: record.ip, gateway: setup.gateway, mac: macOf(record.ip), mtuBytes: setup.mtuBytes }
    try {
      await this.#netns.create(link)
    } catch (error) {
      if (!isFault(error, 'not-found') || this.#config === undefined) throw error
      // Somebody removed the bridge.
      this.#log.warn({ err: error.message }, 'the node network is set up again')
      await this.configureNode(this.#config)
      await this.#netns.create(link)
    }
  }

  /** Pairs of pods that are gone, whose namespace outlived them and the agent of then. */
  async #dropStrangers(links: readonly string[]): Promise<void> {
    const known = new Set(this.#records.all().map(({ hostLink }) => hostLink))
    for (const name of links) if (/^gt[0-9a-f]{12}$/.test(name) && !known.has(name)) await this.#netns.dropLink(name)
  }

  async #sandboxOf(podUid: string): Promise<Sandbox | undefined> {
    const record = this.#records.get(podUid)
    const netnsPath = this.#records.netnsPath(podUid)
    return record !== undefined && (await this.#netns.isPinned(netnsPath)) ? this.#toSandbox(record) : undefined
  }

  #toSandbox(record: PodRecord): Sandbox {
    const users = this.#records.users(record)
    return { netnsPath: this.#records.netnsPath(record.podUid), ip: record.ip, ...(users === undefined ? {} : { users }) }
  }

  #freeRange(podUid: string, pool: UserPool): number {
    const first = this.#records.get(podUid)?.hostFirst ?? freeRange(pool, this.#records.ranges(), podUid)
    if (first === undefined) throw new Fault('exhausted', 'could not find an empty slot to allocate a user namespace')
    return first
  }

  #writeHostPorts(): Promise<void> {
    return this.#table.setHostPorts(
      this.#records
        .all()
        .filter(({ hostPorts }) => hostPorts.length > 0)
        .map(({ ip, hostPorts }) => ({ podIp: ip, ports: hostPorts })),
    )
  }

  async #dropLeftover(record: PodRecord): Promise<void> {
    if (this.#records.get(record.podUid) !== undefined) return
    try {
      await this.#netns.dropLink(record.hostLink)
    } catch (error) {
      this.#log.warn({ uid: record.podUid, err: messageOf(error) }, 'a link of a removed pod could not be removed')
    }
  }

  async #oneAtATime<T>(podUid: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(podUid)
    const run = before === undefined ? work() : before.then(work, work)
    this.#busy.set(podUid, run)
    try {
      return await run
    } finally {
      if (this.#busy.get(podUid) === run) this.#busy.delete(podUid)
    }
  }
}

async function poolOfHost(): Promise<UserPool> {
  const [subuid, subgid] = await Promise.all(['/etc/subuid', '/etc/subgid'].map(async (path) => (await unlessMissing(readFile(path, 'utf8'))) ?? ''))
  return userPool(subuid ?? '', subgid ?? '')
}

/** 14 characters of the 15 a link may have. */
const linkName = (podUid: string): string => `gt${createHash('sha256').update(podUid).digest('hex').slice(0, 12)}`
