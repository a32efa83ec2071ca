/** The lab's door: a cluster of several machines on this host, made of namespaces. Every verb may be repeated. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rmdir } from 'node:fs/promises'
import { systemClock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { issueJoinToken } from '../../shared/kit/join-token.ts'
import { apiReady, labClient, nodesReady, serveMetrics } from './api.ts'
import { cutOff, cutWays, hasVirtualAddress, linkState, loseSome, mend, setLink, slowDown, waysCut, type Slowness, type Way } from './cables.ts'
import { createGroup, isFrozen, killGroup, processesOf, removeGroup, removeIfEmpty, setFrozen, setShare } from './cgroups.ts'
import { assertLabPossible } from './checks.ts'
import { labIdentity, type LabIdentity } from './identity.ts'
import { addToKubeconfig, dropFromKubeconfig, labKubeconfig } from './kubeconfig-file.ts'
import { controlPlaneMachines, defaultRoots, hasSeveral, layoutOf, machinesOf, membersOf, nodeName, whyNotLabName, type LabSpec, type Member } from './layout.ts'
import { cablesLock, labLock, machineLock, withLock, withLocks } from './lock.ts'
import { createMachines, removeMachines, removeSome } from './machines.ts'
import { slowness } from './patience.ts'
import { isPaused, isUnwanted, killFound, startMembersOf } from './power.ts'
import { bootIdOf, newBootId, programOf } from './programs.ts'
import { dismiss, endStrays, logFile, stateOfService, supervise, writeService } from './services.ts'
import { forgetLab, labNames, listSpecs, readSpec, releaseNumber, releaseNumbers, removeState, reserveNumber, writeSpec } from './spec.ts'
import { existing, machineOf, targetOf } from './targets.ts'

export interface UpOptions {
  readonly name: string
  readonly nodes?: number | undefined
  /** 1, 2, 3 or 5; a lab keeps those it was made with. */
  readonly controlPlanes?: number | undefined
  /** See {@link LabSpec.etcdQuotaBytes}. */
  readonly etcdQuotaBytes?: number | undefined
  /** See {@link LabSpec.ownImages}. */
  readonly ownImages?: boolean | undefined
  readonly kubeconfig: boolean
  /** `metrics.k8s.io` shall be served, as where a metrics server was installed. */
  readonly metrics?: boolean | undefined
  /** Told of each stage as it ends. */
  readonly onStage?: ((stage: string, tookMs: number) => void) | undefined
}

export interface UpResult {
  readonly spec: LabSpec
  readonly server: string
  readonly kubeconfigFile: string | undefined
  /** Members that were not running before. */
  readonly started: readonly string[]
}

const READY_TIMEOUT_MS = 60_000 * slowness
const LAB_SHARE = 8

/** Makes the lab, or brings up what of it does not run (after a crash of the host: with the names, addresses and state it had). */
export async function up(options: UpOptions): Promise<UpResult> {
  assertLabPossible()
  return await withLock(labLock(options.name), () => upLocked(options))
}

/** Held while a lab is told from no lab, a moment: the first one is not made while the last one is removed. */
const ALL_LABS = 'gantry-labs'

async function upLocked(options: UpOptions): Promise<UpResult> {
  const stage = stopwatch(options.onStage)
  const spec = await withLock(ALL_LABS, () => specFor(options))
  const layout = layoutOf(spec)
  await mkdir(layout.images, { recursive: true })
  const [identity] = await Promise.all([labIdentity(spec), createMachines(spec), createGroups(spec)])
  stage('machines and certificates')
  const started = await startMembers(spec, identity)
  stage('programs')
  using client = labClient(spec, identity)
  await Promise.all([apiReady(client, { lab: spec.name }, READY_TIMEOUT_MS), eachReady(spec, identity)])
  stage('control plane ready')
  await nodesReady(client, { lab: spec.name, boots: await expectedNodes(spec) }, READY_TIMEOUT_MS)
  if (options.metrics === true) await serveMetrics(client)
  stage('nodes ready')
  const kubeconfigFile = options.kubeconfig ? await addToKubeconfig(spec, identity) : undefined
  return { spec, server: layout.server, kubeconfigFile, started }
}

/** Several control planes are up when each of them answers, so that any may be lost from then on; one that is cut off or paused is not waited for. */
async function eachReady(spec: LabSpec, identity: LabIdentity): Promise<void> {
  if (!hasSeveral(spec)) return
  const { servers, memberCgroup } = layoutOf(spec)
  await Promise.all(
    controlPlaneMachines(spec).map(async (machine, at) => {
      if ((await linkState(spec, machine)) !== 'up' || (await isFrozen(memberCgroup(machine)))) return
      using client = labClient(spec, identity, servers[at])
      await apiReady(client, { lab: spec.name }, READY_TIMEOUT_MS)
    }),
  )
}

function stopwatch(onStage: UpOptions['onStage']): (stage: string) => void {
  let before = performance.now()
  return (stage) => {
    const now = performance.now()
    onStage?.(stage, now - before)
    before = now
  }
}

const CONTROL_PLANES: readonly number[] = [1, 2, 3, 5]

async function specFor({ name, nodes, controlPlanes, etcdQuotaBytes, ownImages }: UpOptions): Promise<LabSpec> {
  const reason = whyNotLabName(name)
  if (reason !== undefined) throw new Fault('invalid', reason)
  if (nodes !== undefined && (!Number.isInteger(nodes) || nodes < 0 || nodes > 100)) throw new Fault('invalid', `a lab has 0 to 100 nodes, not ${nodes}`)
  if (controlPlanes !== undefined && !CONTROL_PLANES.includes(controlPlanes)) throw new Fault('invalid', `a lab has 1, 2, 3 or 5 control planes, not ${controlPlanes}`)
  const known = await readSpec(name)
  if (!known) await forgetLab(name)
  if (known && controlPlanes !== undefined && controlPlanes !== known.controlPlanes) throw new Fault('conflict', `lab ${name} was made with ${known.controlPlanes} control plane${known.controlPlanes === 1 ? '' : 's'} and keeps as many: take it down ("gantry lab down --name ${name}") to make it with ${controlPlanes}`)
  const quota = etcdQuotaBytes ?? known?.etcdQuotaBytes
  const spec: LabSpec = { name, number: known?.number ?? (await reserveNumber(name)), nodes: Math.max(nodes ?? known?.nodes ?? 3, known?.nodes ?? 0), controlPlanes: known?.controlPlanes ?? controlPlanes ?? 1, ...(quota !== undefined && { etcdQuotaBytes: quota }), ...((ownImages ?? known?.ownImages) === true && { ownImages: true }) }
  await writeSpec(spec)
  return spec
}

const createGroups = async (spec: LabSpec): Promise<void> => {
  const { cgroup, memberCgroup } = layoutOf(spec)
  await createGroup(`${cgroup}/supervisor`)
  // Only a `down` that was killed leaves all of them frozen.
  await setFrozen(cgroup, false)
  for (const member of membersOf(spec)) {
    await createGroup(`${memberCgroup(member.name)}/agent`)
    // All wait for these two while the lab starts.
    if (member.kind !== 'node') await setShare(memberCgroup(member.name), 4)
    if (member.name !== member.machine && hasSeveral(spec)) await setShare(memberCgroup(member.machine), 4)
  }
  // Several machines, not one process among the host's many.
  await setShare('gantry', LAB_SHARE)
  await setShare(cgroup, LAB_SHARE)
}

/** Starts the supervisors of all members that have none; a member that was killed on purpose is brought back too. */
async function startMembers(spec: LabSpec, identity: LabIdentity): Promise<readonly string[]> {
  const started = await Promise.all(
    machinesOf(spec).map((machine) => withLock(machineLock(spec.name, machine), async () => {
      const members = membersOf(spec).filter((member) => member.machine === machine)
      const states = await Promise.all(members.map(({ name }) => stateOfService(spec, name)))
      const stopped = members.filter((_, at) => states[at]?.pid === undefined || isUnwanted(states[at]))
      const supervised = stopped.filter((member) => states[members.indexOf(member)]?.supervised)
      if (supervised.length > 0) await startMembersOf(spec, machine, supervised)
      await Promise.all(stopped.filter((member) => !supervised.includes(member)).map((member) => startUnsupervised(spec, member, identity)))
      return stopped.map(({ name }) => name)
    })),
  )
  const names = started.flat()
  return membersOf(spec).map(({ name }) => name).filter((name) => names.includes(name))
}

/** Its supervisor is gone, and the program with it. Containers that run prove that the machine is in the boot it was in; otherwise the lab is new or its host crashed. */
async function startUnsupervised(spec: LabSpec, member: Member, identity: LabIdentity): Promise<void> {
  await endStrays(spec, member.name)
  const group = layoutOf(spec).memberCgroup(member.name)
  const lives = member.kind === 'node' && (await processesOf(`${group}/pods`)).length > 0
  if (!lives) await killGroup(group)
  if (member.kind === 'node' && !lives) await newBootId(spec, member.name)
  await writeService(spec, await programOf(spec, { member, identity }))
  // Its machine was without power when the supervisor went.
  if ((await linkState(spec, member.machine)) === 'down') await setLink(spec, member.machine, 'up')
  await supervise(spec, member.name)
}

/** Nodes that are neither paused nor cut off, and the boot each of them is in. */
async function expectedNodes(spec: LabSpec): Promise<ReadonlyMap<string, string>> {
  const nodes = membersOf(spec).filter((member) => member.kind === 'node')
  const reachable = await Promise.all(
    nodes.map(async ({ name }) => ((await linkState(spec, name)) === 'up' && !(await isFrozen(layoutOf(spec).memberCgroup(name))) ? [[name, await bootIdOf(spec, name)] as const] : [])),
  )
  return new Map(reachable.flat())
}

export interface PartitionOptions {
  /** Only the ways to these are cut; those to all others unless given. */
  readonly from?: readonly string[] | undefined
  /** They are heard no more by those in `from`, whom they still hear. */
  readonly oneWay?: boolean | undefined
}

/** Cuts machines off from all others (among each other they stay connected), or from some. */
export const partition = (lab: string, names: readonly string[], options: PartitionOptions = {}): Promise<void> => withLock(cablesLock(lab), () => cutCables(lab, names, options))

async function cutCables(lab: string, names: readonly string[], { from, oneWay = false }: PartitionOptions): Promise<void> {
  const machines = await machinesNamed(lab, names)
  const spec = await existing(lab)
  if (from !== undefined) return cutWays(spec, waysBetween(machines, await machinesNamed(lab, from), oneWay))
  if (oneWay) return cutWays(spec, waysBetween(machines, machinesOf(spec).filter((machine) => !machines.includes(machine)), true))
  if (machines.length > 0) await cutOff(spec, machines)
}

const machinesNamed = async (lab: string, names: readonly string[]): Promise<readonly string[]> => [...new Set(await Promise.all(names.map(async (name) => (await machineOf(lab, name)).machine)))]

const waysBetween = (some: readonly string[], others: readonly string[], oneWay: boolean): readonly Way[] =>
  some.flatMap((from) => others.filter((to) => to !== from).flatMap((to) => [{ from, to }, ...(oneWay ? [] : [{ from: to, to: from }])]))

export interface SlowOptions extends Slowness {
  /** How many of a hundred frames are lost, both ways. */
  readonly lossPercent?: number | undefined
}

/** Makes the cables of machines slow or lossy, until {@link heal}. */
export const slow = (lab: string, names: readonly string[], options: SlowOptions): Promise<void> => withLock(cablesLock(lab), () => slowCables(lab, names, options))

async function slowCables(lab: string, names: readonly string[], { lossPercent, ...slowness }: SlowOptions): Promise<void> {
  const machines = await machinesNamed(lab, names)
  const spec = await existing(lab)
  if (slowness.bytesPerSecond !== undefined || slowness.delayMs !== undefined) await slowDown(spec, machines, slowness)
  if (lossPercent !== undefined) await loseSome(spec, waysBetween(machines, machinesOf(spec), false), lossPercent)
}

export const heal = (lab: string): Promise<void> => withLock(cablesLock(lab), async () => mend(await existing(lab)))

/** Takes the nodes above this number away, the last first, with all their data; whoever wants their pods elsewhere drains them before. Answers their names. */
export function removeNodes(lab: string, nodes: number): Promise<readonly string[]> {
  return withLock(labLock(lab), async () => {
    const spec = await existing(lab)
    const gone = nodesAbove(spec, nodes)
    for (const name of gone) {
      await withLock(machineLock(lab, name), async () => {
        await killFound(await targetOf(lab, name))
        await dismiss(spec, name)
        await removeSome(spec, [name])
        await removeGroup(layoutOf(spec).memberCgroup(name))
      })
    }
    if (gone.length > 0) await writeSpec({ ...spec, nodes })
    return gone
  })
}

/** The names of the nodes that {@link removeNodes} would take away. */
export const nodesAbove = (spec: LabSpec, nodes: number): readonly string[] => Array.from({ length: Math.max(0, spec.nodes - nodes) }, (_, index) => nodeName(spec.nodes - index))

/** Removes everything the lab made. `keep` leaves its data, so that `up` finds it again. */
export function down(lab: string, options: { readonly keep: boolean }): Promise<boolean> {
  return withLock(labLock(lab), async () => {
    const spec = await readSpec(lab)
    const others = spec ? [...machinesOf(spec).map((machine) => machineLock(lab, machine)), cablesLock(lab)] : []
    return await withLocks(others, () => downLocked(lab, options))
  })
}

async function downLocked(lab: string, options: { readonly keep: boolean }): Promise<boolean> {
  const spec = await readSpec(lab)
  if (!spec) return (await withLock(ALL_LABS, () => removeRest(lab)))
  const { cgroup } = layoutOf(spec)
  // Another `down` that was killed may have left all of it frozen, and what is frozen does not die.
  await setFrozen(cgroup, false).catch(() => {})
  await killGroup(`${cgroup}/supervisor`)
  await killGroup(cgroup)
  await removeMachines(spec)
  // Whom a command started that was killed at once has come in meanwhile, and finds nothing to do.
  await killGroup(cgroup)
  await removeGroup(cgroup)
  await dropFromKubeconfig(spec)
  await withLock(ALL_LABS, async () => {
    if (!options.keep) {
      await forgetLab(lab)
      await releaseNumber(spec.number)
    }
    await removeShared()
  })
  return true
}

/** What is left when the making of a lab, or its removal, was interrupted where nothing of it ran. */
async function removeRest(lab: string): Promise<boolean> {
  if (whyNotLabName(lab) !== undefined || !(await forgetLab(lab))) return false
  await removeShared()
  return true
}

/** What all labs share goes with the last one: folders and groups when they are empty, images when no lab has data here. */
async function removeShared(): Promise<void> {
  await removeIfEmpty('gantry')
  await rmdir(`${defaultRoots.run}/labs`).catch(() => {})
  await rmdir(defaultRoots.run).catch(() => {})
  const isLast = (await listSpecs()).length === 0 && (await releaseNumbers())
  if (isLast) await removeState()
}

export interface MemberStatus {
  readonly name: string
  readonly kind: Member['kind']
  readonly state: 'running' | 'stopped' | 'restarting' | 'paused' | 'cut off'
  readonly pid: number | undefined
  readonly address: string
  readonly machine: string
  /** Of several control planes the one that leads: it has the virtual address. */
  readonly leads: boolean
}

export interface LabStatus {
  readonly spec: LabSpec
  readonly server: string
  readonly members: readonly MemberStatus[]
  /** Ways between single machines that are cut. */
  readonly cuts: readonly Way[]
}

export async function status(lab: string): Promise<LabStatus> {
  const spec = await existing(lab)
  const layout = layoutOf(spec)
  const members = await Promise.all(
    membersOf(spec).map(async (member): Promise<MemberStatus> => {
      const [service, link] = await Promise.all([stateOfService(spec, member.name), linkState(spec, member.machine)])
      const paused = await isPaused(spec, member, service.pid)
      const state = paused ? 'paused' : service.pid === undefined ? (service.wanted ? 'restarting' : 'stopped') : link === 'cut off' ? 'cut off' : 'running'
      const leads = member.kind === 'control-plane' && state === 'running' && (await hasVirtualAddress(spec, member.machine))
      return { name: member.name, kind: member.kind, state, pid: service.pid, address: layout.addressOf(member.machine), machine: member.machine, leads }
    }),
  )
  return { spec, server: layout.server, members, cuts: await waysCut(spec) }
}

/** What the member said (of a machine: its control plane), the newest part of its log. */
export async function logs(lab: string, name: string): Promise<{ readonly file: string; readonly text: string }> {
  const { spec, target } = await targetOf(lab, name)
  const members = target.kind === 'program' ? [target.member] : target.members
  const member = members.find(({ kind }) => kind !== 'etcd') ?? members[0]
  const file = logFile(spec, member?.name ?? name)
  return { file, text: existsSync(file) ? await readFile(file, 'utf8') : '' }
}

export async function kubeconfig(lab: string): Promise<string> {
  const spec = await existing(lab)
  return labKubeconfig(spec, await labIdentity(spec))
}

export const list = (): Promise<readonly LabSpec[]> => listSpecs()

/** Whatever {@link down} finds something of: also what was interrupted before it was a lab, or after. */
export const names = (): Promise<readonly string[]> => labNames()

/** What another host needs to join the lab's cluster; the token ends after `ttlMs`. */
export async function joinToken(lab: string, ttlMs: number): Promise<{ readonly server: string; readonly token: string }> {
  const spec = await existing(lab)
  return { server: layoutOf(spec).servers.join(','), token: issueJoinToken((await labIdentity(spec)).joinRoot, systemClock.nowMs() + ttlMs) }
}

export { setClock } from './clocks.ts'
export { askImages, importImages, listImages, removeImage, type ListedImage } from './images.ts'
export { kill, pause, resume, start } from './power.ts'
export { PROGRAM_ENV, programsFolder } from './programs.ts'
export { runOnTerminal } from './terminal.ts'
export { startPiped, type Piped } from './piped.ts'
