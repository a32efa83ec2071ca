/** Power of machines and life of single programs: killed, started, paused, resumed. */
import { readFile } from 'node:fs/promises'
import { sleep, systemClock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { endProcess, isFrozen, killGroup, processesOf, setFrozen } from './cgroups.ts'
import { hasSeveral, layoutOf, type LabSpec, type Member, type Target } from './layout.ts'
import { linkState, setLink } from './cables.ts'
import { machineLock, withLock } from './lock.ts'
import { newBootId } from './programs.ts'
import { stateOfService, wantDown, wantUp, type ServiceState } from './services.ts'
import { targetOf } from './targets.ts'

/** What dies, stands still or lives with it. */
export const membersOfTarget = (target: Target): readonly Member[] => (target.kind === 'machine' ? target.members : [target.member])

interface Found {
  readonly spec: LabSpec
  readonly target: Target
}

/** One command at a time for each machine: half a kill and half a start would leave neither. */
async function alone(lab: string, name: string, work: (found: Found) => Promise<void>): Promise<void> {
  const { machine } = (await targetOf(lab, name)).target
  // It may have been taken away meanwhile.
  await withLock(machineLock(lab, machine), async () => work(await targetOf(lab, name)))
}

/** A machine loses power: everything of it dies at one moment and its link goes. A program dies by SIGKILL. Neither comes back before {@link start}. */
export const kill = (lab: string, name: string): Promise<void> => alone(lab, name, killFound)

/** For who holds the machine's lock. */
export async function killFound({ spec, target }: Found): Promise<void> {
  for (const member of membersOfTarget(target)) await wantDown(spec, member.name)
  if (target.kind === 'program') await killProgram(spec, target.member)
  else await cutPower(spec, target.machine)
  await Promise.all(membersOfTarget(target).map((member) => untilDown(spec, member)))
  const group = layoutOf(spec).memberCgroup(target.machine)
  // Started by one that was just being born.
  if (target.kind === 'machine' && (await processesOf(group)).length > 0) await killGroup(group)
}

async function cutPower(spec: LabSpec, machine: string): Promise<void> {
  const group = layoutOf(spec).memberCgroup(machine)
  await setFrozen(group, true)
  await setLink(spec, machine, 'down')
  await killGroup(group)
}

const LOOK_EVERY_MS = 5
/** Of a busy host, too. */
const DOWN_MS = 60_000

/** The supervisor notices a death a moment later. One that was just being born, and not yet in its group, has escaped until now. */
async function untilDown(spec: LabSpec, member: Member): Promise<void> {
  const deadline = systemClock.monotonicMs() + DOWN_MS
  for (;;) {
    const { pid } = await stateOfService(spec, member.name)
    if (pid === undefined) return
    endProcess(pid)
    if (systemClock.monotonicMs() > deadline) throw new Fault('timeout', `${member.name} of lab ${spec.name} was killed, and its supervisor has not noticed for ${DOWN_MS / 1_000} s`)
    await sleep(systemClock, LOOK_EVERY_MS)
  }
}

/** Only the agent itself dies of a node: containers are other programs. */
async function killProgram(spec: LabSpec, member: Member): Promise<void> {
  if (member.kind !== 'node') return killGroup(layoutOf(spec).memberCgroup(member.name))
  await signalProgram(spec, member, 'SIGKILL')
}

/** Nothing happens to one that does not run. */
export async function signalProgram(spec: LabSpec, member: Member, signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): Promise<void> {
  const { pid } = await stateOfService(spec, member.name)
  if (pid === undefined) return
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Power is back: a machine that had none boots anew. A program starts where it stopped. */
export const start = (lab: string, name: string): Promise<void> => alone(lab, name, ({ spec, target }) => startMembersOf(spec, target.machine, membersOfTarget(target)))

/** For who holds the machine's lock. Nothing happens to what runs: it is in the boot it is in. */
export async function startMembersOf(spec: LabSpec, machine: string, members: readonly Member[]): Promise<void> {
  await finishKill(spec, machine, members)
  const states = await Promise.all(members.map(({ name }) => stateOfService(spec, name)))
  const stopped = members.filter((_, at) => states[at]?.pid === undefined)
  const unwanted = members.filter((_, at) => isUnwanted(states[at]))
  if (stopped.length > 0 && (await linkState(spec, machine)) === 'down') {
    for (const member of stopped) if (member.kind === 'node') await newBootId(spec, member.name)
    await setLink(spec, machine, 'up')
  }
  for (const member of [...stopped, ...unwanted]) await wantUp(spec, member.name)
}

/** A program that runs, and would not run again: what {@link kill} leaves of it when it is interrupted itself. */
export const isUnwanted = (state: ServiceState | undefined): boolean => state?.pid !== undefined && (!state.wanted || state.staysDown)

/** Frozen, or without its cable, is half dead: it dies as it would have, so that what starts then is whole. */
async function finishKill(spec: LabSpec, machine: string, members: readonly Member[]): Promise<void> {
  const { memberCgroup } = layoutOf(spec)
  const states = await Promise.all(members.map(({ name }) => stateOfService(spec, name)))
  const unwanted = members.filter((_, at) => isUnwanted(states[at]))
  if (unwanted.length === 0) return
  if ((await isFrozen(memberCgroup(machine))) || (await linkState(spec, machine)) === 'down') {
    for (const member of unwanted) await wantDown(spec, member.name)
    await cutPower(spec, machine)
    return void (await Promise.all(unwanted.map((member) => untilDown(spec, member))))
  }
  for (const member of unwanted) {
    if (!(await isFrozen(memberCgroup(member.name)))) continue
    await killGroup(memberCgroup(member.name))
    await untilDown(spec, member)
  }
}

/** Every process of a machine stands still, as in a paused virtual machine; or one program by SIGSTOP. */
export const pause = (lab: string, name: string): Promise<void> => alone(lab, name, (found) => pauseFound(found, name))

async function pauseFound({ spec, target }: Found, name: string): Promise<void> {
  if (target.kind === 'machine') return setFrozen(layoutOf(spec).memberCgroup(target.machine), true)
  const { pid } = await stateOfService(spec, target.member.name)
  if (pid === undefined) throw new Fault('not-found', `${name} of lab ${spec.name} does not run: nothing can be paused`)
  await signalProgram(spec, target.member, 'SIGSTOP')
}

/** A machine runs on, with all its programs. */
export const resume = (lab: string, name: string): Promise<void> => alone(lab, name, resumeFound)

async function resumeFound({ spec, target }: Found): Promise<void> {
  if (target.kind === 'machine') await setFrozen(layoutOf(spec).memberCgroup(target.machine), false)
  for (const member of membersOfTarget(target)) await signalProgram(spec, member, 'SIGCONT')
}

/** Whether the program stands still: with its machine, or by itself. */
export async function isPaused(spec: LabSpec, member: Member, pid: number | undefined): Promise<boolean> {
  const { memberCgroup } = layoutOf(spec)
  for (const group of hasSeveral(spec) ? [member.machine, member.name] : [member.name]) if (await isFrozen(memberCgroup(group))) return true
  if (pid === undefined) return false
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')
  return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T')
}
