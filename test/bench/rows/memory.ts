import { setTimeout as wait } from 'node:timers/promises'
import { processesOf } from '../../../deploy/lab/cgroups.ts'
import { layoutOf, membersOf, type MemberKind } from '../../../deploy/lab/layout.ts'
import { openCluster, type Cluster } from '../cluster.ts'
import { megabytes, memoryOfAll, programsIn, type Memory } from '../processes.ts'
import { median, type Row } from '../row.ts'
import { deployment, DEPLOYMENTS, isRunning, ofApp, watchPods } from '../watch.ts'

/** After this long without anything to do, processes are as idle as they get. */
const IDLE_MS = 15_000

type Lab = () => Promise<Cluster>

/** Everything of the member but the pods' own processes and their monitors. */
async function memberMemory(lab: Cluster, member: string): Promise<Memory> {
  return memoryOfAll(await processesOf(`${layoutOf(lab.spec).memberCgroup(member)}/agent`))
}

async function idleMemory(lab: Cluster, kind: MemberKind): Promise<{ readonly proportional: number; readonly resident: number }> {
  const members = membersOf(lab.spec).filter((member) => member.kind === kind)
  const each = await Promise.all(members.map(({ name }) => memberMemory(lab, name)))
  return { proportional: median(each.map((one) => megabytes(one.proportionalBytes))), resident: median(each.map((one) => megabytes(one.residentBytes))) }
}

interface IdleBounds {
  readonly kind: MemberKind
  readonly title: string
  readonly must: number
  readonly aim: number
}

const idleRow = (idleLab: Lab, { kind, title, must, aim }: IdleBounds): Row => ({
  name: `memory-${kind}`,
  title,
  unit: 'MB',
  judged: 'figure',
  better: 'less',
  must,
  aim,
  async measure() {
    const { proportional, resident } = await idleMemory(await idleLab(), kind)
    return { value: proportional, note: `proportional; resident ${resident.toFixed(0)} MB` }
  },
})

/** Waits once, for all rows that look at the idle lab. */
function settled(lab: Lab): Lab {
  let idle: Promise<Cluster> | undefined
  return () => (idle ??= lab().then((cluster) => wait(IDLE_MS, cluster)))
}

export function idleRows(lab: Lab): readonly Row[] {
  const idle = settled(lab)
  return [
    idleRow(idle, { kind: 'control-plane', title: 'idle memory of the control plane', must: 140, aim: 95 }),
    idleRow(idle, { kind: 'node', title: 'idle memory of each agent', must: 60, aim: 40 }),
    idleRow(idle, { kind: 'etcd', title: 'idle memory of etcd', must: 40, aim: 30 }),
  ]
}

const CONTAINERS = 60

/** The agents' and the monitors' memory, wherever the latter live. */
async function heldForContainers(lab: Cluster): Promise<{ readonly agents: Memory; readonly monitors: Memory }> {
  const { cgroup, memberCgroup } = layoutOf(lab.spec)
  const nodes = membersOf(lab.spec).filter(({ kind }) => kind === 'node')
  const agents = (await Promise.all(nodes.map(({ name }) => programsIn(`${memberCgroup(name)}/agent`, 'node')))).flat()
  const [ofAgents, monitors] = await Promise.all([memoryOfAll(agents), memoryOfAll(await programsIn(cgroup, 'conmon'))])
  return { agents: ofAgents, monitors }
}

/** In a lab of its own, whose agents have not held a container before. */
export const containerMemoryRow: Row = {
  name: 'memory-container',
  title: 'memory per container beside its own processes',
  unit: 'MB',
  judged: 'figure',
  better: 'less',
  must: 3,
  aim: 2.5,
  async measure() {
    await using cluster = await openCluster('bench-held')
    using pods = await watchPods(cluster, 'default')
    await wait(IDLE_MS)
    const before = await heldForContainers(cluster)
    await cluster.send('POST', DEPLOYMENTS, deployment('held', CONTAINERS))
    await pods.until((all) => ofApp(all, 'held').filter(isRunning).length === CONTAINERS)
    await wait(IDLE_MS)
    const after = await heldForContainers(cluster)
    const each = (of: keyof typeof after, what: keyof Memory): number => megabytes(after[of][what] - before[of][what]) / CONTAINERS
    const both = (what: keyof Memory): number => each('agents', what) + each('monitors', what)
    const resident = `resident ${both('residentBytes').toFixed(1)} MB: conmon ${each('monitors', 'residentBytes').toFixed(1)} MB, of which it shares ${each('monitors', 'sharedBytes').toFixed(1)} MB (the C library and GLib), the agent ${each('agents', 'residentBytes').toFixed(2)} MB`
    return { value: both('proportionalBytes'), note: `proportional, over ${CONTAINERS} containers, of it conmon ${each('monitors', 'proportionalBytes').toFixed(2)} MB; ${resident}` }
  },
}
