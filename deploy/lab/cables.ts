/** The cables between the machines of a lab: pulled, cut towards some, made slow or lossy, and mended. */
import { existsSync } from 'node:fs'
import { runProgram } from '../../node-agent/host/exec.ts'
import { Fault } from '../../shared/kit/faults.ts'
import { mustChange } from './changes.ts'
import { layoutOf, machinesOf, type LabSpec } from './layout.ts'

export async function setLink(spec: LabSpec, machine: string, state: 'up' | 'down'): Promise<void> {
  await mustChange('ip', ['link', 'set', layoutOf(spec).link(machine), state])
}

/** How a machine's cable is: in the bridge and up, cut off, or down. */
export async function linkState(spec: LabSpec, machine: string): Promise<'up' | 'cut off' | 'down' | 'none'> {
  const { link, cutBridge } = layoutOf(spec)
  const { exitCode, stdout } = await runProgram('ip', ['-json', 'link', 'show', link(machine)])
  if (exitCode !== 0) return 'none'
  const [found] = JSON.parse(stdout) as ReadonlyArray<{ readonly flags?: readonly string[]; readonly master?: string }>
  if (!found?.flags?.includes('UP')) return 'down'
  return found.master === cutBridge ? 'cut off' : 'up'
}

/** Whether the machine has the address that only the leader's has. */
export async function hasVirtualAddress(spec: LabSpec, machine: string): Promise<boolean> {
  const { virtualAddress, netns } = layoutOf(spec)
  if (virtualAddress === undefined) return false
  const { stdout } = await runProgram('ip', ['-netns', netns(machine), '-brief', 'addr', 'show', 'dev', 'eth0'])
  return stdout.includes(` ${virtualAddress}/`)
}

/** Cuts the machines off from the others and from the host; among each other they stay connected. */
export async function cutOff(spec: LabSpec, machines: readonly string[]): Promise<void> {
  const { cutBridge, link } = layoutOf(spec)
  const bridge = [...(existsSync(`/sys/class/net/${cutBridge}`) ? [] : [`link add ${cutBridge} type bridge`]), `link set ${cutBridge} up`]
  await mustChange('ip', ['-batch', '-'], { input: [...bridge, ...machines.map((machine) => `link set ${link(machine)} master ${cutBridge}`)].join('\n') })
}

/** What one machine sends to another one. */
export interface Way {
  readonly from: string
  readonly to: string
}

const tableOf = (spec: LabSpec): string => `gantry_lab${spec.number}`
const CHAIN = 'ways'

/** Rules of the lab's bridge, which every frame between two machines crosses; `what` is what befalls the frames of each way. */
async function addRules(spec: LabSpec, ways: readonly Way[], what: string): Promise<void> {
  const { link } = layoutOf(spec)
  const table = tableOf(spec)
  const lines = [
    `add table bridge ${table}`,
    `add chain bridge ${table} ${CHAIN} { type filter hook forward priority 0; }`,
    ...ways.map(({ from, to }) => `add rule bridge ${table} ${CHAIN} iifname "${link(from)}" oifname "${link(to)}" ${what} comment "${from} ${to}"`),
  ]
  await mustChange('nft', ['-f', '-'], { input: `${lines.join('\n')}\n` })
}

/** Every frame of these ways is lost, and nothing else. */
export const cutWays = (spec: LabSpec, ways: readonly Way[]): Promise<void> => addRules(spec, ways, 'drop')

/** Each frame of these ways is lost with this probability. */
export const loseSome = (spec: LabSpec, ways: readonly Way[], percent: number): Promise<void> => (percent >= 100 ? cutWays(spec, ways) : addRules(spec, ways, `numgen random mod 10000 < ${Math.round(percent * 100)} drop`))

/** The ways that are cut now. */
export async function waysCut(spec: LabSpec): Promise<readonly Way[]> {
  const { exitCode, stdout } = await runProgram('nft', ['list', 'table', 'bridge', tableOf(spec)])
  if (exitCode !== 0) return []
  return [...stdout.matchAll(/" drop comment "(\S+) (\S+)"/g)].map(([, from = '', to = '']) => ({ from, to }))
}

export async function removeCuts(spec: LabSpec): Promise<void> {
  await runProgram('nft', ['delete', 'table', 'bridge', tableOf(spec)])
}

export interface Slowness {
  /** Both ways; what does not fit waits, up to a second. */
  readonly bytesPerSecond?: number | undefined
  /** Added to each way. Needs a kernel with netem. */
  readonly delayMs?: number | undefined
}

/** Makes the cables of machines slow, at both ends. @throws Fault('unsupported') when the kernel cannot. */
export async function slowDown(spec: LabSpec, machines: readonly string[], { bytesPerSecond, delayMs }: Slowness): Promise<void> {
  const words = delayMs === undefined ? ['tbf', 'rate', `${bytesPerSecond ?? 0}bps`, 'burst', '3200', 'latency', '1s'] : ['netem', 'delay', `${delayMs}ms`, ...(bytesPerSecond === undefined ? [] : ['rate', `${bytesPerSecond}bps`])]
  for (const end of machines.flatMap((machine) => endsOf(spec, machine))) {
    const { exitCode, stderr } = await runProgram('tc', [...end.where, 'qdisc', 'replace', 'dev', end.device, 'root', ...words])
    if (exitCode !== 0) throw new Fault('unsupported', `the kernel of this host cannot ${delayMs === undefined ? 'slow a cable down' : 'delay frames (it has no netem): "--rate" makes a cable slow without it'}: ${stderr.trim()}`)
  }
}

const endsOf = (spec: LabSpec, machine: string): ReadonlyArray<{ readonly where: readonly string[]; readonly device: string }> => [
  { where: [], device: layoutOf(spec).link(machine) },
  { where: ['-netns', layoutOf(spec).netns(machine)], device: 'eth0' },
]

/** Everything is connected again, at full speed. */
export async function mend(spec: LabSpec): Promise<void> {
  const { bridge, cutBridge, link } = layoutOf(spec)
  await removeCuts(spec)
  const machines = machinesOf(spec)
  await mustChange('ip', ['-batch', '-'], { input: machines.map((machine) => `link set ${link(machine)} master ${bridge}`).join('\n') })
  if (existsSync(`/sys/class/net/${cutBridge}`)) await mustChange('ip', ['link', 'del', cutBridge])
  // A cable that was never slowed down has nothing to remove.
  for (const { where, device } of machines.flatMap((machine) => endsOf(spec, machine))) await runProgram('tc', [...where, 'qdisc', 'del', 'dev', device, 'root'])
}
