import { createControlPlane, type ControlPlane } from '../../control-plane/control-plane.ts'
import type { TokenSigner } from '../../control-plane/apiserver/authn/token-signer.ts'
import type { Handle } from '../../control-plane/apiserver/request.ts'
import { createInProcessClient } from '../../control-plane/client/in-process.ts'
import type { ApiClient } from '../../control-plane/client/port.ts'
import type { NodeDoor } from '../../control-plane/dispatch/node-door.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Random } from '../../shared/kit/random.ts'
import type { FencingTerms } from '../../shared/model/fencing-terms.ts'
import { SimHeartbeats } from './heartbeats.ts'
import { Life } from './life.ts'
import { Cable, type Served } from './link.ts'
import { MachineClock } from './machine.ts'
import { CLUSTER_CIDR } from './node.ts'
import type { SimStorage } from './storage.ts'
import type { Transcript } from './transcript.ts'
import type { Ways } from './ways.ts'
import type { Wires } from './wires.ts'

/** Any public key: nobody shows a token here. Signing with a real one happens on other threads, at moments of their own. */
const PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
`

export interface SimPlaneOptions {
  /** Of its machine. */
  readonly name: string
  /** How many there are. */
  readonly replicas: number
  readonly ways: Ways
  readonly wires: Wires
  readonly terms: FencingTerms
  /** Another one, by its name. */
  readonly plane: (name: string) => SimPlane | undefined
  readonly clock: Clock
  readonly random: (purpose: string) => Random
  readonly transcript: Transcript
  readonly storage: SimStorage
  /** The control plane is gone: connections to it break. */
  readonly onDeath: () => void
}

interface Incarnation {
  readonly number: number
  readonly life: Life
  readonly plane: ControlPlane
  readonly user: ApiClient
  readonly heartbeats: SimHeartbeats
  isReachable: boolean
}

/** How long a leader may be silent where others wait to take over. */
const LEADER_LEASE_MS = 1_000

/** A control plane as a process: started, crashed, stopped for a while, started again over the same storage. */
export class SimPlane {
  readonly name: string
  readonly clock: MachineClock
  readonly #cables = new Map<string, Cable>()
  readonly #options: SimPlaneOptions
  #starts = 0
  #now: Incarnation | undefined

  constructor(options: SimPlaneOptions) {
    this.#options = options
    this.name = options.name
    this.clock = new MachineClock(options.clock, options.random(`clock of ${options.name}`))
  }

  get isUp(): boolean {
    return this.#now !== undefined
  }

  get isPaused(): boolean {
    return this.#now?.life.isPaused === true
  }

  /** What agents and other control planes reach, once the caches are filled. */
  get nodes(): Served<NodeDoor> | undefined {
    const now = this.#now
    return now?.isReachable ? { door: now.plane.nodes, life: now.life } : undefined
  }

  get heartbeats(): SimHeartbeats | undefined {
    return this.#now?.heartbeats
  }

  /** It believes so; another may lead by now. */
  get leadsAsFarAsItKnows(): boolean {
    return this.#now?.plane.leader() !== undefined
  }

  /** The API as an administrator sees it. */
  get user(): ApiClient | undefined {
    return this.#now?.isReachable ? this.#now.user : undefined
  }

  /** What is asked over HTTP, and of which life. */
  get served(): { readonly number: number; readonly handle: Handle; readonly life: Life } | undefined {
    const now = this.#now
    return now?.isReachable ? { number: now.number, life: now.life, handle: (request) => now.life.follow(now.plane.handle(request)) } : undefined
  }

  start(): void {
    if (this.#now) return
    const { name, replicas, random, transcript, storage, ways, wires, terms } = this.#options
    const life = new Life(this.clock)
    transcript.say(`${name} starts`)
    const log = transcript.logOf(name)
    const chance = random(`${name} ${this.#starts++}`)
    const heartbeats = new SimHeartbeats({ name, life, wires, random: random(`${name} heartbeats ${this.#starts}`), of: (other) => this.#options.plane(other)?.heartbeats })
    const plane = createControlPlane({
      storage: storage.view(life, { name, ways }),
      clock: life.clock,
      random: chance,
      log,
      rootCaPem: 'PEM',
      tokensKey: '',
      tokensPublicKey: PUBLIC_KEY,
      tokenSigner: namedTokens(life.clock),
      serverAddress: `${addressOf(name)}:6443`,
      advertised: { host: addressOf(name), port: 6443 },
      clusterCidr: CLUSTER_CIDR,
      heartbeats,
      heartbeatsOf: (address) => address,
      terms,
      // One that is alone: nobody waits for its lease to end, and every renewal would wake every watch.
      leaderLeaseMs: replicas === 1 ? 60_000 : LEADER_LEASE_MS,
      replica: { identity: name, address: `${name}:6444`, machine: `machine of ${name}` },
      dialLeader: (address, signal) => this.#cableTo(address).connection(life).relay(signal),
      version: 'v1.36.2-sim',
    })
    const user = life.wrap(createInProcessClient({ core: plane.api.core, user: { name: 'admin', uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} } }), { sync: new Set(['watch']) })
    const now: Incarnation = { number: this.#starts, life, plane, user, heartbeats, isReachable: false }
    this.#now = now
    const guarded = (what: string, work: Promise<void>): void => {
      work.then(
        () => life.isOver || transcript.violate(`${what} ended by itself`),
        (error: unknown) => life.isOver || log.error({ err: messageOf(error) }, `${what} failed`),
      )
    }
    guarded('api server', plane.serve(life.signal))
    guarded('leader', plane.campaign(life.signal))
    this.#openDoors(now).catch((error: unknown) => life.isOver || log.error({ err: messageOf(error) }, 'the doors do not open'))
  }

  crash(): void {
    if (!this.#now) return
    this.#options.transcript.say(`FAULT ${this.name} is killed`)
    const { life } = this.#now
    life.end()
    this.#options.wires.processDied(life)
    this.#now = undefined
    this.#options.onDeath()
  }

  /** SIGSTOP, or a machine that is busy with something else. */
  pause(): void {
    this.#options.transcript.say(`FAULT ${this.name} stands still`)
    this.#now?.life.pause()
  }

  resume(): void {
    if (!this.isPaused) return
    this.#options.transcript.say(`${this.name} goes on`)
    this.#now?.life.resume()
  }

  /** Its timers come late by up to so much. */
  burden(latenessMs: (() => number) | undefined): void {
    if (this.#now) this.#now.life.lateness = latenessMs ?? ((): number => 0)
  }

  #cableTo(address: string): Cable {
    const other = address.split(':')[0] ?? ''
    const known = this.#cables.get(other)
    if (known) return known
    const cable = new Cable({ from: this.name, to: other, ways: this.#options.ways, served: () => this.#options.plane(other)?.nodes })
    this.#cables.set(other, cable)
    return cable
  }

  async #openDoors(now: Incarnation): Promise<void> {
    const { plane, life } = now
    await plane.whenServing(life.signal)
    if (life.isOver) return
    now.isReachable = true
    this.#options.transcript.say(`${this.name} serves`)
  }
}

/** c1 → 192.0.2.101 */
const addressOf = (name: string): string => `192.0.2.${100 + Number(name.slice(1))}`

const namedTokens = (clock: Clock): TokenSigner => ({
  sign: ({ subject, audiences, expirationSeconds = 3600 }) => Promise.resolve({ token: `token of ${subject.namespace}/${subject.serviceAccount.name}`, expiresMs: clock.nowMs() + expirationSeconds * 1000, audiences }),
  signForSecret: ({ namespace, secretName }) => Promise.resolve(`token of ${namespace}/${secretName}`),
})
