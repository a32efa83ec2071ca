import type { ApiClient } from '../../../control-plane/client/port.ts'
import type { Write } from '../../../control-plane/storage/port.ts'
import { isApiError } from '../../../shared/kit/api-error.ts'
import { unquiet } from '../../sim/invariants.ts'
import { World } from '../../sim/world.ts'
import { deathInWords, Fate, type Death, type Point } from '../fate.ts'
import { storedObjects } from './stored.ts'

/** One thing that people or the world do to a cluster, and how one sees that it has come to its end. */
export interface Act {
  readonly what: string
  readonly act: (cluster: Cluster) => Promise<void> | void
  readonly until: (world: World) => boolean
}

export interface Scenario {
  readonly name: string
  readonly nodes: number
  /** The first start belongs to it. */
  readonly withStart?: boolean
  /** Writes without which there would be something else at the end. */
  readonly acts: readonly Act[]
}

const LONGEST_MS = 400_000
const STILL_MS = 12_000
const DOWN_MS = 200

const never = <T>(): Promise<T> => new Promise<T>(() => {})

/** A world whose control plane dies beside one of its writes. */
export class Cluster {
  readonly world: World
  readonly #fate: Fate
  #isCounting = false

  constructor(fate: Fate, nodes: number) {
    this.#fate = fate
    this.world = new World({ seed: 1, nodes })
    const { storage, plane, clock } = this.world
    const view = storage.view.bind(storage)
    storage.view = (life) => {
      const real = view(life)
      return {
        ...real,
        write: async (write) => {
          const at = this.#isCounting && isPoint(write) ? fate.reach(`${write.kind} ${write.key}`) : -1
          const dies = (side: Death['side']): boolean => {
            if (life.isOver || !fate.strikes(at, side)) return false
            plane.crash()
            clock.after(DOWN_MS, () => plane.start())
            return true
          }
          if (dies('before')) return never()
          const result = await real.write(write)
          return dies('after') ? never() : result
        },
      }
    }
  }

  get points(): readonly Point[] {
    return this.#fate.points
  }

  async start(withPoints: boolean): Promise<void> {
    this.#isCounting = withPoints
    await this.world.boot()
    await this.rest()
    this.#isCounting = true
  }

  /** Asks until there is an answer: a control plane that dies gives none. What was done already is done. */
  async ask(work: (api: ApiClient) => Promise<unknown>): Promise<void> {
    const { world } = this
    for (let tries = 0; tries < 50; tries++) {
      if (!(await world.until(() => world.plane.user !== undefined, 60_000, 20))) break
      const { user } = world.plane
      let outcome: 'open' | 'done' | { readonly error: unknown } = 'open'
      if (user)
        work(user).then(
          () => (outcome = 'done'),
          (error: unknown) => (outcome = { error }),
        )
      const answer = (): typeof outcome => outcome
      await world.until(() => answer() !== 'open' || world.plane.user !== user, 30_000, 20)
      const now = answer()
      if (now === 'done') return
      if (now !== 'open' && isApiError(now.error)) {
        const { code = 500 } = now.error.status
        if (tries > 0 && (code === 409 || code === 404)) return
        if (code < 500 && code !== 429) throw now.error
      }
      await world.advance(100)
    }
    throw new Error('nobody answers')
  }

  /** Nothing is written any more, and all is well. */
  async rest(): Promise<void> {
    const { world } = this
    let [writes, sinceMs] = [-1, 0]
    const isStill = (): boolean => {
      if (world.ledger.writes !== writes) [writes, sinceMs] = [world.ledger.writes, world.clock.monotonicMs()]
      return world.clock.monotonicMs() - sinceMs >= STILL_MS
    }
    await world.until(() => isStill() && world.plane.user !== undefined && troublesOf(world).length === 0, LONGEST_MS, 500)
  }
}

/** Of a node that is switched off nothing is expected; sets without a deployment are what some scenarios are about. */
const troublesOf = (world: World): readonly string[] => unquiet(world).filter((text) => !text.includes('has lost its deployment') && !world.nodes.some(({ isUp, name }) => !isUp && new RegExp(`\\b${name}\\b`).test(text)))

/** Leases come and go by the clock, and events may be lost with who would have told them. */
const isPoint = ({ key }: Write): boolean => !key.startsWith('/gantry/coordination.k8s.io/') && !key.startsWith('/gantry/core/events/')

export interface Course {
  readonly points: readonly Point[]
  readonly objects: ReadonlyArray<readonly string[]>
  readonly troubles: readonly string[]
}

export async function runScenario({ nodes, acts, withStart = false }: Scenario, death?: Death): Promise<Course> {
  const cluster = new Cluster(new Fate(death), nodes)
  const { world } = cluster
  const objects: Array<readonly string[]> = []
  const troubles: string[] = []
  try {
    await cluster.start(withStart)
    for (const { what, act, until } of acts) {
      await act(cluster)
      if (!(await world.until(() => until(world), LONGEST_MS, 200))) troubles.push(`${what}: not at its end after ${LONGEST_MS / 1000} s`)
      await cluster.rest()
      objects.push(await storedObjects(world))
      troubles.push(...troublesOf(world).map((text) => `after "${what}": ${text}`))
    }
  } finally {
    world.end()
  }
  return { points: cluster.points, objects, troubles: [...troubles, ...world.transcript.violations] }
}

/** What differs from the course without a death, in sentences. */
export function differences({ acts }: Scenario, truth: Course, course: Course): readonly string[] {
  const differing = acts.flatMap(({ what }, at) => {
    const [was, is] = [truth.objects[at] ?? [], course.objects[at] ?? []]
    return [...without(is, was).map((line) => `+ ${line}`), ...without(was, is).map((line) => `- ${line}`)].map((line) => `after "${what}": ${line}`)
  })
  return [...course.troubles, ...differing]
}

/** Lines of one that the other does not have as often. */
function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others]
  return lines.filter((line) => {
    const at = left.indexOf(line)
    if (at < 0) return true
    left.splice(at, 1)
    return false
  })
}

/** Every `stride`th death there can be in a scenario; answers what differs, and after which deaths. */
export async function allDeaths(scenario: Scenario, stride: number, offset: number): Promise<readonly string[]> {
  const truth = await runScenario(scenario)
  const found = new Map<string, string[]>(truth.troubles.map((one) => [one, ['nobody died']]))
  const deaths = truth.points.flatMap((_, at) => (['before', 'after'] as const).map((side): Death => ({ at, side, underWay: 'lost' })))
  for (const death of deaths.filter((_, at) => at % stride === offset % stride)) {
    for (const difference of differences(scenario, truth, await runScenario(scenario, death))) found.set(difference, [...(found.get(difference) ?? []), deathInWords(death, truth.points)])
  }
  return [...found].map(([what, when]) => `${what} (${when.length} deaths: ${when.slice(0, 3).join('; ')})`)
}
