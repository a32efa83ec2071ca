/** The machines of a lab: a network namespace on the lab's bridge and a mount namespace, both pinned so that they outlive their processes. */
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { runProgram } from '../../node-agent/host/exec.ts'
import { removeCuts } from './cables.ts'
import { mustChange } from './changes.ts'
import { layoutOf, machinesOf, type LabSpec, type Layout } from './layout.ts'
import { pinNamespace } from './mounts.ts'

/** Makes what of the lab's network and mount namespaces is missing. */
export async function createMachines(spec: LabSpec): Promise<void> {
  const layout = layoutOf(spec)
  await mkdir(layout.pins, { recursive: true })
  const whole = await Promise.all(machinesOf(spec).map(async (machine) => ((await isWhole(layout, machine)) ? [machine] : [])))
  const missing = machinesOf(spec).filter((machine) => !whole.flat().includes(machine))
  await Promise.all([createNetwork(layout, missing, whole.flat()), pinnable(layout)])
  await Promise.all(machinesOf(spec).map((machine) => createMounts(layout, machine)))
}

/** The default route is set last: where it is, everything before it is. What an interrupted command or a crash left of a machine is not. */
async function isWhole(layout: Layout, machine: string): Promise<boolean> {
  if (!existsSync(layout.netnsPath(machine)) || !existsSync(`/sys/class/net/${layout.link(machine)}`)) return false
  const { exitCode, stdout } = await runProgram('ip', ['-netns', layout.netns(machine), 'route', 'show', 'default'])
  return exitCode === 0 && stdout.includes(layout.hostAddress)
}

/** What is there of a machine's network. */
const remainsOf = (layout: Layout, machine: string): readonly string[] => [
  ...(existsSync(`/sys/class/net/${layout.link(machine)}`) ? [`link del ${layout.link(machine)}`] : []),
  ...(existsSync(layout.netnsPath(machine)) ? [`netns del ${layout.netns(machine)}`] : []),
]

/** All links in three batches: namespaces and cables, then the inside of each namespace, then the bridge's side. */
async function createNetwork(layout: Layout, machines: readonly string[], whole: readonly string[]): Promise<void> {
  const hasBridge = existsSync(`/sys/class/net/${layout.bridge}`)
  // It has its address before it is up, and only what is up is listed.
  const isUp = networkInterfaces()[layout.bridge]?.some(({ address }) => address === layout.hostAddress) ?? false
  const bridge = isUp && machines.length === 0 ? [] : [...(hasBridge ? [] : [`link add ${layout.bridge} type bridge`]), `addr replace ${layout.hostAddress}/24 dev ${layout.bridge}`, `link set ${layout.bridge} up`]
  const replugged = whole.filter((machine) => !existsSync(`/sys/class/net/${layout.link(machine)}/master`)).map((machine) => `link set ${layout.link(machine)} master ${layout.bridge}`)
  const cables = machines.flatMap((machine) => [
    ...remainsOf(layout, machine),
    `netns add ${layout.netns(machine)}`,
    `link add ${layout.link(machine)} type veth peer name eth0 netns ${layout.netns(machine)}`,
    `link set ${layout.link(machine)} master ${layout.bridge} up`,
  ])
  if (bridge.length + replugged.length + cables.length > 0) await mustChange('ip', ['-batch', '-'], { input: [...bridge, ...replugged, ...cables].join('\n') })
  await Promise.all(
    machines.map((machine) =>
      mustChange('ip', ['-netns', layout.netns(machine), '-batch', '-'], {
        input: ['link set lo up', `addr add ${layout.addressOf(machine)}/24 dev eth0`, 'link set eth0 up', `route add default via ${layout.hostAddress}`].join('\n'),
      }),
    ),
  )
}

/** A namespace can be pinned only where mounts are private. */
async function pinnable(layout: Layout): Promise<void> {
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  if (!mounts.includes(` ${layout.pins} `)) await mustChange('mount', ['--bind', layout.pins, layout.pins])
  await mustChange('mount', ['--make-private', layout.pins])
}

async function createMounts(layout: Layout, machine: string): Promise<void> {
  const pin = layout.mountsPin(machine)
  const mounts = await readFile('/proc/self/mountinfo', 'utf8')
  if (mounts.includes(` ${pin} `)) return
  await writeFile(pin, '')
  await pinNamespace(pin)
}

/** Takes single machines away. Their processes must be gone. */
export async function removeSome(spec: LabSpec, machines: readonly string[]): Promise<void> {
  const layout = layoutOf(spec)
  await Promise.all(machines.map((machine) => runProgram('umount', ['-l', layout.mountsPin(machine)])))
  const lines = machines.flatMap((machine) => remainsOf(layout, machine))
  if (lines.length > 0) await mustChange('ip', ['-batch', '-'], { input: lines.join('\n') })
  await Promise.all(machines.flatMap((machine) => [layout.mountsPin(machine), layout.memberRun(machine), layout.memberState(machine)]).map((path) => rm(path, { recursive: true, force: true })))
}

/** Everything that {@link createMachines} made. The processes must be gone. */
export async function removeMachines(spec: LabSpec): Promise<void> {
  const layout = layoutOf(spec)
  const machines = machinesOf(spec)
  await removeCuts(spec)
  await Promise.all(machines.map((machine) => runProgram('umount', ['-l', layout.mountsPin(machine)])))
  await runProgram('umount', ['-l', layout.pins])
  const lines = [
    ...machines.flatMap((machine) => remainsOf(layout, machine)),
    ...[layout.bridge, layout.cutBridge].filter((bridge) => existsSync(`/sys/class/net/${bridge}`)).map((bridge) => `link del ${bridge}`),
  ]
  if (lines.length > 0) await mustChange('ip', ['-batch', '-'], { input: lines.join('\n') })
  await rm(layout.run, { recursive: true, force: true })
}
