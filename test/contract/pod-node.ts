/** A node with the real parts of this host for whole pods: crun under conmon, overlayfs, cgroups, volumes; a network namespace each, without a way out. */
import { execFileSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { arch, tmpdir } from 'node:os'
import { join } from 'node:path'
import { slowness } from '../../deploy/lab/patience.ts'
import { openCgroups } from '../../node-agent/cgroups/cgroups.ts'
import { unlimitedRight } from '../../node-agent/fencing/port.ts'
import { ownCapabilities } from '../../node-agent/host/capabilities.ts'
import { systemMounts } from '../../node-agent/host/mounts.ts'
import { securityModules } from '../../node-agent/host/security-modules.ts'
import { fakeImageStore } from '../../node-agent/images/fake.ts'
import { hostLogFiles } from '../../node-agent/logs/files.ts'
import type { PodNetwork } from '../../node-agent/network/port.ts'
import { createPodWorkers, hostPodFiles, type PodParts, type PodsConfig } from '../../node-agent/pods/pods.ts'
import type { PodStatusReport, PodWorkers } from '../../node-agent/pods/port.ts'
import { socatForwarder } from '../../node-agent/pods/streams/forwarder.ts'
import { systemProbeNetwork } from '../../node-agent/probes/network.ts'
import { openCrun } from '../../node-agent/runtime/crun.ts'
import { crunForThisHost } from '../../node-agent/runtime/hybrid.ts'
import { podPause } from '../../node-agent/runtime/pause.ts'
import { createOverlaySnapshots } from '../../node-agent/snapshots/snapshots.ts'
import { createVolumes } from '../../node-agent/volumes/volumes.ts'
import { systemClock } from '../../shared/kit/clock.ts'
import { silentLog } from '../../shared/kit/log.ts'
import { systemRandom } from '../../shared/kit/random.ts'
import { removeGroup } from './control-groups.ts'
import { openUsers, type TestUsers } from './own-users.ts'

export const PARENT = `gantry-test-pods-${process.pid}`
const APPLETS = ['sh', 'sleep', 'cat', 'echo', 'id', 'seq', 'tail', 'true', 'false', 'env', 'ls', 'pwd', 'touch', 'test', 'wc', 'tr', 'head', 'kill', 'hostname', 'grep', 'readlink', 'stat', 'sort', 'diff', 'printf', 'httpd', 'mkdir', 'cut', 'pidof', 'mount', 'ip', 'fallocate']
/** Of this process; it comes with the layer. */
export const folder = join(tmpdir(), `gantry-pods-${process.pid}`)
const layer = join(folder, 'layer')

/** What every image of these pods is made of. */
export function makeLayer(): void {
  // Those of a pod with users of its own pass through it.
  mkdirSync(folder)
  chmodSync(folder, 0o711)
  for (const name of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'root']) mkdirSync(join(layer, name), { recursive: true })
  copyFileSync('/bin/busybox', join(layer, 'bin/busybox'))
  for (const applet of APPLETS) symlinkSync('busybox', join(layer, 'bin', applet))
  writeFileSync(join(layer, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33:www-data:/var/www:/bin/false\n')
  writeFileSync(join(layer, 'etc/group'), 'root:x:0:\nwheel:x:10:root\nwww-data:x:33:\n')
}

export async function removeAll(): Promise<void> {
  await removeGroup(PARENT)
  rmSync(folder, { recursive: true })
}

/** A namespace with only its loopback per pod. */
function loopbackNetwork(): PodNetwork {
  const names = new Map<string, string>()
  const nameOf = (uid: string): string => `gt-pods-${uid.slice(0, 8)}`
  const sandbox = (uid: string): { readonly netnsPath: string; readonly ip: string } => ({ netnsPath: `/run/netns/${nameOf(uid)}`, ip: '127.0.0.1' })
  const held = new Map<string, Promise<TestUsers>>()
  const usersOf = (uid: string): Promise<TestUsers> => {
    const opened = held.get(uid) ?? openUsers(join(folder, 'users', uid), 65_536 * 1_000)
    held.set(uid, opened)
    return opened
  }
  return {
    configureNode: async () => {},
    setRoutes: async () => {},
    async attach(uid, { ownUsers }) {
      if (ownUsers === true) return { netnsPath: (await usersOf(uid)).netnsPath, ip: '127.0.0.1', users: await usersOf(uid) }
      if (!existsSync(sandbox(uid).netnsPath)) {
        execFileSync('ip', ['netns', 'add', nameOf(uid)])
        execFileSync('ip', ['-n', nameOf(uid), 'link', 'set', 'lo', 'up'])
      }
      names.set(uid, nameOf(uid))
      return sandbox(uid)
    },
    find: async (uid) => (names.has(uid) ? sandbox(uid) : undefined),
    async detach(uid) {
      await (await held.get(uid))?.[Symbol.asyncDispose]()
      held.delete(uid)
      if (existsSync(sandbox(uid).netnsPath)) execFileSync('ip', ['netns', 'delete', nameOf(uid)])
      names.delete(uid)
    },
    list: async () => [...names.keys()],
    setServices: async () => {},
    teardown: async () => {},
  }
}

export interface Node {
  workers: PodWorkers
  readonly reports: PodStatusReport[]
  readonly events: string[]
  /** SIGKILL and a new start, as far as one process can play it. */
  restart(): Promise<void>
  close(): Promise<void>
}

const network = loopbackNetwork()

/** @param more of its settings, for a test of them. */
export async function openNode(at: string, more: Partial<PodsConfig> = {}): Promise<Node> {
  mkdirSync(at, { recursive: true })
  const reports: PodStatusReport[] = []
  const events: string[] = []
  const images = fakeImageStore()
  images.put({ tags: ['docker.io/library/busybox:1.35'], layers: [layer], config: { env: ['PATH=/bin'], entrypoint: [], cmd: ['sh'], workingDir: '', user: '', stopSignal: '', labels: {}, volumes: [] } })
  const start = async (): Promise<{ readonly workers: PodWorkers; readonly stop: () => Promise<void> }> => {
    const cgroups = await openCgroups({ parent: `/${PARENT}`, clock: systemClock })
    const crun = await crunForThisHost('/usr/bin/crun', at)
    const runtime = await openCrun({ folder: join(at, 'run'), runtime: crun, conmon: '/usr/bin/conmon', version: 'test', cgroups, concurrency: 4, clock: systemClock, log: silentLog })
    const parts: PodParts = {
      runtime,
      images,
      cgroups,
      network,
      snapshots: await createOverlaySnapshots({ root: join(at, 'snapshots') }),
      volumes: await createVolumes({ stateFolder: join(at, 'pods'), clock: systemClock, log: silentLog }),
      probes: systemProbeNetwork,
      files: hostPodFiles(systemMounts()),
      pause: podPause({ runtime: crun, folder: join(at, 'pause'), mounts: systemMounts(), architecture: arch() }),
      logs: hostLogFiles(systemClock),
      forwarder: socatForwarder,
      sources: { configMap: () => undefined, secret: () => undefined, services: () => [], serviceAccountToken: () => Promise.reject(new Error('no tokens')) },
      reporter: { report: (one) => void reports.push(one), event: (_pod, { reason, message }) => void events.push(`${reason}: ${message}`) },
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      right: unlimitedRight,
      deadlines: { setExempt: () => {} },
      config: { nodeName: 'n1', hostIP: '192.0.2.1', hostname: 'n1', clusterDns: ['10.96.0.10'], clusterDomain: 'cluster.local', logFolder: join(at, 'logs'), checkpointFolder: join(at, 'state'), capacity: { cpuMillis: 64_000, memoryBytes: 2 ** 34, pods: 110, securityModules: await securityModules() }, allocatable: { cpu: '2' }, capabilities: await ownCapabilities(), seccompFolder: join(at, 'seccomp'), logMaxBytes: 10 << 20, logMaxFiles: 5, ...more },
    }
    const over = new AbortController()
    const workers = createPodWorkers(parts)
    const running = workers.run(over.signal)
    return {
      workers,
      stop: async () => {
        over.abort(new Error('ends'))
        await running
        await runtime[Symbol.asyncDispose]()
      },
    }
  }
  let agent = await start()
  const node: Node = {
    workers: agent.workers,
    reports,
    events,
    async restart() {
      await agent.stop()
      agent = await start()
      node.workers = agent.workers
    },
    async close() {
      node.workers.setAll([])
      await until(() => node.workers.statuses().length === 0, 'all pods gone')
      await agent.stop()
    },
  }
  return node
}

export async function until(check: () => boolean, what: string, limitMs = 60_000): Promise<void> {
  const end = performance.now() + limitMs * slowness
  while (!check()) {
    if (performance.now() > end) throw new Error(`${what}: not within ${limitMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5 * slowness))
  }
}
