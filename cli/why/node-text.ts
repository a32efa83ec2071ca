/** The story of a node, in lines. PURE. */
import type { Node } from '../../shared/model/gen/api.ts'
import { formatMicroTime, parseTime } from '../../shared/model/time.ts'
import { isFenced } from '../nodes/death.ts'
import { lengthText } from '../nodes/length-text.ts'
import type { Sight } from '../nodes/sight.ts'
import { columnsOf } from '../print/columns.ts'
import type { Outage } from './outages.ts'
import { lostPods, type ClusterFacts, type LostPod } from './replacements.ts'

export interface NodeStory extends ClusterFacts {
  readonly name: string
  /** `undefined`: it is not registered any more. */
  readonly node: Node | undefined
  readonly sight: Sight
  /** Oldest first. */
  readonly outages: readonly Outage[]
  readonly nowMs: number
}

export function nodeText(story: NodeStory): string {
  const { name, outages } = story
  const last = outages.at(-1)
  const earlier = outages.slice(0, -1)
  const parts = [`${stateText(story)}\n`]
  if (!last) parts.push('Nothing that could have stopped its pods happened to it in the last hour.\n')
  else {
    parts.push(`${momentTable(last)}`)
    const lost = lostPods(name, last, story)
    if (lost.length > 0) parts.push(podTable(lost, last), summary(lost, last))
  }
  if (earlier.length > 0) parts.push(`Before that, in the last hour:\n${earlier.map((one) => `  ${earlierText(one)}\n`).join('')}`)
  return parts.join('\n')
}

/** How it is now. */
export function stateText({ name, node, sight, nowMs }: Pick<NodeStory, 'name' | 'node' | 'sight' | 'nowMs'>): string {
  if (!node) return `Node ${name} is not registered.`
  const ready = node.status?.conditions?.find(({ type }) => type === 'Ready')
  // The words of a verdict begin with the node's name, which has been said.
  const words = ready?.message?.startsWith(`${name}: `) ? ready.message.slice(name.length + 2) : (ready?.message ?? '')
  const seen = sight.lastSeenMs === undefined ? undefined : `${lengthText(nowMs - sight.lastSeenMs)} ago`
  const heard = seen === undefined ? (sight.kind === 'seen' ? ': seen just now' : '') : `: ${sight.kind === 'unknown' ? 'its lease was renewed' : 'seen'} ${seen}`
  const cordoned = node.spec?.unschedulable ? ' No new pods are put on it (cordoned).' : ''
  if (isFenced(node)) return `Node ${name} is given up: ${withPeriod(ready?.status === 'True' ? 'it speaks again, and is taken back when nothing is left of its former pods' : words)}${cordoned}`
  if (ready?.status === 'True') return `Node ${name} is Ready${heard}${readySince(ready.lastTransitionTime, nowMs)}.${cordoned}`
  if (sight.undecided) return `Node ${name} is silent${seen === undefined ? '' : ` since ${seen.replace(/ ago$/, '')}`}, and not judged: only ${sight.undecided.seen} of ${sight.undecided.of} members are seen. If it is dead, say so: gantry node confirm-dead ${name}.${cordoned}`
  return `Node ${name} is not Ready (${ready?.reason ?? 'it has not said anything yet'})${heard}${words === '' ? '.' : `: ${withPeriod(words)}`}${cordoned}`
}

const withPeriod = (text: string): string => (text === '' || text.endsWith('.') ? text : `${text}.`)

function readySince(time: string | undefined, nowMs: number): string {
  const atMs = parseTime(time)
  return atMs === undefined ? '' : `, Ready for ${lengthText(nowMs - atMs)}`
}

/** `17:50:01.123`, UTC as messages have it. */
const clockText = (ms: number): string => formatMicroTime(ms).slice(11, 23)
const offset = (ms: number | undefined, startMs: number): string => (ms === undefined ? '-' : `${ms < startMs ? '-' : '+'}${(Math.abs(ms - startMs) / 1_000).toFixed(3)} s`)

const momentTable = ({ moments, startMs }: Outage): string => columnsOf(['TIME (UTC)', 'AFTER', 'WHAT'], moments.map(({ atMs, what }) => [clockText(atMs), offset(atMs, startMs), what]))

function podTable(lost: readonly LostPod[], { startMs }: Outage): string {
  const at = (ms: number | undefined): string => offset(ms, startMs)
  const rows = lost.map(({ namespace, name, removedMs, successor }) => {
    const pod = [`${namespace}/${name}`, at(removedMs)]
    if (!successor) return [...pod, 'nothing yet', '-', '-', '-', '-', '-', '-']
    return [...pod, successor.name, successor.nodeName ?? '-', at(successor.createdMs), at(successor.boundMs), at(successor.startedMs), successor.readyMs === undefined ? '-' : clockText(successor.readyMs).slice(0, 8), successor.services.length > 0 ? successor.services.join(',') : '-']
  })
  return columnsOf(['POD', 'REMOVED', 'REPLACED BY', 'NODE', 'CREATED', 'BOUND', 'STARTED', 'READY', 'SERVICES'], rows)
}

function summary(lost: readonly LostPod[], { startMs, isHeartbeat, verdictMs }: Outage): string {
  const started = lost.flatMap(({ successor }) => successor?.startedMs ?? [])
  const pods = (count: number): string => `${count} ${count === 1 ? 'pod' : 'pods'}`
  if (started.length === 0) return `${pods(lost.length)} lost, none started elsewhere yet.\n`
  const lastMs = Math.max(...started)
  const open = lost.length - started.length
  const since = [...(isHeartbeat ? [`${lengthText(lastMs - startMs)} after the last heartbeat`] : []), ...(verdictMs === undefined ? [] : [`${lengthText(lastMs - verdictMs)} after the verdict`])]
  return `${pods(started.length)} started elsewhere${since.length > 0 ? ` ${since.join(', ')}` : ''}${open > 0 ? `; ${open} not yet` : ''}.\n`
}

function earlierText({ startMs, endMs, moments }: Outage): string {
  const verdict = moments.find(({ what }) => /^Node(Fenced|Rebooted|NotReady)/.test(what)) ?? moments[0]
  return `${clockText(startMs)} ${verdict?.what ?? ''}${endMs === undefined ? '' : `; back after ${lengthText(endMs - startMs)}`}`
}
