/** The agent as a process: `agent --config FILE`. */
import { mkdir, readFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { createAgent } from './agent.ts'
import { openCgroups } from './cgroups/cgroups.ts'
import { quickMoves } from './cgroups/quick-moves.ts'
import { parseAgentConfig, portsOf, type AgentConfig } from './config.ts'
import { ownCapabilities } from './host/capabilities.ts'
import { runProgram } from './host/exec.ts'
import { findProgram } from './host/find-program.ts'
import { readHostFacts } from './host/facts.ts'
import { systemMounts } from './host/mounts.ts'
import { loadIdentity, renewedIdentity } from './identity.ts'
import { createImageStore } from './images/images.ts'
import { hostLogFiles } from './logs/files.ts'
import { createPodNetwork, servicePorts } from './network/network.ts'
import { createPodWorkers, hostPodFiles, type PodsConfig } from './pods/pods.ts'
import { systemProbeNetwork } from './probes/network.ts'
import { openCrun } from './runtime/crun.ts'
import { crunForThisHost } from './runtime/hybrid.ts'
import { createGrpcLink, type GrpcLink } from './session/grpc-link.ts'
import type { HostFacts } from './session/node-object.ts'
import { assignedSources } from './session/sources.ts'
import { createOverlaySnapshots } from './snapshots/snapshots.ts'
import { createVolumes } from './volumes/volumes.ts'
import type { TlsFiles } from '../proto/rpc.ts'
import { systemClock } from '../shared/kit/clock.ts'
import { Fault, messageOf } from '../shared/kit/faults.ts'
import { createLog, type Log } from '../shared/kit/log.ts'
import { systemRandom } from '../shared/kit/random.ts'
import { GIT_VERSION } from '../shared/model/version.ts'

const clock = systemClock
const random = systemRandom

async function readConfig(): Promise<AgentConfig> {
  const at = process.argv.indexOf('--config')
  const file = at < 0 ? undefined : process.argv[at + 1]
  if (file === undefined) throw new Fault('invalid', 'usage: agent --config FILE')
  return parseAgentConfig(await readFile(file, 'utf8'), file)
}

/** The parts of the host's pods, each opened once: they find what an agent before this one left. */
async function openParts(config: AgentConfig, log: Log) {
  const mounts = systemMounts()
  const cgroups = await openCgroups({ parent: `/${config.cgroup}/pods`, clock })
  const runtimeFolder = `${config.runDir}/runtime`
  const found = await findProgram(config.runtime)
  const program = config.runtime === 'crun' ? await crunForThisHost(found, config.runDir) : found
  const [{ stdout }, images, snapshots, network, volumes] = await Promise.all([
    runProgram(found, ['--version']),
    createImageStore({ root: config.imageDir, log }),
    createOverlaySnapshots({ root: `${config.stateDir}/snapshots`, mounts }),
    createPodNetwork({ runFolder: `${config.runDir}/network`, log, clock }),
    createVolumes({ stateFolder: `${config.stateDir}/pods`, clock, log }),
  ])
  const version = /version\s+([\w.-]+)/.exec(stdout)?.[1] ?? 'unknown'
  const runtime = await openCrun({ folder: runtimeFolder, runtime: program, conmon: await findProgram('conmon'), version, cgroups, concurrency: availableParallelism() * 2, moves: await quickMoves(clock), clock, log })
  return { mounts, cgroups, runtime, images, snapshots, network, volumes, version }
}

function podsConfig(config: AgentConfig, host: HostFacts, capabilities: readonly string[]): PodsConfig {
  return {
    nodeName: config.nodeName,
    hostIP: config.address,
    hostname: config.nodeName,
    clusterDns: [],
    clusterDomain: 'cluster.local',
    logFolder: `${config.stateDir}/logs`,
    checkpointFolder: `${config.runDir}/checkpoints`,
    capacity: { cpuMillis: host.cpus * 1000, memoryBytes: host.memoryBytes, pods: config.maxPods },
    allocatable: { cpu: String(host.cpus), memory: String(host.memoryBytes), 'ephemeral-storage': String(host.ephemeralStorageBytes) },
    capabilities,
    architecture: host.architecture,
    logMaxBytes: 10 * 1024 * 1024,
    logMaxFiles: 5,
  }
}

/** Renews the node's certificate as it ages, until the signal aborts. */
async function keepIdentified(config: AgentConfig, link: GrpcLink, { identity, log, signal }: { readonly identity: TlsFiles; readonly log: Log; readonly signal: AbortSignal }): Promise<void> {
  for (let current = identity; !signal.aborted; ) {
    const renewed = await renewedIdentity(config, current, { clock, log, signal }).catch(() => undefined)
    if (!renewed) return
    link.identify(renewed)
    current = renewed
  }
}

async function main(): Promise<void> {
  const config = await readConfig()
  const log = createLog({ component: 'agent', node: config.nodeName })
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop.abort(new Fault('cancelled', `stopped by ${signal}`)))
  await Promise.all([config.stateDir, config.runDir, config.imageDir].map((folder) => mkdir(folder, { recursive: true })))
  const [parts, facts, capabilities, identity] = await Promise.all([
    openParts(config, log),
    readHostFacts({ storageFolder: config.stateDir, bootIdFile: config.bootIdFile }),
    ownCapabilities(),
    loadIdentity(config, { clock, log, signal: stop.signal }),
  ])
  const host: HostFacts = { ...facts, address: config.address, hostname: config.nodeName }
  using link = createGrpcLink({ addresses: config.server.map((server) => portsOf(server).node), tls: identity, clock })
  const agent = createAgent({
    nodeName: config.nodeName,
    version: GIT_VERSION,
    runtimeVersion: `${config.runtime}://${parts.version}`,
    host,
    maxPods: config.maxPods,
    labels: config.labels,
    clusterCidr: config.clusterCidr,
    link,
    network: parts.network,
    images: parts.images,
    createWorkers: (reporter, assigned) =>
      createPodWorkers({ ...parts, probes: systemProbeNetwork, files: hostPodFiles(parts.mounts), logs: hostLogFiles(clock), sources: assignedSources(assigned, link), reporter, clock, random, log, config: podsConfig(config, host, capabilities) }),
    servicePorts: (assigned) => servicePorts([...assigned.services.values()], [...assigned.slices.values()], config.nodeName),
    clock,
    random,
    log,
  })
  log.info({ address: config.address }, 'the agent is up')
  await Promise.all([agent.run(stop.signal), keepIdentified(config, link, { identity, log, signal: stop.signal })])
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`agent: ${error instanceof Fault ? error.message : error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}\n`)
    process.exit(1)
  },
)
