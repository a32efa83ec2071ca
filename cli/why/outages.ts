/** What happened to a node in the last hour, read from what is stored: events, the node, pods. So any control plane can be asked, also one that leads since a moment ago. PURE. */
import type { Event, Node } from '../../shared/model/gen/api.ts'
import { parseTime } from '../../shared/model/time.ts'
import { firstMs } from '../events/moment.ts'

export interface Moment {
  readonly atMs: number
  readonly what: string
}

/** One absence of a node: from its last sign of life until it was back. */
export interface Outage {
  /** The last sign of life, or what is known nearest to it. */
  readonly startMs: number
  /** Whether `startMs` is that of a heartbeat: the verdict told it. */
  readonly isHeartbeat: boolean
  /** The verdict; `undefined` when there was none. */
  readonly verdictMs: number | undefined
  /** Absent while it goes on. */
  readonly endMs: number | undefined
  /** In order. */
  readonly moments: readonly Moment[]
}

/** What an outage begins with, whichever comes first. */
const BEGINS = new Set(['NodeSilent', 'NodeFenced', 'NodeRebooted', 'NodeNotReady'])
const VERDICTS = new Set(['NodeFenced', 'NodeRebooted', 'NodeNotReady'])
const ENDS = new Set(['NodeAdmitted', 'NodeReady'])
/** Told of the cluster, and part of every outage they fall into. */
const OF_CLUSTER = new Set(['ControlPlaneBlind', 'ControlPlaneSees', 'LeaderElected'])
/** What still belongs to an outage that is over: the last of its pods, what the node itself has to tell. */
const AFTERMATH_MS = 10_000
const BEFORE_MS = 2_000

const isAbout = (event: Event, nodeName: string): boolean => event.involvedObject.kind === 'Node' && event.involvedObject.name === nodeName

/** Oldest first. @param events of all namespaces */
export function outagesOf(nodeName: string, events: readonly Event[], node: Node | undefined): readonly Outage[] {
  const own = events.filter((event) => isAbout(event, nodeName)).toSorted(byTime)
  const spans = spansOf(own, readyAgainMs(node))
  const told = [...own, ...events.filter(({ reason = '' }) => OF_CLUSTER.has(reason))].toSorted(byTime)
  return spans.map((span, at) => {
    const untilMs = Math.min(spans[at + 1]?.startMs ?? Number.POSITIVE_INFINITY, span.endMs === undefined ? Number.POSITIVE_INFINITY : span.endMs + AFTERMATH_MS)
    const within = told.filter((event) => firstMs(event) >= span.startMs - BEFORE_MS && firstMs(event) < untilMs)
    const moments = within.map((event) => ({ atMs: stoppedMs(event, span.startMs) ?? firstMs(event), what: sentence(event) }))
    if (span.isHeartbeat) moments.push({ atMs: span.startMs, what: `last heartbeat of ${nodeName}` })
    if (at === spans.length - 1 && span.endMs === undefined && node) moments.push(...taintMoments(node, span))
    if (span.isReadyAgain && span.endMs !== undefined) moments.push({ atMs: span.endMs, what: `${nodeName} is Ready again` })
    const { startMs, isHeartbeat, verdictMs, endMs } = span
    return { startMs, isHeartbeat, verdictMs, endMs, moments: moments.toSorted((a, b) => a.atMs - b.atMs) }
  })
}

const byTime = (a: Event, b: Event): number => firstMs(a) - firstMs(b)

const sentence = ({ reason = '', message = '', count = 1 }: Event): string => `${reason}: ${message.trim()}${count > 1 ? ` (${count} times)` : ''}`

/** A node tells of what it did while it was cut off when it is back: "3 pods stopped at 17:50:01.100". Believed where its clock can be right. */
function stoppedMs(event: Event, startMs: number): number | undefined {
  if (event.reason !== 'PodsStopped') return undefined
  const toldMs = clockMs(event, /stopped at (\d\d:\d\d:\d\d(?:\.\d+)?)/)
  return toldMs !== undefined && toldMs >= startMs && toldMs <= firstMs(event) ? toldMs : undefined
}

interface Span {
  startMs: number
  isHeartbeat: boolean
  verdictMs: number | undefined
  endMs: number | undefined
  /** Nobody told the end: the node's condition does. */
  isReadyAgain: boolean
}

function readyAgainMs(node: Node | undefined): number | undefined {
  const ready = node?.status?.conditions?.find(({ type }) => type === 'Ready')
  return ready?.status === 'True' ? parseTime(ready.lastTransitionTime) : undefined
}

function spansOf(own: readonly Event[], readyMs: number | undefined): readonly Span[] {
  const spans: Span[] = []
  for (const event of own) {
    const { reason = '' } = event
    const atMs = firstMs(event)
    let open = spans.at(-1)
    if (open?.endMs !== undefined) open = undefined
    if (BEGINS.has(reason)) {
      if (!open) spans.push((open = { startMs: atMs, isHeartbeat: false, verdictMs: undefined, endMs: undefined, isReadyAgain: false }))
      if (VERDICTS.has(reason)) open.verdictMs ??= atMs
      const heardMs = lastHeartbeatMs(event)
      if (heardMs !== undefined && !open.isHeartbeat) Object.assign(open, { startMs: Math.min(heardMs, open.startMs), isHeartbeat: true })
    } else if (ENDS.has(reason) && open) open.endMs = atMs
  }
  const last = spans.at(-1)
  if (last && last.endMs === undefined && readyMs !== undefined && readyMs >= last.startMs) Object.assign(last, { endMs: readyMs, isReadyAgain: true })
  return spans
}

/** "no heartbeat for 1.2 s" was true when it was said. */
export function lastHeartbeatMs(event: Event): number | undefined {
  const [, amount, unit] = /no heartbeat for ([\d.]+) (ms|s|min|h)\b/.exec(event.message ?? '') ?? []
  if (amount === undefined || unit === undefined) return undefined
  return saidMs(event) - Number(amount) * ({ ms: 1, s: 1_000, min: 60_000, h: 3_600_000 }[unit] ?? 0)
}

/** "fenced at 17:50:01.123", if that is near the event's own time; else that. */
function saidMs(event: Event): number {
  const atMs = firstMs(event)
  const toldMs = clockMs(event, /fenced at (\d\d:\d\d:\d\d(?:\.\d+)?)/)
  return toldMs !== undefined && Math.abs(toldMs - atMs) < 60_000 ? toldMs : atMs
}

/** The time of day in the message, on the day on which it was last so. */
function clockMs(event: Event, pattern: RegExp): number | undefined {
  const [, clock] = pattern.exec(event.message ?? '') ?? []
  const atMs = firstMs(event)
  const toldMs = clock === undefined ? undefined : parseTime(`1970-01-01T${clock}Z`)
  if (toldMs === undefined) return undefined
  const sameDayMs = Math.floor(atMs / DAY_MS) * DAY_MS + toldMs
  return sameDayMs > atMs + DAY_MS / 2 ? sameDayMs - DAY_MS : sameDayMs
}

const DAY_MS = 86_400_000

/** Taints tell whole seconds: where that is the verdict's second, they came with it. */
function taintMoments({ spec }: Node, { startMs, verdictMs: judgedMs }: Span): readonly Moment[] {
  return (spec?.taints ?? []).flatMap(({ key, value, effect, timeAdded }) => {
    const seconds = parseTime(timeAdded ?? undefined)
    if (seconds === undefined || seconds + 1_000 < startMs) return []
    const atMs = judgedMs !== undefined && Math.abs(judgedMs - seconds) < 1_500 ? Math.max(judgedMs, seconds) : seconds
    return [{ atMs, what: `taint ${key}${value ? `=${value}` : ''}:${effect}` }]
  })
}
