/** The programs of a lab, each under a `runsv` of its own that starts it again when it dies by itself. */
import { constants, existsSync } from 'node:fs'
import { chmod, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { sleep, systemClock } from '../../shared/kit/clock.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { endProcess, enterGroup, processesOf } from './cgroups.ts'
import { layoutOf, type LabSpec, type Member } from './layout.ts'

export interface Program {
  readonly member: Member
  /** The command line, run inside the member's cgroup, network and mount namespace. */
  readonly command: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`

/**
 * Writes what `runsv` needs: a `run` script per program and a `log/run` that keeps its output, rotated. Both die with their `runsv`, so that the one
 * started in its place finds nobody at their doors; what they started (containers) lives on.
 */
export async function writeService(spec: LabSpec, { member, command, env = {} }: Program): Promise<void> {
  const layout = layoutOf(spec)
  const folder = serviceFolder(spec, member.name)
  const { machine } = member
  const logs = `${layout.memberState(member.name)}/log`
  await Promise.all([mkdir(`${folder}/log`, { recursive: true }), mkdir(logs, { recursive: true })])
  const words = ['nsenter', `--net=${layout.netnsPath(machine)}`, `--mount=${layout.mountsPin(machine)}`, ...command]
  const variables = Object.entries(env).map(([name, value]) => `export ${name}=${quoted(value)}`)
  await rm(downFile(spec, member.name), { force: true })
  await script(`${folder}/run`, ['exec 2>&1', enterGroup(`${layout.memberCgroup(member.name)}/agent`), `[ ! -f ${quoted(variablesFile(spec, member.name))} ] || . ${quoted(variablesFile(spec, member.name))}`, ...variables, `exec setpriv --pdeathsig KILL ${words.map(quoted).join(' ')}`])
  await script(`${folder}/log/run`, [`exec setpriv --pdeathsig TERM svlogd ${quoted(logs)}`])
  await writeFile(`${logs}/config`, 's2000000\nn5\n')
}

async function script(file: string, lines: readonly string[]): Promise<void> {
  await writeFile(file, `#!/bin/sh\n${lines.join('\n')}\n`)
  await chmod(file, 0o755)
}

const serviceFolder = (spec: LabSpec, member: string): string => `${layoutOf(spec).services}/${member}`
/** While it is there, a new `runsv` does not start the program: who was killed on purpose stays dead. */
const downFile = (spec: LabSpec, member: string): string => `${serviceFolder(spec, member)}/down`
/** Shell lines read before each start of the program. */
const variablesFile = (spec: LabSpec, member: string): string => `${serviceFolder(spec, member)}/variables`

/** What the program finds in its environment from its next start on, beside what it always has. */
export async function setVariables(spec: LabSpec, member: string, variables: Readonly<Record<string, string>>): Promise<void> {
  const file = variablesFile(spec, member)
  await writeFile(`${file}.new`, Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}\n`).join(''))
  await rename(`${file}.new`, file)
}

/** Starts the supervisor of a program, if it does not run. It lives on after this process. */
export async function supervise(spec: LabSpec, member: string): Promise<void> {
  if (await isSupervised(spec, member)) return
  const turn = await nextTurn(spec, member)
  // 111: another `runsv` has the service. However else it ended, the program needs one.
  const keep = `while [ -d ${quoted(serviceFolder(spec, member))} ]; do runsv ${quoted(serviceFolder(spec, member))}; [ $? -ne 111 ] || exit; sleep 0.1; done`
  const lines = `${enterGroup(`${layoutOf(spec).cgroup}/supervisor`)}\n[ "$(cat ${quoted(turnFile(spec, member))})" = ${turn} ] || exit\n${keep}`
  // Nothing of the caller's environment is the lab's business.
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', ...(process.env['GANTRY_LOG'] === undefined ? {} : { GANTRY_LOG: process.env['GANTRY_LOG'] }) }
  const child = spawn('setsid', ['sh', '-c', lines], { detached: true, stdio: 'ignore', cwd: '/', env })
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve)
    child.once('error', (cause) => reject(new Fault('unsupported', `cannot start the supervisor: ${cause.message}`, { cause })))
  })
  child.unref()
}

/** Whose turn it is to supervise the program. */
const turnFile = (spec: LabSpec, member: string): string => `${serviceFolder(spec, member)}/turn`

async function nextTurn(spec: LabSpec, member: string): Promise<string> {
  const turn = randomUUID()
  await mkdir(serviceFolder(spec, member), { recursive: true })
  await writeFile(turnFile(spec, member), turn)
  return turn
}

/**
 * Ends supervisors that are on their way: a command started them, and was killed. Those that are not yet in their group find that it is not their turn; so
 * from here on none of them starts the program.
 */
export async function endStrays(spec: LabSpec, member: string): Promise<void> {
  await nextTurn(spec, member)
  for (const pid of await processesOf(`${layoutOf(spec).cgroup}/supervisor`)) {
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
    if (words.split(/[\0'\s]/).includes(serviceFolder(spec, member))) endProcess(pid)
  }
}

/** Whether a `runsv` has the service: its `ok` FIFO can then be opened for writing. */
async function isSupervised(spec: LabSpec, member: string): Promise<boolean> {
  try {
    const file = await open(`${serviceFolder(spec, member)}/supervise/ok`, constants.O_WRONLY | constants.O_NONBLOCK)
    await file.close()
    return true
  } catch {
    return false
  }
}

/** Has the program run. */
export async function wantUp(spec: LabSpec, member: string): Promise<void> {
  await rm(downFile(spec, member), { force: true })
  await order(spec, member, 'u')
}

/**
 * Has it not started again once it is dead, and resolves when its supervisor knows: told only after the death, it would give it one life more. The program is told
 * nothing: a power cut does not knock.
 */
export async function wantDown(spec: LabSpec, member: string): Promise<void> {
  const { pid, wanted, supervised } = await stateOfService(spec, member)
  if (!supervised) throw notSupervised(spec, member)
  await writeFile(downFile(spec, member), '')
  if (pid !== undefined) await order(spec, member, 'o')
  else if (wanted) await order(spec, member, 'd')
  await untilUnwanted(spec, member)
}

const TAKEN_MS = 60_000
const LOOK_EVERY_MS = 5

async function untilUnwanted(spec: LabSpec, member: string): Promise<void> {
  const deadline = systemClock.monotonicMs() + TAKEN_MS
  while ((await stateOfService(spec, member)).wanted) {
    if (systemClock.monotonicMs() > deadline) throw new Fault('timeout', `the supervisor of ${member} of lab ${spec.name} has not taken an order for ${TAKEN_MS / 1_000} s`)
    await sleep(systemClock, LOOK_EVERY_MS)
  }
}

/** The program's supervisor ends, and nobody starts it again. The program must be dead. */
export async function dismiss(spec: LabSpec, member: string): Promise<void> {
  const gone = `${member}.gone`
  // Of a command that was killed while it did this.
  await endDismissed(spec, gone)
  await rename(serviceFolder(spec, member), serviceFolder(spec, gone))
  await endDismissed(spec, gone)
}

async function endDismissed(spec: LabSpec, gone: string): Promise<void> {
  if (await isSupervised(spec, gone)) await order(spec, gone, 'x')
  // It writes there until it is gone.
  for (let round = 0; round < 250 && (await isSupervised(spec, gone)); round++) await sleep(systemClock, 20)
  await rm(serviceFolder(spec, gone), { recursive: true, force: true, maxRetries: 20 })
}

const notSupervised = (spec: LabSpec, member: string, cause?: unknown): Fault => new Fault('unavailable', `nothing supervises ${member} of lab ${spec.name}: run "gantry lab up --name ${spec.name}"`, { cause })

async function order(spec: LabSpec, member: string, letter: 'd' | 'o' | 'u' | 'x'): Promise<void> {
  const file = await open(`${serviceFolder(spec, member)}/supervise/control`, constants.O_WRONLY | constants.O_NONBLOCK).catch((cause: unknown) => {
    throw notSupervised(spec, member, cause)
  })
  try {
    await file.write(letter)
  } finally {
    await file.close()
  }
}

export interface ServiceState {
  readonly supervised: boolean
  readonly wanted: boolean
  readonly pid: number | undefined
  /** It will not be started again once its supervisor is made anew. */
  readonly staysDown: boolean
}

export async function stateOfService(spec: LabSpec, member: string): Promise<ServiceState> {
  const folder = `${serviceFolder(spec, member)}/supervise`
  const supervised = existsSync(folder) && (await isSupervised(spec, member))
  const staysDown = existsSync(downFile(spec, member))
  if (!supervised) return { supervised, wanted: false, pid: undefined, staysDown }
  const [stat, pid] = await Promise.all([readFile(`${folder}/stat`, 'utf8').catch(() => ''), readFile(`${folder}/pid`, 'utf8').catch(() => '')])
  const wanted = !stat.startsWith('down') ? !/want down/.test(stat) : /want up/.test(stat)
  return { supervised, wanted, pid: pid.trim() === '' || !stat.startsWith('run') ? undefined : Number(pid), staysDown }
}

/** The file in which svlogd keeps the newest output. */
export const logFile = (spec: LabSpec, member: string): string => `${layoutOf(spec).memberState(member)}/log/current`
