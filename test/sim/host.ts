import { seededImages } from './images.ts'
import { fakeCgroups } from '../../node-agent/cgroups/fake.ts'
import type { ImageStore } from '../../node-agent/images/port.ts'
import { fakeLogFiles } from '../../node-agent/logs/fake.ts'
import { fakePodNetwork } from '../../node-agent/network/fake.ts'
import { fakePodFiles } from '../../node-agent/pods/fake-files.ts'
import { podUidHex } from '../../node-agent/pods/record.ts'
import { fakeProbeNetwork } from '../../node-agent/probes/fake.ts'
import { fakeRuntime, newFakeHost, type FakeContainer, type FakeHost, type FakeRuntime } from '../../node-agent/runtime/fake.ts'
import { fakeSnapshots } from '../../node-agent/snapshots/fake.ts'
import { fakeVolumes } from '../../node-agent/volumes/fake.ts'
import type { Clock } from '../../shared/kit/clock.ts'

const SIGKILL = 9
export const CHECKPOINTS = '/run/gantry/checkpoints'
export const LOGS = '/var/log/pods'

/** What is there on a node's machine, whoever runs on it: outlives its agents. */
export class SimHost {
  readonly #clock: Clock
  readonly containers: FakeHost = newFakeHost()
  /** The hand of fate: kills containers without any agent. */
  readonly fate: FakeRuntime
  readonly files = fakePodFiles()
  readonly probes = fakeProbeNetwork()
  readonly logs = fakeLogFiles()
  readonly snapshots = fakeSnapshots()
  readonly volumes = fakeVolumes()
  readonly images: ImageStore & { isBroken: boolean } = seededImages()
  network = fakePodNetwork()
  cgroups = this.#newCgroups()

  constructor(clock: Clock) {
    this.#clock = clock
    this.fate = fakeRuntime({ clock, host: this.containers })
  }

  /** The door to the runtime that one agent opens; dispose it when that agent dies. */
  openRuntime(createMs: number): FakeRuntime {
    return fakeRuntime({ clock: this.#clock, host: this.containers, createMs, exec: (_id, [command]) => ({ exitCode: command === 'false' ? 1 : 0 }) })
  }

  running(): readonly FakeContainer[] {
    return [...this.containers.containers.values()].filter(({ state }) => state.kind === 'running')
  }

  /** Everything in memory is gone: processes, namespaces, groups, what is below /run. Disks keep theirs. */
  losePower(): void {
    for (const container of this.containers.containers.values()) container.cancel()
    this.containers.containers.clear()
    this.network = fakePodNetwork()
    this.cgroups = this.#newCgroups()
    for (const path of this.files.contents.keys()) if (path.startsWith('/run/')) this.files.contents.delete(path)
    this.probes.answers.clear()
  }

  #newCgroups(): ReturnType<typeof fakeCgroups> {
    return fakeCgroups({
      onKill: async (path) => {
        const uid = /pod([0-9a-f-]{36})$/.exec(path)?.[1]
        if (uid === undefined) return
        for (const id of this.containers.containers.keys()) if (id.startsWith(podUidHex(uid))) await this.fate.kill(id, SIGKILL)
      },
    })
  }
}
