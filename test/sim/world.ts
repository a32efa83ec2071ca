import type { ApiClient } from '../../control-plane/client/port.ts'
import { podUidHex } from '../../node-agent/pods/record.ts'
import { Fault } from '../../shared/kit/faults.ts'
import type { Pod } from '../../shared/model/gen/api.ts'
import { keyOf, uidOf } from '../../shared/model/meta.ts'
import { streamOf } from './chance.ts'
import { Judge } from './judge.ts'
import { Ledger } from './ledger.ts'
import { SimNode } from './node.ts'
import type { FencingTerms } from '../../shared/model/fencing-terms.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import { SimPlane } from './plane.ts'
import { calmStorage, SimStorage, type Commit } from './storage.ts'
import { calmHost } from './node.ts'
import { Transcript } from './transcript.ts'
import { VirtualClock } from './virtual-clock.ts'
import { Ways } from './ways.ts'
import { Wires } from './wires.ts'

const MOST_VIOLATIONS = 20
const STEP_MS = 1_000

export interface WorldOptions {
  readonly seed: number
  readonly nodes: number
  readonly planes?: number
  readonly terms?: FencingTerms
}

/** A whole cluster in this process: control planes over one memory storage and agents over fakes, under one clock and one seed. */
export class World {
  readonly seed: number
  readonly clock = new VirtualClock()
  readonly transcript: Transcript
  readonly ledger: Ledger
  readonly judge: Judge
  readonly storage: SimStorage
  readonly planes: readonly SimPlane[]
  readonly terms: FencingTerms
  readonly ways: Ways
  readonly wires: Wires
  readonly nodes: readonly SimNode[]
  readonly #doubles: SimNode[] = []
  readonly #newMachine: (name: string, index: number, nodeName?: string) => SimNode
  /** Told of each write as it is committed. */
  onCommit: (commit: Commit) => void = () => {}

  constructor({ seed, nodes, planes = 1, terms = DEFAULT_TERMS }: WorldOptions) {
    this.seed = seed
    const { clock } = this
    this.transcript = new Transcript(clock)
    this.ledger = new Ledger(this.transcript)
    this.judge = new Judge(this)
    const random = (purpose: string): ReturnType<typeof streamOf> => streamOf(seed, purpose)
    this.storage = new SimStorage({ clock, random: random('storage'), onCommit: (commit) => this.#committed(commit) })
    this.terms = terms
    this.ways = new Ways(clock, random('ways'))
    this.wires = new Wires(this.ways)
    const { ways, wires, transcript, storage } = this
    this.planes = Array.from({ length: planes }, (_, index) => {
      const name = `c${index + 1}`
      return new SimPlane({ name, replicas: planes, clock, random, transcript, storage, ways, wires, terms, plane: (other) => this.planes.find((one) => one.name === other), onDeath: () => this.machines.forEach((node) => node.cables[index]?.break()) })
    })
    this.#newMachine = (name, index, nodeName) =>
      new SimNode({ name, nodeName, index, clock, random: (purpose) => random(`${name} ${purpose}`), transcript, ways, wires, planes: this.planes, node: (other) => this.machines.find((one) => one.name === other), onStart: (id) => this.#containerStarts(name, id), onKill: (id) => this.#containerIsKilled(name, id), onFence: (id) => this.#containerIsFenced(name, id) })
    this.nodes = Array.from({ length: nodes }, (_, index) => this.#newMachine(`n${index + 1}`, index))
  }

  /** Those of the cluster, and second ones under a name that is another's. */
  get machines(): readonly SimNode[] {
    return [...this.nodes, ...this.#doubles]
  }

  /** Another machine that has the name and the certificate of this node. */
  doubleOf({ name }: SimNode): SimNode {
    const known = this.#doubles.find(({ nodeName }) => nodeName === name)
    if (known) return known
    const double = this.#newMachine(`${name}b`, 100 + this.#doubles.length, name)
    this.#doubles.push(double)
    this.ledger.doubled.add(name)
    return double
  }

  #committed(commit: Commit): void {
    const before = this.ledger.at(commit.key)
    this.ledger.read(commit)
    this.judge.read(commit, { before, after: this.ledger.at(commit.key) })
    this.onCommit(commit)
  }

  /** The control plane that people reach: the first that answers, those that stand still last. */
  get plane(): SimPlane {
    const [first] = this.planes
    const reached = this.planes.filter(({ user }) => user !== undefined)
    return (reached.find(({ isPaused }) => !isPaused) ?? reached[0] ?? first) as SimPlane
  }

  /** The API as an administrator reaches it now. @throws Fault('unavailable') while there is no control plane. */
  get api(): ApiClient {
    const { user } = this.plane
    if (!user) throw new Fault('unavailable', 'the control plane does not answer')
    return user
  }

  /** Lets time pass, unless so much has gone wrong already that more of it would tell nothing. */
  async advance(ms: number): Promise<void> {
    for (let leftMs = ms; leftMs > 0 && !this.isLost; leftMs -= STEP_MS) await this.clock.advance(Math.min(STEP_MS, leftMs))
  }

  get isLost(): boolean {
    return this.transcript.violations.length >= MOST_VIOLATIONS
  }

  /** Starts everything and waits until every node is ready. */
  async boot(): Promise<void> {
    for (const plane of this.planes) plane.start()
    for (const node of this.nodes) node.start()
    if (!(await this.until(() => this.nodes.every(({ name }) => this.isNodeReady(name)), 30_000))) this.transcript.violate('not every node is ready 30 s after the start')
  }

  /** Advances by steps until the condition holds; answers whether it came to that. */
  async until(condition: () => boolean, limitMs: number, stepMs = 100): Promise<boolean> {
    for (let passedMs = 0; passedMs < limitMs && !this.isLost; passedMs += stepMs) {
      if (condition()) return true
      await this.advance(stepMs)
    }
    return condition()
  }

  /** Waits for work under virtual time. */
  async finish<T>(work: Promise<T>, limitMs = 60_000): Promise<T> {
    let isDone = false
    const watched = work.finally(() => {
      isDone = true
    })
    watched.catch(() => {})
    if (!(await this.until(() => isDone, limitMs, 5))) throw new Fault('timeout', `not done within ${limitMs} ms of virtual time`)
    return watched
  }

  isNodeReady(name: string): boolean {
    return this.ledger.nodes().find(({ metadata }) => metadata.name === name)?.status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'
  }

  node(name: string): SimNode {
    const node = this.nodes.find((one) => one.name === name)
    if (!node) throw new Error(`no node ${name}`)
    return node
  }

  /** Ends a container of the pod as if by itself; answers whether one ran. */
  killContainer(pod: Pod, { exitCode = 1, oomKilled = false }: { readonly exitCode?: number; readonly oomKilled?: boolean } = {}): boolean {
    const isOfPod = ({ spec }: { readonly spec: { readonly id: string } }): boolean => spec.id.startsWith(podUidHex(uidOf(pod)))
    const host = this.machines.find((machine) => machine.nodeName === pod.spec?.nodeName && machine.host.running().some(isOfPod))?.host
    const container = host?.running().find(isOfPod)
    if (!host || !container) return false
    this.transcript.say(`FAULT container of ${keyOf(pod)} ends with ${exitCode}${oomKilled ? ', out of memory' : ''}`)
    host.fate.exit(container.spec.id, exitCode, { oomKilled })
    return true
  }

  /** The weather clears: no more faults from now on, and whatever is down comes back. */
  calm(): void {
    this.transcript.say('all faults end')
    Object.assign(this.storage.weather, calmStorage)
    this.ways.calm()
    for (const plane of this.planes) {
      plane.clock.wallOffsetMs = 0
      plane.burden(undefined)
      plane.resume()
      plane.start()
    }
    for (const double of this.#doubles) if (double.isOn) double.losePower()
    for (const node of this.nodes) {
      node.rename(node.name)
      Object.assign(node.weather, calmHost)
      node.clock.wallOffsetMs = 0
      node.burden(undefined)
      node.continueAgent()
      node.host.images.isBroken = false
      node.host.probes.answers.clear()
      node.start()
    }
  }

  /** Nothing acts any more. */
  end(): void {
    for (const plane of this.planes) plane.crash()
    for (const node of this.machines) node.crashAgent()
  }

  /** A container of a pod that is to run ends by itself or by a signal, never by being taken away. */
  #containerIsKilled(nodeName: string, id: string): void {
    const pod = this.ledger.pods().find((one) => one.spec?.nodeName === nodeName && id.startsWith(podUidHex(uidOf(one))))
    if (pod && pod.metadata.deletionTimestamp === undefined && pod.status?.phase === 'Running') this.transcript.violate(`${nodeName} takes away container ${id} of ${keyOf(pod)}, which is to run`)
  }

  /** The fencer kills it. */
  #containerIsFenced(nodeName: string, id: string): void {
    this.judge.fences(nodeName)
    this.transcript.say(`${nodeName} fencer kills ${id.slice(0, 8)}…`)
  }

  /** Ids begin with the pod and the container; the attempt comes last. */
  #containerStarts(nodeName: string, id: string): void {
    this.judge.starts(nodeName, id)
    const identity = id.slice(0, 48)
    for (const node of this.machines) {
      for (const { spec } of node.host.running()) {
        if (spec.id === id || !spec.id.startsWith(identity)) continue
        this.transcript.violate(`two live containers of one name: ${spec.id} on ${node.name} and ${id} on ${nodeName}`)
      }
    }
    this.transcript.say(`${nodeName} starts container ${id.slice(0, 8)}…${id.slice(48).replace(/^0+(?=.)/, '')}`)
  }
}
