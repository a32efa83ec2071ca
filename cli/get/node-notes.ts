/**
 * What was decided about nodes, in words, below their table. On the error output: the table itself stays as kubectl prints it, for those who read it
 * with programs.
 */
import { systemClock } from '../../shared/kit/clock.ts'
import type { Event, Node } from '../../shared/model/gen/api.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { isStatusProblem } from '../cluster/status-problem.ts'
import { firstMs } from '../events/moment.ts'
import { lengthText } from '../nodes/length-text.ts'

/** A verdict is news for this long after. */
const NEWS_MS = 600_000

interface Items<T> {
  readonly items: readonly T[]
}

/** Lines with their ends; none where nothing was decided, or where one may not know. */
export async function nodeNotes(cluster: Cluster, names: readonly string[]): Promise<string> {
  try {
    const about = (reason: string): Promise<Items<Event>> => cluster.json<Items<Event>>({ path: '/api/v1/events', query: { fieldSelector: `involvedObject.kind=Node,reason=${reason}` } })
    const [nodes, fenced, rebooted] = await Promise.all([cluster.json<Items<Node>>({ path: '/api/v1/nodes' }), about('NodeFenced'), about('NodeRebooted')])
    return notesOf(nodes.items.filter(({ metadata }) => names.includes(metadata.name ?? '')), [...fenced.items, ...rebooted.items], systemClock.nowMs()).map((line) => `${line}\n`).join('')
  } catch (error) {
    if (isStatusProblem(error)) return ''
    throw error
  }
}

/** @param verdicts events that told of nodes given up */
export function notesOf(nodes: readonly Node[], verdicts: readonly Event[], nowMs: number): readonly string[] {
  return nodes.flatMap(({ metadata: { name = '' }, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready')
    if (ready && ready.status !== 'True') return ready.message ? [`${named(name, ready.message)} (gantry why node/${name})`] : []
    const verdict = verdicts.filter(({ involvedObject }) => involvedObject.name === name).toSorted((a, b) => firstMs(b) - firstMs(a))[0]
    if (!ready || !verdict || nowMs - firstMs(verdict) > NEWS_MS) return []
    return [`${name} is back. ${lengthText(nowMs - firstMs(verdict))} ago: ${(verdict.message ?? '').replace(new RegExp(`^${name}: `), '')} (gantry why node/${name})`]
  })
}

const named = (name: string, message: string): string => (message.startsWith(`${name}:`) ? message : `${name}: ${message}`)
