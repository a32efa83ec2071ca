import type { NodeDoor } from '../../control-plane/dispatch/node-door.ts'
import { createAgent } from '../../node-agent/agent.ts'
import { servicePorts } from '../../node-agent/network/network.ts'
import { createPodWorkers, type PodsConfig } from '../../node-agent/pods/pods.ts'
import type { ContainerRuntime } from '../../node-agent/runtime/port.ts'
import type { HostFacts } from '../../node-agent/session/node-object.ts'
import { assignedSources } from '../../node-agent/session/sources.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import { newUid } from '../../shared/kit/ids.ts'
import type { Random } from '../../shared/kit/random.ts'
import { between, happens } from './chance.ts'
import { CHECKPOINTS, LOGS, SimHost } from './host.ts'
import { Life } from './life.ts'
import { Cable } from './link.ts'
import type { Transcript } from './transcript.ts'

export const NODE_CPUS = 4
export const NODE_MEMORY_BYTES = 8 * 2 ** 30
export const NODE_PODS = 30
export const CLUSTER_CIDR = '10.244.0.0/16'

/** How the machine behaves now. */
export interface HostWeather {
  minDelayMs: number
  maxDelayMs: number
  /** Of calls to runtime, snapshots, network, volumes and groups. */
  failures: number
}

export const calmHost: Readonly<HostWeather> = { minDelayMs: 0.1, maxDelayMs: 8, failures: 0 }

export interface SimNodeOptions {
  readonly name: string
  readonly index: number
  readonly clock: Clock
  /** A stream of chance for each purpose. */
  readonly random: (purpose: string) => Random
  readonly transcript: Transcript
  readonly plane: () => NodeDoor | undefined
  /** Told before a container's first process begins. */
  readonly onStart: (id: string) => void
  /** Told before a container that still runs is taken away. */
  readonly onKill: (id: string) => void
}

/** One machine with its agent: started, crashed, switched off. */
export class SimNode {
  readonly name: string
  readonly address: string
  readonly host: SimHost
  readonly cable: Cable
  readonly weather: HostWeather = { ...calmHost }
  readonly #options: SimNodeOptions
  readonly #chance: Random
  #bootId: string
  #boots = 0
  #starts = 0
  #life: Life | undefined
  #closeRuntime = (): void => {}

  constructor(options: SimNodeOptions) {
    const { name, index, clock, random, plane } = options
    this.#options = options
    this.name = name
    this.address = `192.0.2.${index + 1}`
    this.host = new SimHost(clock)
    this.cable = new Cable({ nodeName: name, clock, random: random('cable'), plane })
    this.#chance = random('host')
    this.#bootId = newUid(random(`boot ${this.#boots}`))
  }

  get isUp(): boolean {
    return this.#life !== undefined
  }

  start(): void {
    if (this.#life) return
    const life = new Life(this.#options.clock)
    this.#life = life
    this.#options.transcript.say(`${this.name} agent starts`)
    const log = this.#options.transcript.logOf(this.name)
    this.#agent(life, this.#options.random(`agent ${this.#starts++}`))
      .run(life.signal)
      .then(
        () => life.isOver || this.#options.transcript.violate(`the agent of ${this.name} ended by itself`),
        (error: unknown) => life.isOver || log.error({ err: messageOf(error) }, 'the agent failed'),
      )
  }

  /** SIGKILL to the agent; its containers run on. */
  crashAgent(): void {
    if (!this.#life) return
    this.#options.transcript.say(`FAULT ${this.name} agent is killed`)
    this.#die()
    this.cable.break()
  }

  /** Power loss: everything on it dies at once, and nobody is told. */
  losePower(): void {
    this.#options.transcript.say(`FAULT ${this.name} loses power`)
    this.#die()
    this.cable.fallSilent()
    this.host.losePower()
    this.#bootId = newUid(this.#options.random(`boot ${++this.#boots}`))
  }

  #die(): void {
    this.#life?.end()
    this.#life = undefined
    this.#closeRuntime()
    this.#closeRuntime = () => {}
  }

  #agent(life: Life, random: Random): ReturnType<typeof createAgent> {
    const { name, transcript, onStart, onKill } = this.#options
    const log = transcript.logOf(name)
    const { host } = this
    const facts: HostFacts = { cpus: NODE_CPUS, memoryBytes: NODE_MEMORY_BYTES, ephemeralStorageBytes: 100 * 2 ** 30, kernelVersion: '6.1.0', osImage: 'Simulated', architecture: 'amd64', machineId: name, bootId: this.#bootId, address: this.address, hostname: name }
    const door = host.openRuntime(5)
    this.#closeRuntime = () => void door[Symbol.asyncDispose]()
    const before = (): Promise<void> => this.#before()
    const after = (): Promise<void> => this.#delay()
    const told: ContainerRuntime = {
      ...door,
      start: (id) => (onStart(id), door.start(id)),
      delete: (id) => (host.containers.containers.get(id)?.state.kind === 'running' && onKill(id), door.delete(id)),
    }
    const runtime = life.wrap(told, { sync: new Set(['onExit']), before, after })
    const link = life.wrap<Cable>(this.cable)
    const network = life.wrap(host.network, { before, after })
    const images = life.wrap(host.images, { before: after })
    const parts = {
      runtime,
      images,
      network,
      snapshots: life.wrap(host.snapshots, { before, after }),
      volumes: life.wrap(host.volumes, { sync: new Set(['podFolder', 'contents']), before, after }),
      cgroups: life.wrap(host.cgroups, { sync: new Set(['podPath']), before, after }),
      probes: life.wrap(host.probes, { before: after }),
      files: life.wrap(host.files, { sync: new Set(['signalNumber']), before: after }),
      logs: host.logs,
      forwarder: { connect: () => Promise.reject(new Fault('unsupported', 'nothing listens in a simulated pod')) },
    }
    const { clock } = life
    return createAgent({
      nodeName: name,
      version: 'v1.36.2-sim',
      runtimeVersion: 'fake://0',
      host: facts,
      maxPods: NODE_PODS,
      labels: {},
      clusterCidr: CLUSTER_CIDR,
      link,
      network,
      images,
      createWorkers: (reporter, assigned) => createPodWorkers({ ...parts, sources: assignedSources(assigned, link), reporter, clock, random, log, config: this.#podsConfig() }),
      servicePorts: (assigned) => servicePorts([...assigned.services.values()], [...assigned.slices.values()], name),
      clock,
      random,
      log,
    })
  }

  #podsConfig(): PodsConfig {
    return {
      nodeName: this.name,
      hostIP: this.address,
      hostname: this.name,
      clusterDns: [],
      clusterDomain: 'cluster.local',
      logFolder: LOGS,
      checkpointFolder: CHECKPOINTS,
      capacity: { cpuMillis: NODE_CPUS * 1000, memoryBytes: NODE_MEMORY_BYTES, pods: NODE_PODS },
      allocatable: { cpu: String(NODE_CPUS), memory: String(NODE_MEMORY_BYTES) },
      capabilities: [],
      logMaxBytes: 10 * 2 ** 20,
      logMaxFiles: 5,
    }
  }

  async #before(): Promise<void> {
    await this.#delay()
    if (happens(this.#chance, this.weather.failures)) throw new Fault('exhausted', 'the machine has no room for it')
  }

  #delay(): Promise<void> {
    return sleep(this.#options.clock, between(this.#chance, this.weather.minDelayMs, this.weather.maxDelayMs) / 2)
  }
}
