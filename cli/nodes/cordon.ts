import type { Node } from '../../shared/model/gen/api.ts'
import type { Cluster } from '../cluster/cluster.ts'
import type { Call, Command } from '../program/command.ts'
import { text } from '../program/flags.ts'
import { usageProblem } from '../program/problem.ts'
import { DRY_RUN, dryRunOf } from '../write/writing.ts'

export const nodePath = (name: string): string => `/api/v1/nodes/${encodeURIComponent(name)}`

/** The nodes named or selected. */
export async function nodesGiven(call: Call): Promise<readonly Node[]> {
  const cluster = await call.cluster()
  const selector = call.flags.text('selector')
  const names = call.args.map((arg) => arg.replace(/^nodes?\//, ''))
  if (names.length === 0 && selector === undefined) throw usageProblem(`USAGE: ${call.command} NODE [flags]`, call.command)
  if (selector !== undefined) return (await cluster.json<{ readonly items: readonly Node[] }>({ path: '/api/v1/nodes', query: { labelSelector: selector } })).items
  const nodes: Node[] = []
  for (const name of names) nodes.push(await cluster.json<Node>({ path: nodePath(name) }))
  return nodes
}

/** Says whether pods may be put on the node, and what was done. */
export async function setUnschedulable(call: Call, cluster: Cluster, { node, unschedulable }: { readonly node: Node; readonly unschedulable: boolean }): Promise<void> {
  const name = node.metadata.name ?? ''
  const verb = unschedulable ? 'cordoned' : 'uncordoned'
  if ((node.spec?.unschedulable ?? false) === unschedulable) return call.terminal.out(`node/${name} already ${verb}\n`)
  const mode = dryRunOf(call)
  if (mode !== 'client') await cluster.json({ method: 'PATCH', path: nodePath(name), query: { dryRun: mode === 'server' ? 'All' : undefined }, contentType: 'application/strategic-merge-patch+json', body: { spec: { unschedulable: unschedulable ? true : null } }, repeatable: true })
  call.terminal.out(`node/${name} ${verb}${mode === 'none' ? '' : mode === 'client' ? ' (dry run)' : ' (server dry run)'}\n`)
}

const cordoning = (name: string, summary: string, unschedulable: boolean): Command => ({
  name,
  summary,
  usage: 'NODE',
  flags: [text('selector', 'Label query to filter on', { short: 'l' }), DRY_RUN],
  async run(call) {
    const cluster = await call.cluster()
    for (const node of await nodesGiven(call)) await setUnschedulable(call, cluster, { node, unschedulable })
  },
})

export const cordon = cordoning('cordon', 'Put no new pods on a node', true)
export const uncordon = cordoning('uncordon', 'Let pods be put on a node again', false)
