import type { ApiClient } from '../../control-plane/client/port.ts'
import { isApiError } from '../../shared/kit/api-error.ts'
import { messageOf } from '../../shared/kit/faults.ts'
import type { Deployment, Pod } from '../../shared/model/gen/api.ts'
import { deployments, pods } from '../../shared/model/resources.ts'
import type { World } from './world.ts'

/** What a deployment may look like by what its user was answered; a request without an answer leaves two possibilities. */
interface Shape {
  readonly replicas: number
  readonly image: string
}

type Belief = Shape | 'absent'

const LOOK_MS = 200
const AGAIN_MS = 1_000

/** Somebody at a keyboard: one request after the other, and a memory of what was acknowledged. */
export class SimUser {
  readonly #world: World
  readonly #beliefs = new Map<string, readonly Belief[]>()
  #queue: Promise<void> = Promise.resolve()
  /** Requests that are not answered yet, and what is meant to be done later. */
  #waiting = 0
  readonly #kept = new Set<string>()

  constructor(world: World) {
    this.#world = world
  }

  get isIdle(): boolean {
    return this.#waiting === 0
  }

  /** Asks when everything asked before is answered (or its server is dead). */
  ask(what: string, work: (api: ApiClient) => Promise<unknown>): void {
    this.#waiting++
    this.#queue = this.#queue.then(async () => {
      await this.#once(what, work)
      this.#waiting--
    })
  }

  /** Makes the pod, and makes it again whenever it is gone. */
  keep(name: string, pod: Pod): void {
    if (this.#kept.has(name)) return
    this.#kept.add(name)
    const look = (): void => {
      const isThere = this.#world.ledger.at(`/gantry/core/pods/default/${name}`) !== undefined
      if (!isThere) this.ask(`makes pod ${name}`, (api) => api.create(pods, pod))
      this.#world.clock.after(isThere ? LOOK_MS : AGAIN_MS, look)
    }
    look()
  }

  /** Means to do something then: not idle before. */
  later(ms: number, run: () => void): void {
    this.#waiting++
    this.#world.clock.after(ms, () => {
      run()
      this.#waiting--
    })
  }

  create(name: string, deployment: Deployment): void {
    const wanted: Belief = { replicas: deployment.spec?.replicas ?? 1, image: deployment.spec?.template.spec?.containers[0]?.image ?? '' }
    this.#change(`creates ${name} with ${wanted.replicas}`, name, { after: () => wanted, work: (api) => api.create(deployments, deployment) })
  }

  scale(name: string, replicas: number): void {
    this.#change(`scales ${name} to ${replicas}`, name, { after: (one) => (one === 'absent' ? one : { ...one, replicas }), work: (api) => api.patch(deployments, { namespace: 'default', name }, { type: 'merge', body: { spec: { replicas } } }) })
  }

  setImage(name: string, image: string): void {
    const body = { spec: { template: { spec: { containers: [{ name: 'main', image }] } } } }
    this.#change(`gives ${name} the image ${image}`, name, { after: (one) => (one === 'absent' ? one : { ...one, image }), work: (api) => api.patch(deployments, { namespace: 'default', name }, { type: 'strategic', body }) })
  }

  delete(name: string, propagationPolicy: 'Background' | 'Foreground'): void {
    this.#change(`deletes ${name} (${propagationPolicy})`, name, { after: () => 'absent', work: (api) => api.delete(deployments, { namespace: 'default', name }, { propagationPolicy }) })
  }

  /** What was acknowledged and is not there, in sentences. */
  missing(): readonly string[] {
    const stored = this.#world.ledger.under<Deployment>('/gantry/apps/deployments/default/')
    return [...this.#beliefs].flatMap(([name, beliefs]) => {
      const there = stored.find(({ metadata }) => metadata.name === name)
      const now: Belief = there ? { replicas: there.spec?.replicas ?? 1, image: there.spec?.template.spec?.containers[0]?.image ?? '' } : 'absent'
      return beliefs.some((belief) => JSON.stringify(belief) === JSON.stringify(now)) ? [] : [`of deployment ${name} ${JSON.stringify(beliefs)} was acknowledged, stored is ${JSON.stringify(now)}`]
    })
  }

  #change(what: string, name: string, { after, work }: { readonly after: (belief: Belief) => Belief; readonly work: (api: ApiClient) => Promise<unknown> }): void {
    this.#waiting++
    this.#queue = this.#queue.then(async () => {
      const before = this.#beliefs.get(name) ?? ['absent']
      const outcome = await this.#once(what, work)
      const changed = before.map(after)
      this.#beliefs.set(name, outcome === 'done' ? changed : outcome === 'refused' ? before : [...before, ...changed])
      this.#waiting--
    })
  }

  async #once(what: string, work: (api: ApiClient) => Promise<unknown>): Promise<'done' | 'refused' | 'unknown'> {
    const { transcript } = this.#world
    let isOver = false
    try {
      await Promise.race([work(this.#world.api), this.#serverDies(() => isOver)])
      transcript.say(`user ${what}`)
      return 'done'
    } catch (error) {
      transcript.say(`user ${what}: ${messageOf(error)}`)
      return isApiError(error) && error.status.code !== undefined && error.status.code < 500 ? 'refused' : 'unknown'
    } finally {
      isOver = true
    }
  }

  async #serverDies(isOver: () => boolean): Promise<void> {
    const { plane } = this.#world
    const { user } = plane
    while (plane.user === user && !isOver()) await new Promise<void>((resolve) => void this.#world.clock.after(50, resolve))
    if (!isOver()) throw new Error('the connection broke')
  }
}
