/** One agent's pod workers over real parts of this host, told what to do by the test that forked it; killed where that says. */
import { configureCrashes, watchFor, type CrashPoint } from './crash-points.ts'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { openCgroups } from '../../../node-agent/cgroups/cgroups.ts'
import { ownCapabilities } from '../../../node-agent/host/capabilities.ts'
import { systemMounts } from '../../../node-agent/host/mounts.ts'
import { fakeImageStore } from '../../../node-agent/images/fake.ts'
import { hostLogFiles } from '../../../node-agent/logs/files.ts'
import { createPodNetwork } from '../../../node-agent/network/network.ts'
import { createPodWorkers, hostPodFiles } from '../../../node-agent/pods/pods.ts'
import type { PodStatusReport } from '../../../node-agent/pods/port.ts'
import { systemProbeNetwork } from '../../../node-agent/probes/network.ts'
import { openCrun } from '../../../node-agent/runtime/crun.ts'
import { crunForThisHost } from '../../../node-agent/runtime/hybrid.ts'
import { createOverlaySnapshots } from '../../../node-agent/snapshots/snapshots.ts'
import { createVolumes } from '../../../node-agent/volumes/volumes.ts'
import { systemClock } from '../../../shared/kit/clock.ts'
import { createLog } from '../../../shared/kit/log.ts'
import { systemRandom } from '../../../shared/kit/random.ts'
import type { ConfigMap, Pod } from '../../../shared/model/gen/api.ts'
import { keyOf, uidOf } from '../../../shared/model/meta.ts'

export interface AgentOptions {
  /** All that is this node's is below it. */
  readonly at: string
  /** Of its control groups, from the root. */
  readonly parent: string
  /** Folder of the only image's only layer. */
  readonly layer: string
  readonly podCidr: string
}

export type ToAgent =
  | { readonly kind: 'open'; readonly options: AgentOptions; readonly death: CrashPoint | undefined }
  | { readonly kind: 'watch'; readonly death: CrashPoint | undefined }
  | { readonly kind: 'set'; readonly pods: readonly Pod[]; readonly configMaps: readonly ConfigMap[] }
  | { readonly kind: 'update'; readonly pod: Pod }
  | { readonly kind: 'remove'; readonly pod: Pod }
  | { readonly kind: 'config'; readonly configMap: ConfigMap }

export type FromAgent = { readonly kind: 'open' } | { readonly kind: 'report'; readonly report: PodStatusReport } | { readonly kind: 'point'; readonly label: string }

// The test may be gone, and so is the agent then.
process.once('disconnect', () => process.exit())
const tell = (message: FromAgent): void => void process.send?.(message, () => {})

const configMaps = new Map<string, ConfigMap>()
const keep = (one: ConfigMap): void => void configMaps.set(`${one.metadata.namespace}/${one.metadata.name}`, one)

async function open({ at, parent, layer, podCidr }: AgentOptions) {
  mkdirSync(at, { recursive: true })
  const log = createLog({ part: 'half-done' }, process.env['HALF_DONE_LOG'] ?? 'info')
  const images = fakeImageStore()
  images.put({ tags: ['docker.io/library/busybox:1.35'], layers: [layer], config: { env: ['PATH=/bin'], entrypoint: [], cmd: ['sh'], workingDir: '', user: '', stopSignal: '', labels: {}, volumes: [] } })
  const cgroups = await openCgroups({ parent, clock: systemClock })
  const network = await createPodNetwork({ runFolder: join(at, 'network'), log, clock: systemClock })
  await network.configureNode({ podCidr, clusterCidr: '10.213.0.0/16', nodeAddress: '192.0.2.1' })
  const workers = createPodWorkers({
    runtime: await openCrun({ folder: join(at, 'run'), runtime: await crunForThisHost('/usr/bin/crun', at), conmon: '/usr/bin/conmon', version: 'test', cgroups, concurrency: 4, clock: systemClock, log }),
    images,
    cgroups,
    network,
    snapshots: await createOverlaySnapshots({ root: join(at, 'snapshots') }),
    volumes: await createVolumes({ stateFolder: join(at, 'pods'), clock: systemClock, log }),
    probes: systemProbeNetwork,
    files: hostPodFiles(systemMounts()),
    logs: hostLogFiles(systemClock),
    sources: { configMap: (namespace, name) => configMaps.get(`${namespace}/${name}`), secret: () => undefined, services: () => [], serviceAccountToken: () => Promise.reject(new Error('no tokens')) },
    reporter: { report: (report) => tell({ kind: 'report', report }), event: () => {} },
    clock: systemClock,
    random: systemRandom,
    log,
    config: { nodeName: 'n1', hostIP: '192.0.2.1', hostname: 'n1', clusterDns: [], clusterDomain: 'cluster.local', logFolder: join(at, 'logs'), checkpointFolder: join(at, 'state'), capacity: { cpuMillis: 64_000, memoryBytes: 2 ** 34, pods: 110 }, allocatable: { cpu: '2' }, capabilities: await ownCapabilities(), logMaxBytes: 10 << 20, logMaxFiles: 5 },
  })
  void workers.run(new AbortController().signal)
  return workers
}

let workers: Awaited<ReturnType<typeof open>> | undefined

process.on('message', (message: ToAgent) => {
  switch (message.kind) {
    case 'open':
      configureCrashes({ root: message.options.at, onPoint: (label) => tell({ kind: 'point', label }) })
      watchFor(message.death)
      open(message.options).then(
        (opened) => {
          workers = opened
          tell({ kind: 'open' })
        },
        (error: unknown) => {
          process.stderr.write(`the agent cannot be opened: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
          process.exit(1)
        },
      )
      break
    case 'watch':
      watchFor(message.death)
      break
    case 'set':
      for (const one of message.configMaps) keep(one)
      workers?.setAll(message.pods)
      break
    case 'update':
      workers?.update(message.pod)
      break
    case 'remove':
      workers?.remove(keyOf(message.pod), uidOf(message.pod))
      break
    case 'config':
      keep(message.configMap)
      workers?.sourcesChanged('ConfigMap', `${message.configMap.metadata.namespace}/${message.configMap.metadata.name}`)
      break
  }
})
