import { createControlPlane, type ControlPlane } from '../../control-plane/control-plane.ts'
import type { TokenSigner } from '../../control-plane/apiserver/authn/token-signer.ts'
import type { Handle } from '../../control-plane/apiserver/request.ts'
import { createInProcessClient } from '../../control-plane/client/in-process.ts'
import type { ApiClient } from '../../control-plane/client/port.ts'
import type { NodeDoor } from '../../control-plane/dispatch/node-door.ts'
import type { Clock } from '../../shared/kit/clock.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Random } from '../../shared/kit/random.ts'
import { Life } from './life.ts'
import { CLUSTER_CIDR } from './node.ts'
import type { SimStorage } from './storage.ts'
import type { Transcript } from './transcript.ts'

/** Any public key: nobody shows a token here. Signing with a real one happens on other threads, at moments of their own. */
const PUBLIC_KEY = `-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----
`

export interface SimPlaneOptions {
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
  isReachable: boolean
}

/** The control plane as a process: started, crashed, started again over the same storage. */
export class SimPlane {
  readonly #options: SimPlaneOptions
  #starts = 0
  #now: Incarnation | undefined

  constructor(options: SimPlaneOptions) {
    this.#options = options
  }

  get isUp(): boolean {
    return this.#now !== undefined
  }

  /** What agents reach, once the caches are filled. */
  get nodes(): NodeDoor | undefined {
    return this.#now?.isReachable ? this.#now.plane.nodes : undefined
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
    const { clock, random, transcript, storage } = this.#options
    const life = new Life(clock)
    transcript.say('control plane starts')
    const log = transcript.logOf('control plane')
    const chance = random(`plane ${this.#starts++}`)
    const plane = createControlPlane({
      storage: storage.view(life),
      clock: life.clock,
      random: chance,
      log,
      rootCaPem: 'PEM',
      tokensKey: '',
      tokensPublicKey: PUBLIC_KEY,
      tokenSigner: namedTokens(life.clock),
      serverAddress: '192.0.2.100:6443',
      advertised: { host: '192.0.2.100', port: 6443 },
      clusterCidr: CLUSTER_CIDR,
      // It is alone: nobody waits for its lease to end, and every renewal would wake every watch.
      leaderLeaseMs: 60_000,
      replica: { identity: 'control-plane', address: '192.0.2.100:6444', machine: 'the only one' },
      version: 'v1.36.2-sim',
    })
    const user = life.wrap(createInProcessClient({ core: plane.api.core, user: { name: 'admin', uid: '', groups: ['system:masters', 'system:authenticated'], extra: {} } }), { sync: new Set(['watch']) })
    const now: Incarnation = { number: this.#starts, life, plane, user, isReachable: false }
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
    this.#options.transcript.say('FAULT control plane is killed')
    this.#now.life.end()
    this.#now = undefined
    this.#options.onDeath()
  }

  async #openDoors(now: Incarnation): Promise<void> {
    const { plane, life } = now
    await plane.whenServing(life.signal)
    if (life.isOver) return
    now.isReachable = true
    this.#options.transcript.say('control plane serves')
  }
}

const namedTokens = (clock: Clock): TokenSigner => ({
  sign: ({ subject, audiences, expirationSeconds = 3600 }) => Promise.resolve({ token: `token of ${subject.namespace}/${subject.serviceAccount.name}`, expiresMs: clock.nowMs() + expirationSeconds * 1000, audiences }),
})
