/** `why`: the scheduler's decision on a pod, and how every node looks to it now. */
import type { Cluster } from '../cluster/cluster.ts'
import { isStatusProblem } from '../cluster/status-problem.ts'
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
  summary: 'Explain why a pod is where it is, and what happened to a node',
  usage: '(pod/NAME | node/NAME)',
  examples: '# Why here?\ngantry why pod/web-0\n\n# Why nowhere? The nearest miss comes first\ngantry why pod/too-big\n\n# The last outage of a node, step by step, and what became of its pods\ngantry why node/n2',
  flags: [text('output', 'json or yaml', { short: 'o' })],
  async run(call) {
    const cluster = await call.cluster()
    const { kind, name } = await subjectOf(call, cluster)
    call.terminal.out(kind === 'node' ? await whyNode(call, cluster, name) : await whyPod(call, cluster, name))
  },
}

async function whyPod(call: Call, cluster: Cluster, name: string): Promise<string> {
  const asked = cluster.json<Why>({ path: `/gantry/v1/why/pods/${encodeURIComponent(cluster.namespace)}/${encodeURIComponent(name)}` })
  if (isStructured(call)) return await structured(call, await asked)
  const [found, { podOrigin }] = await Promise.all([asked.catch((error: unknown) => (isStatusProblem(error) ? error : Promise.reject(error as Error))), import('./pod.ts')])
  const origin = await podOrigin(cluster, name)
  // A pod that is gone, or a leader that is just beginning: what is stored may be told all the same.
  if (!(found instanceof Error)) return `${whyText(found)}${origin}`
  if (origin === '') throw found
  return `What the scheduler weighed is not known: ${found.message}\n${origin}`
}

async function whyNode(call: Call, cluster: Cluster, name: string): Promise<string> {
  const [{ nodeStory }, { nodeText }, { lostPods }] = await Promise.all([import('./node.ts'), import('./node-text.ts'), import('./replacements.ts')])
  const story = await nodeStory(cluster, name)
  if (!isStructured(call)) return nodeText(story)
  const { sight, outages } = story
  return await structured(call, { node: name, sight, outages: outages.map((outage) => ({ ...outage, pods: lostPods(name, outage, story) })) })
}

interface Subject {
  readonly kind: 'pod' | 'node'
  readonly name: string
}

/** A name alone is a pod's. */
async function subjectOf({ args }: Call, cluster: Cluster): Promise<Subject> {
  const [first] = args
  if (first === undefined) throw new Problem('which pod or node? For example: gantry why pod/NAME')
  if (args.length === 1 && !first.includes('/')) return { kind: 'pod', name: first }
  // What is asked when something is down asks for little.
  const [, word = '', only] = /^(nodes?|no|pods?|po)\/([^/]+)$/.exec(args.join('/')) ?? []
  if (only !== undefined) return { kind: word.startsWith('n') ? 'node' : 'pod', name: only }
  const [selection, ...more] = await selectionsOf(cluster, args)
  const [name, ...others] = selection?.names ?? []
  const plural = selection?.resource.plural
  if ((plural !== 'pods' && plural !== 'nodes') || name === undefined || more.length + others.length > 0) throw new Problem('gantry why explains one pod or one node: gantry why pod/NAME, gantry why node/NAME')
  return { kind: plural === 'nodes' ? 'node' : 'pod', name }
}

const isStructured = ({ flags }: Call): boolean => (flags.text('output') ?? '') !== ''

async function structured({ flags }: Call, found: unknown): Promise<string> {
  switch (flags.text('output')) {
    case 'json':
      return (await import('../print/json.ts')).jsonText(found)
    case 'yaml':
      return (await import('../../shared/model/yaml-text.ts')).yamlText(found)
    default:
      throw new Problem(`unknown output format "${flags.text('output') ?? ''}": json and yaml are known`)
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
