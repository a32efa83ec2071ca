import type { PeerAnswer, PeerQuestion, ToAgent, ToControlPlane } from '../../proto/gen/node/v1/heartbeat.ts'
import { createAgent } from '../../node-agent/agent.ts'
import { fakeDeadlines, type FakeDeadlines } from '../../node-agent/fencing/fake.ts'
import { Keeper } from '../../node-agent/fencing/keeper.ts'
import type { PodRight } from '../../node-agent/fencing/port.ts'
import { servicePorts } from '../../node-agent/network/network.ts'
import { createPodWorkers, type PodsConfig } from '../../node-agent/pods/pods.ts'
import type { ContainerRuntime } from '../../node-agent/runtime/port.ts'
import { createGrpcLink } from '../../node-agent/session/grpc-link.ts'
import type { HostFacts } from '../../node-agent/session/node-object.ts'
import { assignedSources } from '../../node-agent/session/sources.ts'
import { noStaticPods } from '../../node-agent/static-pods/static-pods.ts'
import { sleep, type Clock } from '../../shared/kit/clock.ts'
import { Fault, messageOf } from '../../shared/kit/faults.ts'
import { newUid } from '../../shared/kit/ids.ts'
import type { RunRight } from '../../shared/model/fencing.ts'
import type { Random } from '../../shared/kit/random.ts'
import { between, happens } from './chance.ts'
import { SimFencer } from './fencer.ts'
import { CHECKPOINTS, LOGS, SimHost } from './host.ts'
import { Life } from './life.ts'
import { Cable } from './link.ts'
import { MachineClock } from './machine.ts'
import type { SimPlane } from './plane.ts'
import type { Transcript } from './transcript.ts'
import type { Ways, WayWeather } from './ways.ts'
import type { Wires } from './wires.ts'

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
  /** Of the machine. */
  readonly name: string
  /** Under which its agent speaks; the machine's unless given. */
  readonly nodeName?: string | undefined
  readonly index: number
  readonly clock: Clock
  /** A stream of chance for each purpose. */
  readonly random: (purpose: string) => Random
  readonly transcript: Transcript
  readonly ways: Ways
  readonly wires: Wires
  readonly planes: readonly SimPlane[]
  /** By the machine's name. */
  readonly node: (name: string) => SimNode | undefined
  /** Told before a container's first process begins. */
  readonly onStart: (id: string) => void
  /** Told before a container that still runs is taken away. */
  readonly onKill: (id: string) => void
  /** Told before the fencer kills one. */
  readonly onFence: (id: string) => void
}

/** A keeper's main thread that hangs for longer is a dead agent. */
const HANGS_AFTER_MS = 10_000
/** One thread hears of another after this. */
const HOP_MS = 0.2

/** One machine with its agent: started, crashed, switched off. */
export class SimNode {
  readonly name: string
  nodeName: string
  readonly address: string
  readonly host: SimHost
  readonly clock: MachineClock
  readonly cables: readonly Cable[]
  readonly weather: HostWeather = { ...calmHost }
  /** It was started, and has had power since. */
  isOn = false
  readonly #options: SimNodeOptions
  readonly #chance: Random
  #bootId: string
  #boots = 0
  #starts = 0
  #life: Life | undefined
  /** The thread of the keeper: dies with the agent, but goes on when the rest hangs. */
  #keeperLife: Life | undefined
  #keeper: Keeper | undefined
  #hungSinceMs: number | undefined
  #deadlines: FakeDeadlines
  #fencer: SimFencer
  #closeRuntime = (): void => {}

  constructor(options: SimNodeOptions) {
    const { name, index, clock, random, ways, planes } = options
    this.#options = options
    this.name = name
    this.nodeName = options.nodeName ?? name
    this.address = `192.0.2.${index + 1}`
    this.host = new SimHost(clock)
    this.clock = new MachineClock(clock, random('clock'))
    this.cables = planes.map((plane) => new Cable({ from: name, to: plane.name, as: () => this.nodeName, ways, served: () => plane.nodes }))
    this.#chance = random('host')
    this.#bootId = newUid(random(`boot ${this.#boots}`))
    const boot = this.#newBoot()
    this.#deadlines = boot.deadlines
    this.#fencer = boot.fencer
  }

  get isUp(): boolean {
    return this.#life !== undefined
  }

  /** The agent runs, and nothing of it stands still. */
  get isWell(): boolean {
    return this.#life !== undefined && !this.#life.isPaused && this.#keeperLife?.isPaused === false
  }

  get right(): RunRight {
    return this.#keeper?.right ?? { kind: 'none' }
  }

  /** Where its peers ask, while its agent runs. */
  get asked(): { readonly life: Life; readonly keeper: Keeper } | undefined {
    return this.#keeperLife && this.#keeper ? { life: this.#keeperLife, keeper: this.#keeper } : undefined
  }

  /** How messages pass to and from every control plane. */
  setCable({ up, down }: { readonly up?: Partial<WayWeather>; readonly down?: Partial<WayWeather> }): void {
    const { ways, planes } = this.#options
    for (const plane of planes) {
      ways.of(this.name, plane.name).set(up ?? {})
      ways.of(plane.name, this.name).set(down ?? {})
    }
  }

  breakCables(): void {
    for (const cable of this.cables) cable.break()
  }

  start(): void {
    if (this.#life) return
    const life = new Life(this.clock)
    this.isOn = true
    this.#life = life
    this.#keeperLife = new Life(this.clock)
    this.#hungSinceMs = undefined
    this.#options.transcript.say(`${this.name} agent starts`)
    const log = this.#options.transcript.logOf(this.name)
    const right = this.#startKeeper(life, this.#keeperLife)
    this.#agent(life, { random: this.#options.random(`agent ${this.#starts++}`), right })
      .run(life.signal)
      .then(
        () => life.isOver || this.#options.transcript.violate(`the agent of ${this.name} ended by itself`),
        (error: unknown) => life.isOver || log.error({ err: messageOf(error) }, 'the agent failed'),
      )
  }

  /** The agent starts anew under another name, on the same machine. */
  rename(nodeName: string): void {
    if (nodeName === this.nodeName) return
    const wasUp = this.isUp
    this.crashAgent()
    this.#options.transcript.say(`FAULT ${this.name} is called ${nodeName} from now on`)
    this.nodeName = nodeName
    if (wasUp) this.start()
  }

  /** SIGKILL to the agent; its containers run on. */
  crashAgent(): void {
    if (!this.#life) return
    this.#options.transcript.say(`FAULT ${this.name} agent is killed`)
    const lives = [this.#life, this.#keeperLife]
    this.#die()
    for (const life of lives) if (life) this.#options.wires.processDied(life)
    this.breakCables()
  }

  /** SIGSTOP to the agent, or a main thread that hangs while the keeper's goes on. */
  stopAgent(what: 'all' | 'main'): void {
    if (!this.#life) return
    this.#options.transcript.say(`FAULT ${this.name} agent ${what === 'all' ? 'is stopped' : 'hangs'}`)
    this.#hungSinceMs ??= this.clock.monotonicMs()
    this.#life.pause()
    if (what === 'all') this.#keeperLife?.pause()
  }

  continueAgent(): void {
    if (!this.#life?.isPaused) return
    this.#options.transcript.say(`${this.name} agent goes on`)
    this.#hungSinceMs = undefined
    this.#keeperLife?.resume()
    this.#life.resume()
  }

  /** Timers of the agent come late, those of its keeper by a tenth of that. */
  burden(latenessMs: (() => number) | undefined): void {
    if (this.#life) this.#life.lateness = latenessMs ?? ((): number => 0)
    if (this.#keeperLife) this.#keeperLife.lateness = latenessMs ? () => latenessMs() / 10 : (): number => 0
  }

  /** Power loss: everything on it dies at once, and nobody is told. */
  losePower(): void {
    this.#options.transcript.say(`FAULT ${this.name} loses power`)
    this.isOn = false
    const lives = [this.#life, this.#keeperLife]
    this.#die()
    for (const life of lives) if (life) this.#options.wires.machineDied(life)
    for (const cable of this.cables) cable.fallSilent()
    this.host.losePower()
    this.#fencer.stop()
    this.clock.reboot()
    this.#bootId = newUid(this.#options.random(`boot ${++this.#boots}`))
    const boot = this.#newBoot()
    this.#deadlines = boot.deadlines
    this.#fencer = boot.fencer
  }

  #newBoot(): { readonly deadlines: FakeDeadlines; readonly fencer: SimFencer } {
    const { random, onFence } = this.#options
    const deadlines = fakeDeadlines(() => fencer.look())
    const fencer: SimFencer = new SimFencer({ clock: this.clock, random: random(`fencer ${this.#boots}`), host: this.host, deadlines, onKill: onFence })
    return { deadlines, fencer }
  }

  /** The agent's keeper, and what the pods' workers ask of it. */
  #startKeeper(life: Life, keeperLife: Life): PodRight {
    const { name, planes, wires, node, random } = this.#options
    const { nodeName } = this
    const listeners = new Set<(right: RunRight) => void>()
    let [right, killAtMs]: [RunRight, number] = [{ kind: 'none' }, 0]
    const keeper = new Keeper({
      nodeName,
      bootId: this.#bootId,
      instance: `${name} ${this.#starts}`,
      agentStartedMs: keeperLife.clock.nowMs(),
      peerAddress: `${name}:6447`,
      controlPlanes: planes.map((plane) => `${plane.name}:6446`),
      links: {
        dialControlPlane(address, listener) {
          const to = address.split(':')[0] ?? ''
          return wires.dial<ToControlPlane, ToAgent>({
            from: name,
            to,
            near: keeperLife,
            listener,
            accept: () => {
              const there = planes.find((plane) => plane.name === to)?.heartbeats
              return there && { life: there.life, connect: (send) => there.tracker.connect({ kind: 'node', nodeName }, send) }
            },
          })
        },
        dialPeer: (peer, listener) =>
          wires.dial<PeerQuestion, PeerAnswer>({
            from: name,
            to: peer.address.split(':')[0] ?? '',
            near: keeperLife,
            listener,
            accept: () => {
              const machine = node(peer.address.split(':')[0] ?? '')
              // Its certificate must be that peer's.
              const there = machine?.nodeName === peer.name ? machine.asked : undefined
              return there && { life: there.life, connect: (send) => ({ take: (question) => send(there.keeper.answer(question)), closed: () => {} }) }
            },
          }),
      },
      store: this.#deadlines,
      isAgentAlive: () => this.#hungSinceMs === undefined || this.clock.monotonicMs() - this.#hungSinceMs < HANGS_AFTER_MS,
      listener: {
        onRight: (now, nowKillAtMs) => {
          killAtMs = nowKillAtMs
          const hasChanged = now.kind !== right.kind
          right = now
          if (!hasChanged) return
          this.#options.transcript.say(`${name} ${rightText(now)}`)
          life.clock.after(HOP_MS, () => listeners.forEach((listener) => listener(right)))
        },
        onReach: () => {},
        onNote: () => {},
      },
      clock: keeperLife.clock,
      random: random(`keeper ${this.#starts}`),
    })
    this.#keeper = keeper
    keeper.start()
    return { mayRun: () => this.clock.monotonicMs() < killAtMs, right: () => right, onChange: (listener) => (listeners.add(listener), () => listeners.delete(listener)) }
  }

  #die(): void {
    this.#life?.end()
    this.#keeperLife?.end()
    this.#life = undefined
    this.#keeperLife = undefined
    this.#keeper = undefined
    this.#closeRuntime()
    this.#closeRuntime = () => {}
  }

  #agent(life: Life, { random, right }: { readonly random: Random; readonly right: PodRight }): ReturnType<typeof createAgent> {
    const { name, transcript, onStart, onKill } = this.#options
    const log = transcript.logOf(name)
    const { host, nodeName } = this
    const facts: HostFacts = { cpus: NODE_CPUS, memoryBytes: NODE_MEMORY_BYTES, ephemeralStorageBytes: 100 * 2 ** 30, kernelVersion: '6.1.0', osImage: 'Simulated', architecture: 'amd64', machineId: name, bootId: this.#bootId, address: this.address, hostname: name }
    const door = host.openRuntime(5)
    this.#closeRuntime = () => void door[Symbol.asyncDispose]()
    const before = (): Promise<void> => this.#before()
    const after = (): Promise<void> => this.#delay()
    const told: ContainerRuntime = {
      ...door,
      start: (id) => {
        onStart(id)
        const started = door.start(id)
        void started.then(() => this.#fencer.look(), () => {})
        return started
      },
      onExit: (listener) => door.onExit((...words) => life.take(() => listener(...words))),
      delete: (id) => (host.containers.containers.get(id)?.state.kind === 'running' && onKill(id), door.delete(id)),
    }
    const runtime = life.wrap(told, { sync: new Set(['onExit']), before, after })
    const link = createGrpcLink({ addresses: this.#options.planes.map((plane) => ({ host: plane.name, port: 6444 })), tls: { ca: '', cert: '', key: '' }, clock: life.clock, dial: ({ host: to }) => (this.cables[this.#options.planes.findIndex((plane) => plane.name === to)] as Cable).connection(life) })
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
      right,
      deadlines: this.#deadlines,
      forwarder: { connect: () => Promise.reject(new Fault('unsupported', 'nothing listens in a simulated pod')), dial: () => Promise.reject(new Fault('unsupported', 'nothing listens in a simulated pod')) },
    }
    const { clock } = life
    return createAgent({
      nodeName,
      version: 'v1.36.2-sim',
      runtimeVersion: 'fake://0',
      host: facts,
      maxPods: NODE_PODS,
      labels: {},
      clusterCidr: CLUSTER_CIDR,
      link,
      network,
      images,
      staticPods: noStaticPods({ nodeName, clock, log }),
      createWorkers: (reporter, assigned) => createPodWorkers({ ...parts, sources: assignedSources(assigned, link), reporter, clock, random, log, config: this.#podsConfig() }),
      servicePorts: (assigned) => servicePorts([...assigned.services.values()], [...assigned.slices.values()], nodeName),
      clock,
      random,
      log,
    })
  }

  #podsConfig(): PodsConfig {
    return {
      nodeName: this.nodeName,
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

function rightText(right: RunRight): string {
  if (right.kind === 'ended') return `has no right any more: ${right.lost} of ${right.of} have lost the control plane${right.contradictedBy === undefined ? '' : `, ${right.contradictedBy} hears it`}`
  return right.kind === 'none' ? 'has no right yet' : right.kind === 'held' ? 'may run pods' : `keeps its pods: ${right.lost} of ${right.of} have lost the control plane`
}
