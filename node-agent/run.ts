/** Composes the agent of a host from its real parts. Loaded after the keeper was started: it takes a while. */
import { mkdir } from 'node:fs/promises'
import { arch, availableParallelism, hostname } from 'node:os'
import { createAgent } from './agent.ts'
import { clearSecrets } from './builds/secrets.ts'
import { openCgroups } from './cgroups/cgroups.ts'
import { boundPods } from './cgroups/parent-bounds.ts'
import { raiseOwnGroup } from './cgroups/own-share.ts'
import { quickMoves } from './cgroups/quick-moves.ts'
import { collectGarbage } from './collector/collector.ts'
import { collectable, discardUnused } from './collector/collectable-images.ts'
import { ImageCollector } from './collector/image-gc.ts'
import { imageGcPolicy } from './collector/image-gc-settings.ts'
import { portsOf, type AgentConfig } from './config.ts'
import { createEviction, nodeResources, podsCpuMillis, podsMemoryBytes, type Amounts } from './eviction/eviction.ts'
import { createGuard, DeadlineFiles, forgetState, ownerOf, podGroups } from './fencing/fencing.ts'
import type { KeeperThread } from './fencing/worker.ts'
import { ownCapabilities } from './host/capabilities.ts'
import { securityModules } from './host/security-modules.ts'
import type { SecurityModules } from './runtime/confinement.ts'
import { runProgram } from './host/exec.ts'
import { diskSpace } from './host/disk.ts'
import { removeTree } from './host/files.ts'
import { findProgram } from './host/find-program.ts'
import { readHostFacts, type MachineFacts } from './host/facts.ts'
import { systemMounts } from './host/mounts.ts'
import { loadIdentity, renewedIdentity } from './identity.ts'
import { createImageStore } from './images/images.ts'
import { imagePeersOf } from './images/peers/members.ts'
import { ImagePeers } from './images/peers/peers.ts'
import { accessRulesOf } from './images/registry/agent-settings.ts'
import { nodeRegistries } from './images/registry/registry.ts'
import { hostLogFiles } from './logs/files.ts'
import { createPodNetwork, servicePorts } from './network/network.ts'
import { loadStandardProfile } from './pods/app-armor.ts'
import { notedImages } from './pods/noted-images.ts'
import { createPodWorkers, hostPodFiles, type PodsConfig } from './pods/pods.ts'
import { systemProbeNetwork } from './probes/network.ts'
import { openCrun } from './runtime/crun.ts'
import { crunForThisHost } from './runtime/hybrid.ts'
import { podPause } from './runtime/pause.ts'
import { createGrpcLink, type GrpcLink } from './session/grpc-link.ts'
import type { AssignedObjects } from './session/assignment-store.ts'
import { capacityOf, type HostFacts } from './session/node-object.ts'
import { assignedSources } from './session/sources.ts'
import { createOverlaySnapshots } from './snapshots/snapshots.ts'
import { nodeUse } from './stats/node-use.ts'
import { noStaticPods, StaticPods } from './static-pods/static-pods.ts'
import { hostMeasures } from './stats/measures.ts'
import { createVolumes } from './volumes/volumes.ts'
import type { TlsFiles } from '../proto/rpc.ts'
import { sleep, systemClock } from '../shared/kit/clock.ts'
import { Fault, messageOf } from '../shared/kit/faults.ts'
import type { Log } from '../shared/kit/log.ts'
import { systemRandom } from '../shared/kit/random.ts'
import { formatImageDoor } from '../shared/model/image-door.ts'
import { cpuMillis, quantityValue } from '../shared/model/quantity.ts'
import { GIT_VERSION } from '../shared/model/version.ts'

const clock = systemClock
const random = systemRandom

type Parts = Awaited<ReturnType<typeof openParts>>

/** The group that holds those of all pods. */
const podsGroup = ({ cgroup }: AgentConfig): string => `${cgroup}/pods`

/** Below the run folder, which is in memory: gone with the machine at the latest. */
const buildSecretsFolder = ({ runDir }: AgentConfig): string => `${runDir}/build-secrets`

/** The parts of the host's pods, each opened once: they find what an agent before this one left. */
async function openParts(config: AgentConfig, peers: ImagePeers, log: Log) {
  // Whoever was killed in the middle of a build left them.
  await clearSecrets(buildSecretsFolder(config))
  const mounts = systemMounts()
  const cgroups = await openCgroups({ parent: `/${podsGroup(config)}`, clock, protectsMemory: config.memoryReservationPolicy !== 'None' })
  const runtimeFolder = `${config.runDir}/runtime`
  const found = await findProgram(config.runtime)
  const program = config.runtime === 'crun' ? await crunForThisHost(found, config.runDir) : found
  const images = await createImageStore({ root: config.imageDir, registry: nodeRegistries(config, { clock, random, log }), peers, access: accessRulesOf(config), log, clock })
  const [{ stdout }, snapshots, network, volumes] = await Promise.all([
    runProgram(found, ['--version']),
    createOverlaySnapshots({ root: `${config.stateDir}/snapshots`, open: `${config.runDir}/roots`, mounts, hold: (holder, layers) => images.hold(holder, layers) }),
    createPodNetwork({ runFolder: `${config.runDir}/network`, log, clock }),
    createVolumes({ stateFolder: `${config.stateDir}/pods`, clock, log }),
  ])
  const version = /version\s+([\w.-]+)/.exec(stdout)?.[1] ?? 'unknown'
  const runtime = await openCrun({ folder: runtimeFolder, runtime: program, conmon: await findProgram('conmon'), version, cgroups, concurrency: availableParallelism() * 2, moves: await quickMoves(clock), clock, log })
  const pause = podPause({ runtime: program, folder: `${config.runDir}/pause`, mounts, architecture: arch() })
  return { mounts, cgroups, runtime, images, snapshots, network, volumes, version, pause }
}

/** What the machine has: less than its host where the settings say so. */
const machineOf = ({ address, nodeName, capacity }: AgentConfig, facts: MachineFacts): HostFacts => ({
  ...facts,
  ...(capacity['memory'] !== undefined && { memoryBytes: quantityValue(capacity['memory']) }),
  ...(capacity['ephemeral-storage'] !== undefined && { ephemeralStorageBytes: quantityValue(capacity['ephemeral-storage']) }),
  address,
  hostname: nodeName,
})

interface PodsOf {
  readonly host: HostFacts
  readonly allocatable: Amounts
  readonly capabilities: readonly string[]
  readonly modules: SecurityModules
  readonly hasHugePages: boolean
}

const hugePagesOf = (amounts: Amounts): Readonly<Record<string, number>> => Object.fromEntries(Object.entries(amounts).flatMap(([name, amount]) => (name.startsWith('hugepages-') ? [[name, quantityValue(amount)]] : [])))

function podsConfig(config: AgentConfig, { host, allocatable, capabilities, modules, hasHugePages }: PodsOf): PodsConfig {
  return {
    nodeName: config.nodeName,
    hostIP: config.address,
    hostname: hostname(),
    clusterDns: [],
    clusterDomain: 'cluster.local',
    logFolder: `${config.stateDir}/logs`,
    checkpointFolder: `${config.runDir}/checkpoints`,
    capacity: { cpuMillis: cpuMillis(allocatable['cpu']), memoryBytes: quantityValue(allocatable['memory']), pods: config.maxPods, hugePages: hugePagesOf(allocatable), securityModules: modules },
    allocatable,
    capabilities,
    ...(config.podPidsLimit > 0 && { podPidsLimit: config.podPidsLimit }),
    ...(hasHugePages && { hugePageSizes: Object.keys(host.hugePageBytes ?? {}).map((size) => quantityValue(size)) }),
    memoryQos: { memoryThrottlingFactor: config.memoryThrottlingFactor, memoryReservationPolicy: config.memoryReservationPolicy, allocatableBytes: quantityValue(allocatable['memory']) },
    architecture: host.architecture,
    seccompFolder: `${config.stateDir}/seccomp`,
    buildSecretsFolder: buildSecretsFolder(config),
    logMaxBytes: 10 * 1024 * 1024,
    logMaxFiles: 5,
  }
}

interface Identified {
  readonly config: AgentConfig
  readonly link: GrpcLink
  readonly keeper: KeeperThread
  readonly peers: ImagePeers
}

/** Renews the node's certificate as it ages, until the signal aborts. */
async function keepIdentified({ config, link, keeper, peers }: Identified, { identity, log, signal }: { readonly identity: TlsFiles; readonly log: Log; readonly signal: AbortSignal }): Promise<void> {
  for (let current = identity; !signal.aborted; ) {
    const renewed = await renewedIdentity(config, current, { clock, log, signal }).catch(() => undefined)
    if (!renewed) return
    link.identify(renewed)
    keeper.identify(renewed)
    peers.identify(renewed)
    current = renewed
  }
}

/** Those at work here; AppArmor's with the profile of containers that name none. */
async function openSecurityModules(log: Log): Promise<SecurityModules> {
  const modules = await securityModules()
  // A container that asks for it is refused, and tells why.
  if (modules.appArmor) await loadStandardProfile().catch((error: unknown) => log.warn({ err: messageOf(error) }, 'containers that name no profile of AppArmor run without one'))
  return modules
}

export interface RunOptions {
  readonly config: AgentConfig
  /** Where deadline, state and fencer are. */
  readonly folder: string
  /** See `life-id.ts`. */
  readonly lifeId: string
  readonly log: Log
  /** The keeper, if the node has an identity already; it begins as soon as nothing stands in its way. */
  readonly keeper: KeeperThread | undefined
  readonly startKeeper: (identity: TlsFiles) => KeeperThread
}

export async function runAgent({ config, folder, lifeId, log, ...given }: RunOptions, signal: AbortSignal): Promise<void> {
  await Promise.all([config.stateDir, config.imageDir].map((folder) => mkdir(folder, { recursive: true })))
  const peers = new ImagePeers({ self: config.nodeName, use: config.imagePeers, clock, random, log })
  const [parts, facts, capabilities, modules, identity] = await Promise.all([
    openParts(config, peers, log),
    readHostFacts({ storageFolder: config.stateDir, bootIdFile: config.bootIdFile }),
    ownCapabilities(),
    openSecurityModules(log),
    loadIdentity(config, { clock, log, signal }),
  ])
  await raiseOwnGroup(parts.cgroups.version, `/${podsGroup(config)}`)
  await leaveFormerNode({ config, folder, parts, log })
  const keeper = given.keeper ?? given.startKeeper(identity)
  using deadlines = new DeadlineFiles(folder)
  const host = machineOf(config, facts)
  const resources = nodeResources(config)
  const capacity = capacityOf(host, config.maxPods)
  const allocatable = resources.allocatable(capacity)
  const mostMemoryBytes = podsMemoryBytes(capacity, resources.reserved)
  await boundPods(parts.cgroups.version, `/${podsGroup(config)}`, { memoryBytes: mostMemoryBytes < Math.floor(facts.memoryBytes / 1024) * 1024 ? mostMemoryBytes : undefined, cpuMillis: podsCpuMillis(capacity, resources.reserved) })
  const share = config.sharesHost ? { cgroup: `/${config.cgroup}`, memoryBytes: host.memoryBytes, storageBytes: host.ephemeralStorageBytes } : undefined
  const folders = { stateFolder: config.stateDir, imageFolder: config.imageDir, share }
  const allPods = { cgroup: `/${podsGroup(config)}`, memoryBytes: mostMemoryBytes }
  let workers: ReturnType<typeof createPodWorkers> | undefined
  const images = collectable(parts.images, () => notedImages(workers?.pods() ?? []))
  const eviction = createEviction(config, {
    nodeName: config.nodeName,
    measures: hostMeasures({
      ...parts,
      logFolder: `${config.stateDir}/logs`,
      ...folders,
      clock,
    }),
    pods: { pods: () => workers?.pods() ?? [], evict: (uid, how) => workers?.evict(uid, how) ?? false },
    // Images of a lab are on the host, and every machine's.
    reclaimImages: async () => void (config.sharesHost || (await discardUnused(images))),
    tell: (event) => agent.event(event),
    clock,
    log,
  })
  using link = createGrpcLink({ addresses: config.server.map((server) => portsOf(server).node), tls: identity, clock })
  const guard = createGuard({
    folder,
    ...podGroups(parts.cgroups.version, podsGroup(config)),
    keeper,
    onStopped: (message) => agent.event({ type: 'Warning', reason: 'PodsStopped', message }),
    onUnguarded: (message) => agent.event({ type: 'Warning', reason: 'NoFencer', message }),
    clock,
    log,
  })
  const staticPods = config.staticPodPath === '' ? noStaticPods({ nodeName: config.nodeName, clock, log }) : await openStaticPods(config, log)
  let others: AssignedObjects | undefined
  const store = await parts.images.identity()
  const agent = createAgent({
    nodeName: config.nodeName,
    lifeId,
    version: GIT_VERSION,
    runtimeVersion: `${config.runtime}://${parts.version}`,
    host,
    maxPods: config.maxPods,
    allocatable,
    eviction,
    staticPods,
    labels: config.labels,
    clusterCidr: config.clusterCidr,
    link,
    network: parts.network,
    images: parts.images,
    imageDoor: config.imagePeers === 'none' ? undefined : formatImageDoor({ port: config.imagePort, store }),
    createWorkers: (reporter, assigned) =>
      ((others = assigned), workers = createPodWorkers({ ...parts, ownNode: () => assigned.nodes.get(config.nodeName), pressures: () => eviction.pressures, nodeUse: nodeUse({ ...parts, ...folders, pods: allPods }), right: guard.right, deadlines, probes: systemProbeNetwork, files: hostPodFiles(parts.mounts), logs: hostLogFiles(clock), sources: assignedSources(assigned, link), guests: new Set(), reporter, clock, random, log, config: podsConfig(config, { host, allocatable, capabilities, modules, hasHugePages: parts.cgroups.hasHugePages }) })),
    servicePorts: (assigned) => servicePorts([...assigned.services.values()], [...assigned.slices.values()], config.nodeName),
    reach: keeper,
    clock,
    random,
    log,
  })
  keeper.onNote((note) => {
    // Somebody else may lead by now; and what was given to others is to be told anew.
    if (note.kind === 'silence' || note.kind === 'silence-over') void link.suspect()
    if (note.kind === 'no-ack' && note.reason === 'fenced') agent.registerAnew()
  })
  const collector = new ImageCollector({ policy: imageGcPolicy(config), images, disk: () => diskSpace(config.imageDir), tell: (event) => agent.event(event), clock, log })
  log.info({ address: config.address }, 'the agent is up')
  try {
    await Promise.all([
      agent.run(signal),
      guard.run(signal),
      collector.run(signal),
      eviction.run(signal),
      keepIdentified({ config, link, keeper, peers }, { identity, log, signal }),
      peers.run({ identity, holdings: parts.images.holdings, host: config.address, port: config.imagePort, store, nodes: () => imagePeersOf(others), isMember: (name) => others?.nodes.has(name) === true }, signal),
    ])
  } finally {
    keeper.stop()
  }
}

/** Loaded where it is wanted: few nodes have such files. */
async function openStaticPods({ staticPodPath, nodeName }: AgentConfig, log: Log): Promise<StaticPods> {
  const [{ parseStaticPod }, { staticFolder }] = await Promise.all([import('./static-pods/parse.ts'), import('./static-pods/files.ts')])
  return new StaticPods({ nodeName, folder: await staticFolder(staticPodPath), parse: parseStaticPod, clock, log })
}

/**
 * The machine was another node before: everything of that one goes before this one gives a sign of life, because it proves nothing for the other name, and nobody
 * else would clear it away.
 */
async function leaveFormerNode({ config, folder, parts, log }: Pick<RunOptions, 'config' | 'folder' | 'log'> & { readonly parts: Parts }): Promise<void> {
  const owner = ownerOf(folder)
  if (owner === undefined || owner === config.nodeName) return
  log.warn({ owner }, `this machine was node ${owner}: its pods are removed`)
  forgetState(folder)
  await removeTree(`${config.runDir}/checkpoints`)
  const { cgroups } = parts
  await Promise.all((await cgroups.list()).map((uid) => cgroups.killAll(cgroups.podPath(uid))))
  for (let failures = 1; (await collectGarbage({ ...parts, log }, () => [])).some(({ failed }) => failed); failures++) {
    if (failures > 20) throw new Fault('internal', `what node ${owner} left cannot be removed`)
    await sleep(clock, 250)
  }
}
