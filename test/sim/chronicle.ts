import { check } from '../history/check.ts'
import { Client } from '../history/client.ts'
import type { Door } from '../history/door.ts'
import { Follower } from '../history/follower.ts'
import { handleDoor } from '../history/handle-door.ts'
import type { Change } from '../history/history.ts'
import { Recorder } from '../history/recorder.ts'
import { configMapsIn } from '../history/subject.ts'
import { work } from '../history/workload.ts'
import { pick, streamOf } from './chance.ts'
import type { SimPlane } from './plane.ts'
import type { World } from './world.ts'

const WORKERS = 4
const REST_MS = 1_000

/** Clients beside all that happens in a world, whose every question and answer is written down and judged at the end. */
export class Chronicle {
  readonly #world: World
  readonly #recorder: Recorder
  readonly #subject = configMapsIn('default', 2)
  readonly #changes: Change[] = []
  readonly #working = new AbortController()
  readonly #following = new AbortController()
  readonly #followers: readonly Follower[]
  readonly #doors = new Map<string, Door>()

  constructor(world: World) {
    this.#world = world
    this.#recorder = new Recorder(world.clock)
    // A server that is cut off then notices when it is not any more, whenever that is.
    world.storage.onForget = () => this.#recorder.forgets(Number.POSITIVE_INFINITY)
    world.onCommit = (commit) => {
      const change = this.#subject.changeOf(commit)
      if (change) this.#changes.push(change)
    }
    this.#followers = [false, true].map((streams, index) => new Follower({ client: this.#client(`follower ${index}`), clock: world.clock, streams, watchSeconds: 5 + index * 15 }))
  }

  start(): void {
    const { clock, seed } = this.#world
    for (let index = 0; index < WORKERS; index++) void work({ client: this.#client(`client ${index}`), clock, random: streamOf(seed, `client ${index}`), restMs: REST_MS }, this.#working.signal)
    for (const follower of this.#followers) void follower.run(this.#following.signal)
  }

  /** Nothing more is written; who follows goes on. */
  stop(): void {
    this.#working.abort()
  }

  /** When everything has come to rest. */
  judge(): void {
    this.#following.abort()
    for (const follower of this.#followers) follower.tell(true)
    const history = this.#recorder.history(this.#changes)
    for (const { rule, sentence } of check(history)) this.#world.transcript.violate(`history (${rule}): ${sentence}`)
    this.#world.transcript.say(`clients asked ${history.operations.length} times`)
  }

  #client(name: string): Client {
    const random = streamOf(this.#world.seed, `${name} goes to`)
    return new Client({ name, recorder: this.#recorder, subject: this.#subject, door: () => pick(random, this.#world.planes.flatMap((plane) => this.#reach(plane) ?? [])) })
  }

  #reach({ name, served }: SimPlane): Door | undefined {
    if (!served) return undefined
    const server = `${name} ${served.number}`
    const known = this.#doors.get(server)
    if (known) return known
    // What was before its start is not known to its caches.
    this.#recorder.begins()
    const door = handleDoor({ server, handle: served.handle, dead: served.life.signal, patience: { clock: this.#world.clock, answerMs: 10_000, streamMs: 30_000 } })
    this.#doors.set(server, door)
    return door
  }
}
