import { createPodWorkers, type PodsConfig } from '../../../node-agent/pods/pods.ts'
import { unlimitedRight } from '../../../node-agent/fencing/port.ts'
import type { PodFiles } from '../../../node-agent/pods/files-port.ts'
import type { PodParts } from '../../../node-agent/pods/parts.ts'
import type { FakeRuntime } from '../../../node-agent/runtime/fake.ts'
import { fakeRuntime } from '../../../node-agent/runtime/fake.ts'
import type { Log } from '../../../shared/kit/log.ts'
import { Fault } from '../../../shared/kit/faults.ts'
import { seededRandom } from '../../../shared/kit/random.ts'
import { CHECKPOINTS, LOGS, SimHost } from '../../sim/host.ts'
import { VirtualClock } from '../../sim/virtual-clock.ts'
import type { Fate } from '../fate.ts'
import { Desk } from './desk.ts'
import { Mortal, theLiving } from './mortal.ts'

/** How soon whoever looks after the agent starts it again, and how soon after that the control plane is reached. */
const DOWN_MS = 50
const CONNECT_MS = 5

const CONFIG: PodsConfig = {
  nodeName: 'n1',
  hostIP: '192.0.2.1',
  hostname: 'n1',
  clusterDns: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  logFolder: LOGS,
  checkpointFolder: CHECKPOINTS,
  capacity: { cpuMillis: 2000, memoryBytes: 2 ** 32, pods: 110 },
  allocatable: { cpu: '2' },
  capabilities: [],
  logMaxBytes: 10 << 20,
  logMaxFiles: 5,
}

export interface Disk {
  /** How long it takes until a checkpoint is kept. */
  readonly delayMs: number
  /** No checkpoint can be kept at all. */
  readonly isFull: boolean
}

/** One machine of fakes with its agents, one life after the other, and the control plane's side of it. */
export class Machine {
  readonly clock = new VirtualClock()
  readonly host = new SimHost(this.clock)
  readonly desk = new Desk()
  /** Ids of containers in the order in which their first process began. */
  readonly started: string[] = []
  /** What should never happen. */
  readonly violations: string[] = []
  /** Commands run inside containers. */
  readonly execs: string[] = []
  readonly #fate: Fate
  readonly #disk: Disk
  #door: FakeRuntime | undefined

  constructor(fate: Fate, disk: Disk) {
    this.#fate = fate
    this.#disk = disk
  }

  async boot(): Promise<void> {
    await this.host.network.configureNode({ podCidr: '10.244.1.0/24', clusterCidr: '10.244.0.0/16', nodeAddress: '192.0.2.1' })
    this.start()
    await this.clock.advance(100)
  }

  start(): void {
    const life = new Mortal(this.clock, this.#fate, () => this.#died())
    theLiving.agent = life
    const workers = createPodWorkers(this.#parts(life))
    // Aborting is how an agent ends by itself: one that is killed does not get that far.
    workers.run(new AbortController().signal).catch((error: unknown) => void this.violations.push(`the agent failed: ${String(error)}`))
    this.clock.after(CONNECT_MS, () => void (life.isOver || this.desk.connect(workers)))
  }

  /** SIGKILL, and a new start. */
  restart(): void {
    theLiving.agent?.die()
  }

  #died(): void {
    this.desk.agent = undefined
    void this.#door?.[Symbol.asyncDispose]()
    this.clock.after(DOWN_MS, () => this.start())
  }

  #parts(life: Mortal): PodParts {
    const { host, desk } = this
    const door = fakeRuntime({ clock: this.clock, host: host.containers, createMs: 2, exec: (id, command) => (this.execs.push(`${id} ${command.join(' ')}`), { exitCode: command[0] === 'false' ? 1 : 0 }) })
    this.#door = door
    const isKept = (path: string): boolean => path.startsWith(CHECKPOINTS)
    const unlessFull = (path: string, work: () => Promise<void>): Promise<void> => (this.#disk.isFull && isKept(path) ? Promise.reject(new Fault('exhausted', 'no space left')) : work())
    const files: PodFiles = { ...host.files, write: (path, text) => unlessFull(path, () => host.files.write(path, text)), append: (path, text) => unlessFull(path, () => host.files.append(path, text)) }
    const told = { ...door, start: (id: string) => (this.#noteStart(id), door.start(id)), delete: (id: string) => (this.#noteDelete(id), door.delete(id)) }
    return {
      runtime: life.wrap('runtime', told, { sync: ['onExit'], reads: ['state', 'list'] }),
      images: life.wrap('images', host.images, { sync: ['onChange'], reads: ['find', 'list'] }),
      snapshots: life.wrap('snapshots', host.snapshots, { reads: ['list', 'usage'] }),
      network: life.wrap('network', host.network, { reads: ['find', 'list'] }),
      volumes: life.wrap('volumes', host.volumes, { sync: ['podFolder', 'contents'], reads: ['list'] }),
      cgroups: life.wrap('cgroups', host.cgroups, { sync: ['podPath'], reads: ['oomKills', 'usage', 'detail', 'list'] }),
      probes: life.wrap('probes', host.probes, { reads: ['http', 'tcp'] }),
      files: life.wrap('files', files, { sync: ['signalNumber'], reads: ['read', 'readTail', 'names', 'users'], extraMs: (_method, [path]) => (isKept(String(path)) ? this.#disk.delayMs : 0) }),
      logs: life.wrap('logs', host.logs, { sync: ['read'], reads: ['size', 'tail'] }),
      forwarder: { connect: () => Promise.reject(new Fault('unsupported', 'nothing listens in a simulated pod')), dial: () => Promise.reject(new Fault('unsupported', 'nothing listens in a simulated pod')) },
      sources: { configMap: (namespace, name) => desk.configMaps.get(`${namespace}/${name}`), secret: (namespace, name) => desk.secrets.get(`${namespace}/${name}`), services: () => [], serviceAccountToken: () => Promise.reject(new Error('no tokens here')) },
      reporter: { report: (one) => life.now(`report ${one.pod.metadata.name}`, () => desk.reporter.report(one)), event: (pod, event) => void (life.isOver || desk.reporter.event(pod, event)) },
      clock: life.clock,
      random: seededRandom(1),
      log: this.#log,
      right: unlimitedRight,
      deadlines: { setExempt: () => {} },
      config: CONFIG,
    }
  }

  /** One life of a container: an id starts once, and never beside another of its name. */
  #noteStart(id: string): void {
    const known = this.host.containers.containers.get(id)
    if (known?.state.kind !== 'created') return
    if (this.started.includes(id)) this.violations.push(`${id} starts a second time`)
    for (const { spec } of this.host.running()) if (spec.id.slice(0, 48) === id.slice(0, 48)) this.violations.push(`${id} starts beside ${spec.id}`)
    this.started.push(id)
  }

  #noteDelete(id: string): void {
    if (this.host.containers.containers.get(id)?.state.kind !== 'running') return
    const owner = [...this.desk.pods.values()].find(({ metadata }) => id.startsWith((metadata.uid ?? '').replaceAll('-', '')))
    if (owner && owner.metadata.deletionTimestamp === undefined) this.violations.push(`${id} is taken away while it runs`)
  }

  readonly #log: Log = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (fields, message) => void (this.#disk.isFull || this.violations.push(`${message} ${JSON.stringify(fields)}`)),
    child: () => this.#log,
  }
}
