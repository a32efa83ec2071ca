/** A lab of several control planes, clients on all of them whose questions and answers are written down, and the storage's own story from its own mouth. */
import { readFile } from 'node:fs/promises'
import { hasVirtualAddress } from '../../deploy/lab/cables.ts'
import { etcdEndpoints } from '../../deploy/lab/etcd-program.ts'
import { labIdentity } from '../../deploy/lab/identity.ts'
import * as lab from '../../deploy/lab/lab.ts'
import { controlPlaneMachines, layoutOf, type LabSpec } from '../../deploy/lab/layout.ts'
import type { Storage } from '../../control-plane/storage/port.ts'
import { createEtcdStorage } from '../../control-plane/storage/storage.ts'
import { sleep, systemClock as clock } from '../../shared/kit/clock.ts'
import { seededRandom } from '../../shared/kit/random.ts'
import { createRestClient, type RestClient } from '../../shared/kit/rest-client.ts'
import { check } from '../history/check.ts'
import { Client } from '../history/client.ts'
import { Follower } from '../history/follower.ts'
import type { Change, History, Operation, Violation } from '../history/history.ts'
import { httpDoor } from '../history/http-door.ts'
import { Recorder } from '../history/recorder.ts'
import { configMapsIn } from '../history/subject.ts'
import { work } from '../history/workload.ts'

const WORKERS = 6
const WATCH_SECONDS = 5
const MAPS = '/gantry/core/configmaps/'

export interface Judged {
  readonly violations: readonly Violation[]
  readonly operations: readonly Operation[]
  readonly changes: readonly Change[]
  /** How much there was to judge. */
  readonly told: string
}

export class HistoryLab {
  readonly name: string
  readonly spec: LabSpec
  readonly machines: readonly string[]
  /** Of each control plane, in the order of the machines. */
  readonly clients: readonly RestClient[]
  readonly #etcd: Storage
  readonly #recorder = new Recorder(clock)
  readonly #subject = configMapsIn('default', 5)
  readonly #changes: Change[] = []
  readonly #lives = new Map<string, number>()
  readonly #working = new AbortController()
  readonly #following = new AbortController()
  #told = 0
  #running: readonly Promise<void>[] = []
  #followers: readonly Follower[] = []

  private constructor({ spec, clients, etcd }: { readonly spec: LabSpec; readonly clients: readonly RestClient[]; readonly etcd: Storage }) {
    this.name = spec.name
    this.spec = spec
    this.machines = controlPlaneMachines(spec)
    this.clients = clients
    this.#etcd = etcd
  }

  static async up(name: string, controlPlanes: number): Promise<HistoryLab> {
    await lab.down(name, { keep: false })
    const { spec } = await lab.up({ name, nodes: 0, controlPlanes, kubeconfig: false })
    const layout = layoutOf(spec)
    const { ca, admin } = await labIdentity(spec)
    const [etcdCa = '', cert = '', key = ''] = await Promise.all(['etcd-ca.crt', 'etcd.crt', 'etcd.key'].map((file) => readFile(`${layout.pki}/${file}`, 'utf8')))
    const etcd = await createEtcdStorage({ endpoints: etcdEndpoints(spec, controlPlaneMachines(spec).at(-1) ?? ''), tls: { ca: etcdCa, cert, key }, clock })
    const clients = layout.servers.map((server) => createRestClient({ server, ca, cert: admin.certificatePem, key: admin.privateKeyPem, userAgent: 'gantry-history' }))
    return new HistoryLab({ spec, clients, etcd })
  }

  async start(seed: number): Promise<void> {
    const { revision } = await this.#etcd.list(MAPS)
    this.#told = revision
    const doors = this.clients.map((client, index) =>
      httpDoor({ client, server: () => `${this.machines[index]}.${this.#lives.get(this.machines[index] ?? '') ?? 0}`, onBegin: () => this.#recorder.begins(), answerMs: 4_000, streamMs: (WATCH_SECONDS + 2) * 1_000 }),
    )
    const client = (name: string, index: number): Client => {
      const random = seededRandom(seed * 100 + index)
      return new Client({ name, recorder: this.#recorder, subject: this.#subject, door: () => doors[Math.floor(random.next() * doors.length)]?.() })
    }
    this.#followers = [false, true].map((streams, index) => new Follower({ client: client(`follower ${index}`, 50 + index), clock, streams, watchSeconds: WATCH_SECONDS }))
    this.#running = [
      this.#listen(),
      ...Array.from({ length: WORKERS }, (_, index) => work({ client: client(`client ${index}`, index), clock, random: seededRandom(seed * 1000 + index), restMs: 40 }, this.#working.signal)),
      ...this.#followers.map((follower) => follower.run(this.#following.signal)),
    ]
  }

  /** A control plane of the machine dies: what it knew is gone with it. */
  died(machine: string): void {
    this.#lives.set(machine, (this.#lives.get(machine) ?? 0) + 1)
  }

  /** The machine with the virtual address; any, while nobody has it. */
  async leader(): Promise<string> {
    const has = await Promise.all(this.machines.map((machine) => hasVirtualAddress(this.spec, machine)))
    return this.machines[has.indexOf(true)] ?? this.machines[0] ?? ''
  }

  /** The storage forgets what the referee has heard. */
  async compact(): Promise<void> {
    this.#recorder.forgets()
    const revision = this.#told
    // The member that is asked may be the one that is away.
    await until(() => this.#etcd.compact(revision).then(() => true, () => false), 'the storage has forgotten')
  }

  /** What was cut off may have to begin anew. */
  mended(): void {
    this.#recorder.forgets()
  }

  /** How many writes have been acknowledged so far. */
  get acknowledged(): number {
    return this.#recorder.history([]).operations.filter((one) => one.kind === 'write' && one.outcome.kind === 'done').length
  }

  /** Ends the work, waits until all is told everywhere, and judges. */
  async judge(): Promise<Judged> {
    this.#working.abort()
    await until(async () => (await Promise.all(this.clients.map((client) => client.request({ path: '/readyz', signal: AbortSignal.timeout(2_000) }).then(({ status }) => status === 200, () => false)))).every(Boolean), 'every control plane is ready')
    // What was sent and not answered may still be on its way.
    await sleep(clock, 6_000)
    const { revision } = await this.#etcd.list(MAPS)
    await until(() => Promise.resolve(this.#told >= revision && this.#followers.every((one) => (one.revision ?? 0) >= (this.#changes.at(-1)?.revision ?? 0))), 'all changes have been told')
    for (const follower of this.#followers) follower.tell(true)
    this.#following.abort()
    await Promise.all(this.#running)
    const history = this.#recorder.history(this.#changes)
    return { violations: check(history), operations: history.operations, changes: this.#changes, told: tell(history) }
  }

  async down(): Promise<void> {
    this.#working.abort()
    this.#following.abort()
    for (const client of this.clients) client[Symbol.dispose]()
    await this.#etcd[Symbol.asyncDispose]()
    await lab.down(this.name, { keep: false })
  }

  async #listen(): Promise<void> {
    for await (const batch of this.#etcd.watch(MAPS, { after: this.#told, signal: this.#following.signal })) {
      for (const event of batch.events) {
        const change = this.#subject.changeOf(event.kind === 'put' ? event.entry : { key: event.key, revision: event.revision, value: undefined })
        if (change) this.#changes.push(change)
      }
      this.#told = batch.revision
    }
  }
}

function tell({ operations, changes }: History): string {
  const writes = operations.filter((one) => one.kind === 'write')
  const count = (kind: string): number => writes.filter(({ outcome }) => outcome.kind === kind).length
  return `${operations.length} operations, ${changes.length} changes; of ${writes.length} writes ${count('done')} done, ${count('refused')} refused, ${count('unknown')} unknown; ${operations.filter((one) => one.kind === 'watch').length} watches`
}

async function until(holds: () => Promise<boolean>, what: string, limitMs = 120_000): Promise<void> {
  const end = clock.monotonicMs() + limitMs
  while (!(await holds())) {
    if (clock.monotonicMs() > end) throw new Error(`not within ${limitMs / 1_000} s: ${what}`)
    await sleep(clock, 100)
  }
}
