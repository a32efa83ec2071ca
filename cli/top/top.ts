/** `top`: what nodes and pods use now, as their own agents measure it (`stats/summary` through the node proxy). */
import type { Node } from '../../shared/model/gen/api.ts'
import { parseQuantity } from '../../shared/model/quantity.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { columnsOf } from '../print/columns.ts'
import type { Call, Command } from '../program/command.ts'
import { text, toggle } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'
import { messageOf } from '../../shared/kit/faults.ts'

interface Usage {
  readonly cpu?: { readonly usageNanoCores?: number }
  readonly memory?: { readonly workingSetBytes?: number }
}

interface PodUsage extends Usage {
  readonly podRef: { readonly name: string; readonly namespace: string }
  readonly containers?: ReadonlyArray<Usage & { readonly name: string }>
}

interface Summary {
  readonly node: Usage & { readonly nodeName: string }
  readonly pods: readonly PodUsage[]
}

const cpuText = ({ cpu }: Usage): string => `${Math.ceil((cpu?.usageNanoCores ?? 0) / 1e6)}m`
const memoryText = ({ memory }: Usage): string => `${Math.ceil((memory?.workingSetBytes ?? 0) / 1_048_576)}Mi`

/** One of each node that answers; the others are told. @throws Problem when none does */
async function summariesOf(call: Call, cluster: Cluster, nodes: readonly Node[]): Promise<readonly Summary[]> {
  const asked = await Promise.all(
    nodes.map(async ({ metadata: { name = '' } }) => {
      try {
        return await cluster.json<Summary>({ path: `/api/v1/nodes/${encodeURIComponent(name)}/proxy/stats/summary?only_cpu_and_memory=true`, once: true })
      } catch (error) {
        call.terminal.err(`error: node ${name} tells nothing of what it uses: ${messageOf(error)}\n`)
        return undefined
      }
    }),
  )
  const told = asked.filter((one) => one !== undefined)
  if (told.length === 0) throw new Problem('no node tells what it uses')
  return told
}

async function nodesOf(cluster: Cluster, name: string | undefined): Promise<readonly Node[]> {
  if (name !== undefined) return [await cluster.json<Node>({ path: `/api/v1/nodes/${encodeURIComponent(name)}` })]
  return (await cluster.json<{ readonly items: readonly Node[] }>({ path: '/api/v1/nodes' })).items
}

const SORT = text('sort-by', 'cpu or memory')
const HEADERS = toggle('no-headers', 'Without the head of the table')

function sorted<T extends Usage>(call: Call, rows: readonly T[], nameOf: (row: T) => string): readonly T[] {
  const by = call.flags.text('sort-by')
  if (by === 'cpu') return rows.toSorted((a, b) => (b.cpu?.usageNanoCores ?? 0) - (a.cpu?.usageNanoCores ?? 0))
  if (by === 'memory') return rows.toSorted((a, b) => (b.memory?.workingSetBytes ?? 0) - (a.memory?.workingSetBytes ?? 0))
  if (by !== undefined) throw new Problem('--sort-by accepts only cpu or memory')
  return rows.toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

const percent = (part: number, whole: number): string => (whole === 0 ? '<unknown>' : `${Math.floor((part / whole) * 100)}%`)

const node: Command = {
  name: 'node',
  aliases: ['nodes', 'no'],
  summary: 'Show what nodes use',
  usage: '[NAME]',
  flags: [SORT, HEADERS],
  async run(call) {
    const cluster = await call.cluster()
    const nodes = await nodesOf(cluster, call.args[0])
    const allocatable = new Map(nodes.map(({ metadata, status }) => [metadata.name ?? '', status?.allocatable ?? {}] as const))
    const rows = sorted(call, (await summariesOf(call, cluster, nodes)).map((one) => one.node), (one) => one.nodeName).map((one) => {
      const { cpu = '0', memory = '0' } = allocatable.get(one.nodeName) ?? {}
      return [one.nodeName, cpuText(one), percent((one.cpu?.usageNanoCores ?? 0) / 1e9, amountOf(cpu)), memoryText(one), percent(one.memory?.workingSetBytes ?? 0, amountOf(memory))]
    })
    call.terminal.out(columnsOf(call.flags.is('no-headers') ? [] : ['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)'], rows))
  },
}

function amountOf(quantity: string | number): number {
  const parsed = parseQuantity(String(quantity))
  return parsed === undefined ? 0 : Number(parsed.nanos) / 1e9
}

const pod: Command = {
  name: 'pod',
  aliases: ['pods', 'po'],
  summary: 'Show what pods use',
  usage: '[NAME]',
  flags: [SORT, HEADERS, toggle('all-namespaces', 'In all namespaces', { short: 'A' }), toggle('containers', 'Each container for itself')],
  async run(call) {
    const cluster = await call.cluster()
    const all = call.flags.is('all-namespaces')
    const [name] = call.args
    const summaries = await summariesOf(call, cluster, await nodesOf(cluster, undefined))
    const found = summaries.flatMap(({ pods }) => pods).filter(({ podRef }) => (all || podRef.namespace === cluster.namespace) && (name === undefined || podRef.name === name))
    if (found.length === 0) {
      if (name !== undefined) throw new Problem(`pod "${name}" uses nothing that is known: does it run?`)
      return call.terminal.err(`No resources found${all ? '' : ` in ${cluster.namespace} namespace`}.\n`)
    }
    const rows = sorted(call, found, ({ podRef }) => `${podRef.namespace}/${podRef.name}`).flatMap((one) => rowsOf(one, { all, each: call.flags.is('containers') }))
    const header = [...(all ? ['NAMESPACE'] : []), ...(call.flags.is('containers') ? ['POD'] : []), 'NAME', 'CPU(cores)', 'MEMORY(bytes)']
    call.terminal.out(columnsOf(call.flags.is('no-headers') ? [] : header, rows))
  },
}

function rowsOf(usage: PodUsage, { all, each }: { readonly all: boolean; readonly each: boolean }): ReadonlyArray<readonly string[]> {
  const { namespace, name } = usage.podRef
  const lead = [...(all ? [namespace] : []), name]
  if (!each) return [[...lead, cpuText(usage), memoryText(usage)]]
  return (usage.containers ?? []).map((one) => [...lead, one.name, cpuText(one), memoryText(one)])
}

export const top: Command = { name: 'top', summary: 'Show what nodes and pods use now', subcommands: [node, pod] }
