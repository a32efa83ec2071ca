/** `why`: the scheduler's decision on a pod, and how every node looks to it now. */
import type { Cluster } from '../cluster/cluster.ts'
import { selectionsOf } from '../cluster/selection.ts'
import { columnsOf } from '../print/columns.ts'
import type { Call, Command } from '../program/command.ts'
import { text } from '../program/flags.ts'
import { Problem } from '../program/problem.ts'

type Parts = Readonly<Record<string, number>>

interface Scored {
  readonly node: string
  readonly score: number
  readonly parts: Parts
}

type Refusal = { readonly plugin: string; readonly reasons: readonly string[]; readonly detail?: string }
type Verdict = { readonly node: string; readonly kind: 'feasible'; readonly score: number; readonly parts: Parts } | { readonly node: string; readonly kind: 'refused'; readonly by: readonly Refusal[] }

type Decision = { readonly decidedAt: string; readonly evaluated: number; readonly refusals: Readonly<Record<string, number>>; readonly revision: number } & (
  | ({ readonly kind: 'placed'; readonly runnersUp: readonly Scored[]; readonly feasible: number } & Scored)
  | { readonly kind: 'unschedulable'; readonly message: string }
)

export interface Why {
  readonly pod: { readonly namespace: string; readonly name: string; readonly nodeName: string | null }
  readonly decision: Decision | null
  readonly now: { readonly verdicts: readonly Verdict[]; readonly nearestMiss?: string } | null
}

export const why: Command = {
  name: 'why',
  summary: 'Explain why a pod is on its node, or on none',
  usage: '(pod/NAME | pod NAME)',
  examples: '# Why here?\ngantry why pod/web-0\n\n# Why nowhere? The nearest miss comes first\ngantry why pod/too-big',
  flags: [text('output', 'json or yaml', { short: 'o' })],
  async run(call) {
    const cluster = await call.cluster()
    const name = await podNamed(call, cluster)
    const found = await cluster.json<Why>({ path: `/gantry/v1/why/pods/${encodeURIComponent(cluster.namespace)}/${encodeURIComponent(name)}` })
    call.terminal.out(await textFor(call, found))
  },
}

/** A name alone is a pod's. */
async function podNamed({ args }: Call, cluster: Cluster): Promise<string> {
  const [first] = args
  if (first === undefined) throw new Problem('which pod? For example: gantry why pod/NAME')
  if (args.length === 1 && !first.includes('/')) return first
  const [selection, ...more] = await selectionsOf(cluster, args)
  const [name, ...others] = selection?.names ?? []
  if (!selection || selection.resource.plural !== 'pods' || name === undefined || more.length + others.length > 0) throw new Problem('gantry why explains one pod: gantry why pod/NAME')
  return name
}

async function textFor({ flags }: Call, found: Why): Promise<string> {
  switch (flags.text('output') ?? '') {
    case '':
      return whyText(found)
    case 'json':
      return (await import('../print/json.ts')).jsonText(found)
    case 'yaml':
      return (await import('../print/yaml.ts')).yamlText(found)
    default:
      throw new Problem(`unknown output format "${flags.text('output')}": json and yaml are known`)
  }
}

/** @returns lines with their ends */
export function whyText({ pod, decision, now }: Why): string {
  const parts = [decision ? decisionText(pod, decision) : undecided(pod)]
  // A table of now tells nothing new of a pod that is placed, but much of one that is not.
  if (now && now.verdicts.length > 0) parts.push(nowText(pod, now))
  return parts.join('\n')
}

const undecided = ({ name, nodeName }: Why['pod']): string =>
  nodeName === null ? `Pod ${name} has not been looked at by the scheduler yet.\n` : `Pod ${name} is on node ${nodeName}. The scheduler that placed it does not run any more, or it was placed by somebody else; what it weighed is not known.\n`

function decisionText({ name, nodeName }: Why['pod'], decision: Decision): string {
  if (decision.kind === 'unschedulable') return `Pod ${name} is on no node: none of the ${decision.evaluated} that were looked at can take it (${decision.decidedAt}).\n${decision.message}\n`
  const refused = Object.values(decision.refusals).reduce((sum, count) => sum + count, 0)
  const head = `Pod ${name} is on node ${nodeName ?? decision.node}: the best of ${decision.feasible} that could take it${refused > 0 ? `, ${decision.evaluated - decision.feasible} could not` : ''} (${decision.decidedAt}).\n\n`
  const reasons = Object.entries(decision.refusals).map(([reason, count]) => `  ${count} ${count === 1 ? 'node' : 'nodes'}: ${reason}\n`)
  return `${head}${scoreTable([decision, ...decision.runnersUp], decision.node)}${reasons.length > 0 ? `\nNot possible:\n${reasons.join('')}` : ''}`
}

const number = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1))

/** A row for each node, a column for each plugin that told them apart or gave anything. */
function scoreTable(nodes: readonly Scored[], chosen: string): string {
  const plugins = [...new Set(nodes.flatMap(({ parts }) => Object.keys(parts)))].filter((plugin) => nodes.some(({ parts }) => (parts[plugin] ?? 0) !== 0))
  const rows = nodes.map(({ node, score, parts }) => [node === chosen ? `${node} *` : node, number(score), ...plugins.map((plugin) => number(parts[plugin] ?? 0))])
  return columnsOf(['NODE', 'SCORE', ...plugins.map((plugin) => plugin.toUpperCase())], rows)
}

function nowText({ nodeName }: Why['pod'], { verdicts, nearestMiss }: NonNullable<Why['now']>): string {
  const feasible = verdicts.filter((verdict) => verdict.kind === 'feasible')
  const refused = verdicts.filter((verdict) => verdict.kind === 'refused')
  const parts: string[] = []
  if (nodeName !== null) return ''
  if (feasible.length > 0) parts.push(`As it is now, these could take it:\n\n${scoreTable(feasible, '')}`)
  if (refused.length > 0) parts.push(`What is missing on each node:\n\n${columnsOf(['NODE', 'MISSING', 'BY'], refused.flatMap(({ node, by }) => by.map(({ plugin, reasons, detail }, at) => [at > 0 ? '' : node === nearestMiss ? `${node} *` : node, [...reasons, ...(detail === undefined ? [] : [detail])].join('; '), plugin])))}`)
  if (nearestMiss !== undefined) parts.push(`* ${nearestMiss} is the nearest miss.\n`)
  return parts.join('\n')
}
