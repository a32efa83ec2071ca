/** The leader's half of membership over memory storage, with agents that beat: for tests. */
import { silentLog } from '../../shared/kit/log.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import { DEFAULT_TERMS } from '../../shared/model/fencing-terms.ts'
import { events, nodes } from '../../shared/model/resources.ts'
import type { World } from '../controllers/testing.ts'
import { createInProcessHeartbeats, type InProcessHeartbeats } from '../heartbeats/in-process.ts'
import { FakeAgent } from '../heartbeats/testing.ts'
import type { Storage } from '../storage/port.ts'
import { createMemoryStorage } from '../storage/storage.ts'
import { createChronicle } from './chronicle.ts'
import { parseRecord, type MembershipRecord } from './record.ts'
import { MEMBERSHIP_KEY } from './store.ts'
import { NodeWatch } from './watch.ts'

export interface Led {
  readonly here: World
  readonly storage: Storage
  readonly heartbeats: InProcessHeartbeats
  readonly watch: NodeWatch
  readonly agents: ReadonlyMap<string, FakeAgent>
  agent(name: string): FakeAgent
  record(): Promise<MembershipRecord | undefined>
  told(reason: string): readonly string[]
  end(): Promise<void>
}

export async function lead(here: World, given: Partial<Pick<Led, 'storage' | 'heartbeats'>> & { readonly isBehind?: boolean } = {}): Promise<Led> {
  const storage = given.storage ?? createMemoryStorage()
  const heartbeats = given.heartbeats ?? createInProcessHeartbeats({ clock: here.clock, random: seededRandom(5) })
  const over = new AbortController()
  const { clock, informers, parts } = here
  const chronicle = createChronicle({ events: parts.events, nodes: informers.for(nodes), identity: 'cp1', clock, log: silentLog, signal: over.signal })
  const watch = new NodeWatch({ storage, guard: () => undefined, signal: over.signal, onConfirmed: (listener) => (listener(Number.POSITIVE_INFINITY), () => {}), heartbeats, informers, clock, log: silentLog, terms: DEFAULT_TERMS, chronicle })
  const running = watch.run()
  running.catch(() => {})
  if (given.isBehind !== true) watch.knowsNodes()
  await clock.advance(10)
  const agents = new Map<string, FakeAgent>()
  return {
    here,
    storage,
    heartbeats,
    watch,
    agents,
    agent(name) {
      const known = agents.get(name)
      if (known) return known
      const made = new FakeAgent(clock, name)
      agents.set(name, made)
      return made
    },
    async record() {
      const entry = await storage.get(MEMBERSHIP_KEY)
      return entry && parseRecord(entry.value)
    },
    told: (reason) => here.client.all(events).filter((event) => event.reason === reason).map(({ message = '' }) => message),
    async end() {
      over.abort(new Error('deposed'))
      await running
    },
  }
}

export async function join(led: Led, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    await led.here.client.create(nodes, { metadata: { name, annotations: { 'gantry.dev/agent': 'boot-1' } } })
    led.watch.setSession(name, true)
    led.agent(name).connect(led.heartbeats)
    void led.watch.admit(name, 'boot-1')
  }
  await led.here.clock.advance(1_000)
}

/** As the session of an agent knows it that begins now. */
export function fencedAt({ watch }: Led, name: string): number | undefined {
  const state = watch.stateOf(name)
  return state.kind === 'fenced' ? state.atMs : undefined
}

export const kinds = ({ watch }: Led, ...names: readonly string[]): readonly string[] => names.map((name) => watch.stateOf(name).kind)

/** A storage of which a test may replace a verb. */
export const proxied = (real: Storage): Storage => ({ get: (key) => real.get(key), list: (prefix, options) => real.list(prefix, options), write: (write) => real.write(write), watch: (prefix, options) => real.watch(prefix, options), currentRevision: () => real.currentRevision(), compact: (revision) => real.compact(revision), [Symbol.asyncDispose]: async () => {} })
