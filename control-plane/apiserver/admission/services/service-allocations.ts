/** Gives services their addresses and node ports, and takes them back. */
import { invalid as invalidField } from '../../../../shared/model/field-error.ts'
import type { Service, ServicePort, ServiceSpec } from '../../../../shared/model/gen/api.ts'
import type { JsonObject } from '../../../../shared/model/json.ts'
import type { Call } from '../../core/call.ts'
import { internalError, invalid, plainError } from '../../status.ts'
import type { Allocations, Reservation } from '../allocations.ts'
import type { AdmissionSources } from '../sources.ts'
import { carriedOver, givesNodePorts, heldIps, heldPorts, isHeadless, needsClusterIp, needsHealthCheckPort, needsNodePort, nodePortsOf, specOf, syncedClusterIps, withoutUnused } from './fields.ts'
import { withFamilies } from './families.ts'
import { candidates, inRange, ipRange, toIp, type IpRange, type ServiceRanges } from './ranges.ts'
import { giveBack, ipKey, ipRecord, portKey, portRecord, take, type Holder } from './reservations.ts'

const subject = { group: '', name: 'Service' } as const
/** How many places are tried before the range counts as full. */
const TRIES = 4096

/** The ports that a dry run makes up come after this one, or after those it was asked for. */
const TRIED_AFTER = 32_768

const nothing = async (): Promise<void> => {}

export function serviceAllocations(sources: AdmissionSources, ranges: ServiceRanges): Allocations {
  const ips = ipRange(ranges.serviceCidr)
  return {
    async reserve({ store, subresource = '', object, old, call }) {
      if (store.definition.kind !== 'Service' || store.definition.group !== '' || subresource !== '') return { object, settle: nothing }
      const before = old as unknown as Service | undefined
      const work = new Work(sources, { call, ranges, ips, service: object as unknown as Service })
      return work.reserve(before)
    },
    async release({ store, object, call }) {
      if (store.definition.kind !== 'Service' || store.definition.group !== '') return
      await giveBack(sources, call, keysOf(specOf(object as unknown as Service)))
    },
  }
}

const keysOf = (spec: ServiceSpec): readonly string[] => [...heldIps(spec).map(ipKey), ...heldPorts(spec).map(portKey)]

interface WorkOptions {
  readonly call: Call
  readonly ranges: ServiceRanges
  readonly ips: IpRange
  readonly service: Service
}

/** One write of one service: what it has taken so far, to be given back if nothing comes of it. */
class Work {
  readonly #sources: AdmissionSources
  readonly #options: WorkOptions
  readonly #holder: Holder
  readonly #taken: string[] = []
  /** Ports of a dry run, which takes none. */
  readonly #tried = new Set<number>()
  #lastTried = 0

  constructor(sources: AdmissionSources, options: WorkOptions) {
    this.#sources = sources
    this.#options = options
    const { namespace = '', name = '' } = options.service.metadata
    this.#holder = { namespace, name }
  }

  async reserve(old: Service | undefined): Promise<Reservation> {
    const { service, call } = this.#options
    const before = old && specOf(old)
    try {
      const spec = await this.#filled(specOf(service), before)
      const kept = new Set(keysOf(spec))
      const left = before ? keysOf(before).filter((key) => !kept.has(key)) : []
      return { object: { ...service, spec } as unknown as JsonObject, settle: (fate) => giveBack(this.#sources, call, fate === 'written' ? left : fate === 'not-written' ? this.#taken : []) }
    } catch (error) {
      await giveBack(this.#sources, call, this.#taken)
      throw error
    }
  }

  async #filled(wanted: ServiceSpec, before: ServiceSpec | undefined): Promise<ServiceSpec> {
    const synced = syncedClusterIps(before ? carriedOver(wanted, before) : wanted, before)
    const families = withFamilies(before ? withoutUnused(synced, before) : synced, before)
    if (families.kind === 'refused') throw invalid(subject, this.#holder.name, families.errors)
    const withIps = await this.#withIps(families.spec, before)
    const withPorts = needsNodePort(withIps) ? await (before ? this.#withOtherPorts(withIps, before) : this.#withPorts(withIps)) : withIps
    return this.#withHealthCheckPort(withPorts, before)
  }

  async #withIps(spec: ServiceSpec, before: ServiceSpec | undefined): Promise<ServiceSpec> {
    // What an address may become is validation's to say.
    if (!needsClusterIp(spec) || isHeadless(spec) || (before && needsClusterIp(before))) return spec
    const [wanted = ''] = spec.clusterIPs ?? []
    if (wanted === '') {
      const ip = await this.#nextIp()
      return { ...spec, clusterIP: ip, clusterIPs: [ip] }
    }
    await this.#takeIp(wanted, spec)
    return spec
  }

  async #nextIp(): Promise<string> {
    const { ips, call } = this.#options
    // A dry run looks for none: any will do, and it is always the same.
    if (call.dryRun) return toIp(ips.base)
    for (const offset of candidates(ips, this.#sources.random, TRIES)) {
      const ip = toIp(ips.base + 1 + offset)
      if (await this.#take(ipKey(ip), ipRecord(this.#sources, ip, this.#holder))) return ip
    }
    throw internalError('failed to allocate a serviceIP: range is full')
  }

  async #takeIp(ip: string, spec: ServiceSpec): Promise<void> {
    const { ips, ranges, call } = this.#options
    const refuse = (why: string): Error => invalid(subject, this.#holder.name, [invalidField('spec.clusterIPs', spec.clusterIPs, `failed to allocate IP ${ip}: ${why}`)])
    if (!inRange(ips, ip)) throw refuse(`the provided IP (${ip}) is not in the valid range. The range of valid IPs is ${ranges.serviceCidr}`)
    if (!call.dryRun && !(await this.#take(ipKey(ip), ipRecord(this.#sources, ip, this.#holder)))) throw refuse('provided IP is already allocated')
  }

  /** Ports of one number on two protocols share a node port. */
  async #withPorts(spec: ServiceSpec): Promise<ServiceSpec> {
    const given = new Map<number, number>()
    const ports: ServicePort[] = []
    const wanted = spec.ports ?? []
    const named = new Map(wanted.flatMap(({ port, nodePort }) => (nodePort ? [[port, nodePort] as const] : [])).toReversed())
    for (const [index, port] of wanted.entries()) {
      const shared = given.get(port.port)
      const asked = port.nodePort || shared || named.get(port.port) || 0
      if (!port.nodePort && !givesNodePorts(spec)) {
        ports.push(port)
        continue
      }
      const nodePort = asked === 0 ? await this.#nextPort() : asked
      if (asked !== 0 && shared !== asked) await this.#takePort(asked, index)
      given.set(port.port, nodePort)
      ports.push({ ...port, nodePort })
    }
    return wanted.length === 0 ? spec : { ...spec, ports }
  }

  /** At an update nothing is shared but what was asked for. */
  async #withOtherPorts(spec: ServiceSpec, before: ServiceSpec): Promise<ServiceSpec> {
    const held = new Set(needsNodePort(before) ? nodePortsOf(before) : [])
    const named = new Set<string>()
    const ports: ServicePort[] = []
    for (const [index, port] of (spec.ports ?? []).entries()) {
      if (!port.nodePort && !givesNodePorts(spec)) {
        ports.push(port)
        continue
      }
      const nodePort = port.nodePort || (await this.#nextPort())
      if (port.nodePort && !held.has(nodePort)) await this.#takePort(nodePort, index)
      if (port.nodePort) held.add(nodePort)
      const name = `{${port.protocol} ${nodePort}}`
      if (named.has(name)) throw plainError(`duplicate nodePort: ${name}`)
      named.add(name)
      ports.push({ ...port, nodePort })
    }
    return ports.length === 0 ? spec : { ...spec, ports }
  }

  async #nextPort(): Promise<number> {
    const { first, last } = this.#options.ranges.nodePorts
    if (this.#options.call.dryRun) return this.#try((this.#lastTried || TRIED_AFTER) + 1)
    const size = last - first + 1
    for (const offset of candidates({ size, reserved: Math.min(86, size - 1) }, this.#sources.random, TRIES)) {
      const port = first + offset
      if (await this.#take(portKey(port), portRecord(this.#sources, port, this.#holder))) return port
    }
    throw internalError('failed to allocate a nodePort: range is full')
  }

  async #takePort(port: number, index: number): Promise<void> {
    const refuse = (why: string): Error => invalid(subject, this.#holder.name, [invalidField(`spec.ports[${index}].nodePort`, port, why)])
    const why = await this.#portProblem(port)
    if (why !== undefined) throw refuse(why)
  }

  async #portProblem(port: number): Promise<string | undefined> {
    const { call, ranges } = this.#options
    const { first, last } = ranges.nodePorts
    const isOutside = port < first || port > last
    // A dry run asks only whether somebody has it.
    if (isOutside && !call.dryRun) return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`
    const isTaken = isOutside ? this.#tried.has(port) : !(await this.#take(portKey(port), portRecord(this.#sources, port, this.#holder)))
    if (isTaken) return 'provided port is already allocated'
    this.#try(port)
    return undefined
  }

  #try(port: number): number {
    if (!this.#options.call.dryRun) return port
    this.#tried.add(port)
    this.#lastTried = Math.max(this.#lastTried, port)
    return port
  }

  async #withHealthCheckPort(spec: ServiceSpec, before: ServiceSpec | undefined): Promise<ServiceSpec> {
    if (!needsHealthCheckPort(spec) || (before && needsHealthCheckPort(before))) return spec
    const wanted = spec.healthCheckNodePort ?? 0
    if (wanted === 0) return { ...spec, healthCheckNodePort: await this.#nextPort() }
    const why = await this.#portProblem(wanted)
    if (why !== undefined) throw internalError(`failed to allocate requested HealthCheck NodePort ${wanted}: ${why}`)
    return spec
  }

  async #take(key: string, record: JsonObject): Promise<boolean> {
    const mine = !this.#taken.includes(key) && (await take(this.#sources, this.#options.call, { key, record }))
    if (mine) this.#taken.push(key)
    return mine
  }
}
