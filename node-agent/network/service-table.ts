import type { Clock } from '../../shared/kit/clock.ts'
import { isFault, messageOf } from '../../shared/kit/faults.ts'
import type { Log } from '../../shared/kit/log.ts'
import type { Conntrack, Flow } from '../host/netns-conntrack.ts'
import type { Nft } from '../host/nft.ts'
import type { NetworkConfig } from './base-rules.ts'
import type { PodHostPorts } from './host-ports.ts'
import type { ServicePort } from './port.ts'
import { EMPTY_RULES, planChange, planRebuild, type RuleSet } from './rule-set.ts'
import { rulesOf, TABLE } from './service-rules.ts'
import { canBeStale, staleFlows } from './stale-flows.ts'

export interface ServiceTableOptions {
  readonly nft: Nft
  readonly conntrack: Conntrack
  readonly clock: Clock
  readonly log: Log
}

/** Whoever answers a call does so within this. Its caller, unheard, asks again after a second. */
const ANSWER_MS = 250

interface Wanted {
  readonly config: NetworkConfig | undefined
  readonly services: readonly ServicePort[] | undefined
  readonly hostPorts: readonly PodHostPorts[]
}

/**
 * Keeps the kernel's table as it is wanted. Changes that arrive while one is being written are written together, as one transaction.
 *
 * After a restart of the agent the table of before is still there and still right: it is left alone but for additions until the services are
 * known, and then replaced in one transaction. So is a table that does not take a change (somebody else emptied it).
 */
export class ServiceTable {
  readonly #options: ServiceTableOptions
  #wanted: Wanted = { config: undefined, services: undefined, hostPorts: [] }
  /** What the kernel has; undefined while that is not known. */
  #written: RuleSet | undefined
  /** Undefined: an agent before this one wrote them, or nobody. */
  #writtenServices: readonly ServicePort[] | undefined
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined

  constructor(options: ServiceTableOptions) {
    this.#options = options
  }

  configure(config: NetworkConfig): Promise<void> {
    return this.#want({ ...this.#wanted, config })
  }

  setServices(services: readonly ServicePort[]): Promise<void> {
    return this.#want({ ...this.#wanted, services })
  }

  setHostPorts(hostPorts: readonly PodHostPorts[]): Promise<void> {
    if (JSON.stringify(hostPorts) === JSON.stringify(this.#wanted.hostPorts)) return this.#next ?? this.#running ?? Promise.resolve()
    return this.#want({ ...this.#wanted, hostPorts })
  }

  async remove(): Promise<void> {
    await (this.#next ?? this.#running)?.catch(() => {})
    this.#wanted = { config: undefined, services: undefined, hostPorts: [] }
    this.#written = undefined
    this.#writtenServices = undefined
    await this.#options.nft.apply(`add table ip ${TABLE}\ndelete table ip ${TABLE}\n`)
    this.#options.nft.close()
  }

  /** Resolves when the kernel has what is wanted now (or something newer). */
  #want(wanted: Wanted): Promise<void> {
    this.#wanted = wanted
    if (this.#running === undefined) return this.#start()
    this.#next ??= this.#running.catch(() => {}).then(() => this.#start())
    return this.#next
  }

  #start(): Promise<void> {
    this.#next = undefined
    const run = this.#write().finally(() => {
      if (this.#running === run) this.#running = undefined
    })
    this.#running = run
    return run
  }

  async #write(): Promise<void> {
    const { config, services, hostPorts } = this.#wanted
    if (config === undefined) return
    const after = rulesOf({ config, services: services ?? [], hostPorts })
    if (this.#written === undefined && services === undefined && (await this.#options.nft.hasTable(TABLE))) {
      return await this.#apply(planChange(TABLE, EMPTY_RULES, after))
    }
    await this.#change(after)
    this.#written = after
    const before = this.#writtenServices
    this.#writtenServices = services ?? []
    await this.#forgetStale(before, this.#writtenServices)
  }

  async #change(after: RuleSet): Promise<void> {
    const written = this.#written
    if (written !== undefined) {
      try {
        return await this.#apply(planChange(TABLE, written, after))
      } catch (error) {
        if (!isFault(error, 'invalid')) throw error
        this.#options.log.warn({ err: messageOf(error) }, 'the service table does not take a change: it is written anew')
      }
    }
    await this.#apply(planRebuild(TABLE, after))
  }

  async #apply(commands: readonly string[]): Promise<void> {
    if (commands.length > 0) await this.#options.nft.apply(`${commands.join('\n')}\n`)
  }

  async #forgetStale(before: readonly ServicePort[] | undefined, after: readonly ServicePort[]): Promise<void> {
    if (canBeStale('UDP', before ?? [], after)) await this.#forget('UDP', before ?? [], after)
    // Later: what is being answered at this moment by an endpoint that leaves in peace must find its way back.
    if (before === undefined || canBeStale('TCP', before, after)) this.#options.clock.after(ANSWER_MS, () => void this.#forget('TCP', before ?? [], after))
  }

  /** The rules are right already; a flow that could not be forgotten must not make them look wrong. */
  async #forget(protocol: Flow['protocol'], before: readonly ServicePort[], after: readonly ServicePort[]): Promise<void> {
    const { conntrack, log } = this.#options
    try {
      for (const flow of staleFlows(await conntrack.flows(protocol), before, after)) await conntrack.forget(flow)
    } catch (error) {
      log.warn({ err: messageOf(error) }, `${protocol} flows to endpoints that went away could not be forgotten`)
    }
  }
}
