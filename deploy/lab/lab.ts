/** The lab's door: a cluster of several machines on this host, made of namespaces. Every verb may be repeated. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, rmdir } from 'node:fs/promises'
import { Fault } from '../../shared/kit/faults.ts'
import { apiReady, labClient, nodesReady } from './api.ts'
import { createGroup, isFrozen, killGroup, removeGroup, removeIfEmpty, setFrozen, setShare } from './cgroups.ts'
import { assertLabPossible } from './checks.ts'
import { labIdentity, type LabIdentity } from './identity.ts'
import { addToKubeconfig, dropFromKubeconfig, labKubeconfig } from './kubeconfig-file.ts'
import { defaultRoots, layoutOf, machineOf, membersOf, whyNotLabName, type LabSpec, type Member } from './layout.ts'
import { withLock } from './lock.ts'
import { createMachines, cutOff, heal as healLinks, linkState, removeMachines, setLink } from './machines.ts'
import { bootIdOf, newBootId, programOf } from './programs.ts'
import { control, logFile, stateOfService, supervise, writeService } from './services.ts'
import { listSpecs, readSpec, releaseNumber, releaseNumbers, reserveNumber, writeSpec } from './spec.ts'

export interface UpOptions {
  readonly name: string
  readonly nodes?: number | undefined
  readonly controlPlanes?: number | undefined
  readonly kubeconfig: boolean
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

const READY_TIMEOUT_MS = 60_000
const LAB_SHARE = 8

/** Makes the lab, or brings up what of it does not run (after a crash of the host: with the names, addresses and state it had). */
export async function up(options: UpOptions): Promise<UpResult> {
  assertLabPossible()
  return await withLock(lockOf(options.name), () => upLocked(options))
}

const lockOf = (lab: string): string => `gantry-lab-${lab}`

async function upLocked(options: UpOptions): Promise<UpResult> {
  const stage = stopwatch(options.onStage)
  const spec = await specFor(options)
  const layout = layoutOf(spec)
  await mkdir(layout.images, { recursive: true })
  const [identity] = await Promise.all([labIdentity(spec), createMachines(spec), createGroups(spec)])
  stage('machines and certificates')
  const started = await startMembers(spec, identity)
  stage('programs')
  using client = labClient(spec, identity)
  await apiReady(client, { lab: spec.name }, READY_TIMEOUT_MS)
  stage('control plane ready')
  await nodesReady(client, { lab: spec.name, boots: await expectedNodes(spec) }, READY_TIMEOUT_MS)
  stage('nodes ready')
  const kubeconfigFile = options.kubeconfig ? await addToKubeconfig(spec, identity) : undefined
  return { spec, server: layout.server, kubeconfigFile, started }
}

function stopwatch(onStage: UpOptions['onStage']): (stage: string) => void {
  let before = performance.now()
  return (stage) => {
    const now = performance.now()
    onStage?.(stage, now - before)
    before = now
  }
}

async function specFor({ name, nodes, controlPlanes }: UpOptions): Promise<LabSpec> {
  const reason = whyNotLabName(name)
  if (reason !== undefined) throw new Fault('invalid', reason)
  if (nodes !== undefined && (!Number.isInteger(nodes) || nodes < 0 || nodes > 100)) throw new Fault('invalid', `a lab has 0 to 100 nodes, not ${nodes}`)
  if (controlPlanes !== undefined && controlPlanes !== 1) throw new Fault('unsupported', `${controlPlanes} control planes are not possible yet: a lab has one`)
  const known = await readSpec(name)
  const spec: LabSpec = { name, number: known?.number ?? (await reserveNumber()), nodes: Math.max(nodes ?? known?.nodes ?? 3, known?.nodes ?? 0), controlPlanes: 1 }
  await writeSpec(spec)
  return spec
}

const createGroups = async (spec: LabSpec): Promise<void> => {
  const { cgroup, memberCgroup } = layoutOf(spec)
  await createGroup(`${cgroup}/supervisor`)
  for (const member of membersOf(spec)) {
    await createGroup(`${memberCgroup(member.name)}/agent`)
    // All wait for these two while the lab starts.
    if (member.kind !== 'node') await setShare(memberCgroup(member.name), 4)
  }
  // Several machines, not one process among the host's many.
  await setShare('gantry', LAB_SHARE)
  await setShare(cgroup, LAB_SHARE)
}

/** Starts the supervisors of all members that have none; a member that was killed on purpose is brought back too. */
async function startMembers(spec: LabSpec, identity: LabIdentity): Promise<readonly string[]> {
  const started = await Promise.all(
    membersOf(spec).map(async (member) => {
      const before = await stateOfService(spec, member.name)
      if (before.supervised && before.pid !== undefined) return []
      if (before.supervised) {
        await startMember(spec, member)
        return [member.name]
      }
      // Supervisors are gone, so the host crashed or the lab is new: nothing of before may live on.
      await killGroup(layoutOf(spec).memberCgroup(member.name))
      if (member.kind === 'node') await newBootId(spec, member.name)
      await writeService(spec, await programOf(spec, { member, identity }))
      await supervise(spec, member.name)
      return [member.name]
    }),
  )
  return started.flat()
}

/** Nodes that are neither paused nor cut off, and the boot each of them is in. */
async function expectedNodes(spec: LabSpec): Promise<ReadonlyMap<string, string>> {
  const nodes = membersOf(spec).filter((member) => member.kind === 'node')
  const reachable = await Promise.all(
    nodes.map(async ({ name }) => ((await linkState(spec, name)) === 'up' && !(await isFrozen(layoutOf(spec).memberCgroup(name))) ? [[name, await bootIdOf(spec, name)] as const] : [])),
  )
  return new Map(reachable.flat())
}

async function existing(name: string): Promise<LabSpec> {
  const spec = await readSpec(name)
  if (!spec) throw new Fault('not-found', `there is no lab "${name}": make it with "gantry lab up --name ${name}"`)
  return spec
}

/** The member of that name. */
async function memberOf(lab: string, member: string): Promise<{ readonly spec: LabSpec; readonly member: Member }> {
  const spec = await existing(lab)
  const found = membersOf(spec).find((one) => one.name === member)
  if (!found) throw new Fault('not-found', `lab ${lab} has no "${member}": it has ${membersOf(spec).map((one) => one.name).join(', ')}`)
  return { spec, member: found }
}

/** Power loss: everything of the member dies at once, its link goes, and it stays dead. */
export async function kill(lab: string, name: string): Promise<void> {
  const { spec, member } = await memberOf(lab, name)
  const group = layoutOf(spec).memberCgroup(name)
  await control(spec, name, 'd')
  await setFrozen(group, true)
  if (member.kind !== 'etcd') await setLink(spec, machineOf(member), 'down')
  await killGroup(group)
}

/** Power is back: a node boots anew. */
export async function start(lab: string, name: string): Promise<void> {
  const { spec, member } = await memberOf(lab, name)
  await startMember(spec, member)
}

/** Nothing happens to one that runs: it is in the boot it is in. */
async function startMember(spec: LabSpec, member: Member): Promise<void> {
  if ((await stateOfService(spec, member.name)).pid !== undefined) return
  if (member.kind === 'node') await newBootId(spec, member.name)
  if (member.kind !== 'etcd') await setLink(spec, machineOf(member), 'up')
  await control(spec, member.name, 'u')
}

export async function pause(lab: string, name: string): Promise<void> {
  const { spec } = await memberOf(lab, name)
  await setFrozen(layoutOf(spec).memberCgroup(name), true)
}

export async function resume(lab: string, name: string): Promise<void> {
  const { spec } = await memberOf(lab, name)
  await setFrozen(layoutOf(spec).memberCgroup(name), false)
}

/** Cuts these machines off from all others; among each other they stay connected. */
export async function partition(lab: string, names: readonly string[]): Promise<void> {
  const members = await Promise.all(names.map((name) => memberOf(lab, name)))
  const [first] = members
  if (first) await cutOff(first.spec, [...new Set(members.map(({ member }) => machineOf(member)))])
}

export async function heal(lab: string): Promise<void> {
  await healLinks(await existing(lab))
}

/** Removes everything the lab made. `keep` leaves its data, so that `up` finds it again. */
export function down(lab: string, options: { readonly keep: boolean }): Promise<boolean> {
  return withLock(lockOf(lab), () => downLocked(lab, options))
}

async function downLocked(lab: string, options: { readonly keep: boolean }): Promise<boolean> {
  const spec = await readSpec(lab)
  if (!spec) return false
  const { cgroup, state } = layoutOf(spec)
  await killGroup(`${cgroup}/supervisor`)
  await killGroup(cgroup)
  await removeMachines(spec)
  await removeGroup(cgroup)
  await dropFromKubeconfig(spec)
  if (!options.keep) {
    await rm(state, { recursive: true, force: true })
    await releaseNumber(spec.number)
  }
  await removeShared()
  return true
}

/** What all labs share goes with the last one: folders and groups when they are empty, images when no lab has data here. */
async function removeShared(): Promise<void> {
  await removeIfEmpty('gantry')
  await rmdir(`${defaultRoots.run}/labs`).catch(() => {})
  await rmdir(defaultRoots.run).catch(() => {})
  const isLast = (await listSpecs()).length === 0 && (await releaseNumbers())
  if (isLast) await rm(defaultRoots.state, { recursive: true, force: true })
}

export interface MemberStatus {
  readonly name: string
  readonly kind: Member['kind']
  readonly state: 'running' | 'stopped' | 'restarting' | 'paused' | 'cut off'
  readonly pid: number | undefined
  readonly address: string
}

export async function status(lab: string): Promise<{ readonly spec: LabSpec; readonly server: string; readonly members: readonly MemberStatus[] }> {
  const spec = await existing(lab)
  const layout = layoutOf(spec)
  const members = await Promise.all(
    membersOf(spec).map(async (member): Promise<MemberStatus> => {
      const [service, frozen, link] = await Promise.all([stateOfService(spec, member.name), isFrozen(layout.memberCgroup(member.name)), linkState(spec, machineOf(member))])
      const state = frozen ? 'paused' : service.pid === undefined ? (service.wanted ? 'restarting' : 'stopped') : link === 'cut off' ? 'cut off' : 'running'
      const address = member.kind === 'node' ? layout.nodeAddress(Number(member.name.slice(1))) : layout.controlPlaneAddress
      return { name: member.name, kind: member.kind, state, pid: service.pid, address }
    }),
  )
  return { spec, server: layout.server, members }
}

/** What the member said: the newest part of its log. */
export async function logs(lab: string, name: string): Promise<{ readonly file: string; readonly text: string }> {
  const { spec } = await memberOf(lab, name)
  const file = logFile(spec, name)
  return { file, text: existsSync(file) ? await readFile(file, 'utf8') : '' }
}

export async function kubeconfig(lab: string): Promise<string> {
  const spec = await existing(lab)
  return labKubeconfig(spec, await labIdentity(spec))
}

export const list = (): Promise<readonly LabSpec[]> => listSpecs()

/** What another host needs to join the lab's cluster. */
export async function joinToken(lab: string): Promise<{ readonly server: string; readonly token: string }> {
  const spec = await existing(lab)
  return { server: layoutOf(spec).server, token: (await labIdentity(spec)).joinToken }
}

export { importImages, listImages, removeImage, type ListedImage } from './images.ts'
export { programsFolder } from './programs.ts'
export { runOnTerminal } from './terminal.ts'
