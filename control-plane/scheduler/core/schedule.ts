/** Chooses a node for a pod. PURE: the same snapshot, pod and tie-break give the same placement. */
import type { Pod } from '../../../shared/model/gen/api.ts'
import type { FilterPlugin, LocalFilter, NodeFilter, NodeScorer, Refusal, ScorePlugin } from './framework.ts'
import type { NodeInfo, PodInfo, Snapshot } from './state.ts'
import type { Memory, Remembered } from './memory.ts'
import { balancedAllocation } from './plugins/balanced-allocation.ts'
import { dynamicResources } from './plugins/dynamic-resources.ts'
import { imageLocality } from './plugins/image-locality.ts'
import { interPodAffinityFilter, interPodAffinityScore } from './plugins/inter-pod-affinity.ts'
import { nodeAffinityFilter, nodeAffinityScore } from './plugins/node-affinity.ts'
import { nodeName } from './plugins/node-name.ts'
import { nodePorts } from './plugins/node-ports.ts'
import { leastAllocatedScore, nodeResourcesFit } from './plugins/node-resources-fit.ts'
import { nodeUnschedulable } from './plugins/node-unschedulable.ts'
import { podTopologySpreadFilter, podTopologySpreadScore } from './plugins/pod-topology-spread.ts'
import { taintTolerationFilter, taintTolerationScore } from './plugins/taint-toleration.ts'
import { volumeBinding } from './plugins/volume-binding.ts'
import { volumeRestrictions } from './plugins/volume-restrictions.ts'
import { volumeZone } from './plugins/volume-zone.ts'

/** In the order they are asked: the first that refuses a node speaks for it. */
export const filterPlugins: readonly FilterPlugin[] = [nodeUnschedulable, nodeName, taintTolerationFilter, nodeAffinityFilter, nodePorts, nodeResourcesFit, volumeRestrictions, volumeBinding, volumeZone, podTopologySpreadFilter, interPodAffinityFilter, dynamicResources]
/** Those that look at one node alone. */
export const localFilters: readonly LocalFilter[] = filterPlugins.filter((plugin) => plugin.local)
export const scorePlugins: readonly ScorePlugin[] = [taintTolerationScore, nodeAffinityScore, leastAllocatedScore, podTopologySpreadScore, interPodAffinityScore, balancedAllocation, imageLocality]

/** A node that passed, and its weighed score with the part of each plugin. */
export interface Scored {
  readonly node: string
  readonly score: number
  readonly parts: Readonly<Record<string, number>>
}

export type Placement =
  | {
      readonly kind: 'placed'
      readonly node: string
      readonly score: number
      /** The best others, best first; at most {@link RUNNERS_UP}. */
      readonly runnersUp: readonly Scored[]
      readonly parts: Readonly<Record<string, number>>
      readonly feasible: number
      readonly evaluated: number
      readonly refusals: Refusals
      readonly revision: number
      /** Where the next search is to begin, so that all nodes get their turn. */
      readonly nextStart: number
    }
  | { readonly kind: 'unschedulable'; readonly refusals: Refusals; readonly evaluated: number; readonly message: string; /** Names of the plugins that refused a node. */ readonly refusedBy: readonly string[]; readonly revision: number; readonly nextStart: number }

/** How many nodes gave each reason. */
export type Refusals = Readonly<Record<string, number>>

const RUNNERS_UP = 3

export interface ScheduleOptions {
  /** In [0, 1): decides between nodes of equal score. */
  readonly tieBreak: number
  /** Index at which to begin (see `nextStart`). */
  readonly start: number
  /** What was found for pods of the same class before: makes it faster, never different. */
  readonly memory?: Memory | undefined
}

interface Search {
  readonly feasible: readonly NodeInfo[]
  /** Their positions in the snapshot. */
  readonly positions: readonly number[]
  readonly refusals: Map<string, number>
  readonly refusedBy: Set<string>
  readonly unresolvable: number
  readonly resolvable: number
  readonly evaluated: number
}

export type NamedFilter = { readonly name: string; readonly ask: NodeFilter; readonly local: boolean }
export type NamedScorer = { readonly name: string; readonly weight: number; readonly local: boolean; readonly scorer: NodeScorer }

/** The filters that have something to say of this pod. */
export function filtersFor(pod: PodInfo, snapshot: Snapshot): readonly NamedFilter[] {
  return filterPlugins.flatMap((plugin) => {
    const ask = plugin.filter(pod, snapshot)
    return ask ? [{ name: plugin.name, ask, local: plugin.local }] : []
  })
}

/** Of many nodes a part is enough: 50 % minus one per 125 nodes, at least 5 % and 100 nodes, as kube-scheduler samples. */
export function nodesToFind(total: number): number {
  if (total < 100) return total
  const percent = Math.max(5, 50 - Math.floor(total / 125))
  return Math.max(100, Math.floor((total * percent) / 100))
}

interface SearchOptions {
  readonly filters: readonly NamedFilter[]
  readonly start: number
  readonly remembered: Remembered | undefined
}

function search(snapshot: Snapshot, { filters, start, remembered }: SearchOptions): Search {
  const { nodes } = snapshot
  const enough = nodesToFind(nodes.length)
  const feasible: NodeInfo[] = []
  const positions: number[] = []
  const refusals = new Map<string, number>()
  const refusedBy = new Set<string>()
  let unresolvable = 0
  let resolvable = 0
  let evaluated = 0
  for (let at = nodes.length === 0 ? 0 : start % nodes.length; evaluated < nodes.length && feasible.length < enough; evaluated++, at = at + 1 === nodes.length ? 0 : at + 1) {
    const node = nodes[at]
    if (!node) break
    const refused = remembered ? remembered.refusal(at, filters) : firstRefusal(filters, node)
    if (!refused) {
      feasible.push(node)
      positions.push(at)
      continue
    }
    refusedBy.add(refused.name)
    if (refused.refusal.resolvable) resolvable++
    else unresolvable++
    for (const reason of refused.refusal.reasons) refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
  }
  return { feasible, positions, refusals, refusedBy, unresolvable, resolvable, evaluated }
}

export interface Refused {
  readonly name: string
  readonly refusal: Refusal
}

export function firstRefusal(filters: readonly NamedFilter[], node: NodeInfo): Refused | undefined {
  for (const { name, ask } of filters) {
    const refusal = ask(node)
    if (refusal) return { name, refusal }
  }
  return undefined
}

/** The scorers that have something to say of this pod. */
function scorersFor(pod: PodInfo, snapshot: Snapshot, nodes: readonly NodeInfo[]): readonly NamedScorer[] {
  return scorePlugins.flatMap((plugin) => {
    const scorer = plugin.scorer(pod, snapshot, nodes)
    return scorer ? [{ name: plugin.name, weight: plugin.weight, local: plugin.local, scorer }] : []
  })
}

interface Scores {
  readonly totals: Float64Array
  /** What each plugin gave the node at this position among the candidates. */
  readonly partsOf: (at: number) => Readonly<Record<string, number>>
}

function weigh(scorers: readonly NamedScorer[], nodes: readonly NodeInfo[]): Scores {
  const totals = new Float64Array(nodes.length)
  const parts = scorers.map(({ name, weight, scorer }) => {
    const raw = nodes.map((node) => scorer.score(node))
    const weighed = (scorer.normalize?.(raw, nodes) ?? raw).map((score) => score * weight)
    for (let i = 0; i < weighed.length; i++) totals[i] = (totals[i] ?? 0) + (weighed[i] ?? 0)
    return { name, weighed }
  })
  return { totals, partsOf: (at) => Object.fromEntries(parts.map(({ name, weighed }) => [name, weighed[at] ?? 0])) }
}

/** Weighed scores of the nodes, in their order. */
export const scoreNodes = (pod: PodInfo, snapshot: Snapshot, nodes: readonly NodeInfo[]): Scores => weigh(scorersFor(pod, snapshot, nodes), nodes)

/** Local scorers need not be asked again of nodes that have not changed. */
function recallScores(scorers: readonly NamedScorer[], { feasible, positions }: Search, remembered: Remembered): Scores {
  const totals = new Float64Array(feasible.length)
  for (let i = 0; i < positions.length; i++) totals[i] = remembered.score(positions[i] ?? 0, scorers)
  const partsOf = (at: number): Readonly<Record<string, number>> => {
    const node = feasible[at]
    return node ? Object.fromEntries(scorers.map(({ name, weight, scorer }) => [name, scorer.score(node) * weight])) : {}
  }
  return { totals, partsOf }
}

export function schedule(pod: PodInfo, snapshot: Snapshot, { tieBreak, start, memory }: ScheduleOptions): Placement {
  const rejected = rejection(pod, snapshot)
  if (rejected) return { kind: 'unschedulable', ...rejected, evaluated: 0, revision: snapshot.revision, nextStart: start }
  const filters = filtersFor(pod, snapshot)
  const remembered = filters.every(({ local }) => local) ? memory?.of(pod, snapshot) : undefined
  const found = search(snapshot, { filters, start, remembered })
  const refusals = Object.fromEntries(found.refusals)
  const nextStart = snapshot.nodes.length === 0 ? 0 : (start + found.evaluated) % snapshot.nodes.length
  const { revision } = snapshot
  if (found.feasible.length === 0) return { kind: 'unschedulable', refusals, evaluated: found.evaluated, message: unschedulableMessage(pod, snapshot, found), refusedBy: [...found.refusedBy], revision, nextStart }
  const scorers = scorersFor(pod, snapshot, found.feasible)
  const { totals, partsOf } = remembered && scorers.every(({ local }) => local) ? recallScores(scorers, found, remembered) : weigh(scorers, found.feasible)
  const scored = (at: number): Scored => ({ node: found.feasible[at]?.name ?? '', score: totals[at] ?? 0, parts: partsOf(at) })
  const [winner = 0, ...others] = best(totals, tieBreak)
  return { kind: 'placed', ...scored(winner), runnersUp: others.map(scored), feasible: found.feasible.length, evaluated: found.evaluated, refusals, revision, nextStart }
}

/** Where no node need be asked. */
function rejection(info: PodInfo, snapshot: Snapshot): Pick<Extract<Placement, { kind: 'unschedulable' }>, 'refusals' | 'message' | 'refusedBy'> | undefined {
  const total = snapshot.nodes.length
  if (total === 0) return undefined
  for (const { name, rejects } of filterPlugins) {
    const reason = rejects?.(info, snapshot)
    if (reason === undefined) continue
    // Who is rejected before devices are looked at hears what Kubernetes says where it looks for what it has not found out about them.
    const afterwards = name === dynamicResources.name ? `no new claims to deallocate, ${preemptionMessage(info.pod, total, { unresolvable: total, resolvable: 0 })}` : 'not found'
    return { refusals: { [reason]: total }, refusedBy: [name], message: `0/${total} nodes are available: ${reason}. ${afterwards}` }
  }
  return undefined
}

/** Indices of the highest totals: the winner among equals by the tie-break, then the runners-up. */
function best(totals: Float64Array, tieBreak: number): readonly number[] {
  let highest = Number.NEGATIVE_INFINITY
  let equals = 0
  for (let i = 0; i < totals.length; i++) {
    const total = totals[i] ?? 0
    if (total > highest) {
      highest = total
      equals = 1
    } else if (total === highest) equals++
  }
  let skip = Math.floor(tieBreak * equals)
  let winner = -1
  const runners: number[] = []
  let bar = Number.NEGATIVE_INFINITY
  for (let i = 0; i < totals.length; i++) {
    const total = totals[i] ?? 0
    if (winner < 0 && total === highest && skip-- === 0) {
      winner = i
      continue
    }
    if (total <= bar) continue
    const at = runners.findIndex((other) => (totals[other] ?? 0) < total)
    runners.splice(at < 0 ? runners.length : at, 0, i)
    if (runners.length > RUNNERS_UP) runners.pop()
    if (runners.length === RUNNERS_UP) bar = totals[runners.at(-1) ?? 0] ?? 0
  }
  return [winner, ...runners]
}

/** As kube-scheduler words it in the PodScheduled condition. */
function unschedulableMessage({ pod }: PodInfo, { nodes }: Snapshot, found: Search): string {
  const total = nodes.length
  if (total === 0) return 'no nodes available to schedule pods'
  const claims = (pod.spec?.resourceClaims ?? []).length > 0 ? 'still not schedulable' : 'no new claims to deallocate'
  return `0/${total} nodes are available: ${histogram(found.refusals)}. ${claims}, ${preemptionMessage(pod, total, found)}`
}

function preemptionMessage({ spec }: Pod, total: number, { unresolvable, resolvable }: Pick<Search, 'unresolvable' | 'resolvable'>): string {
  if (spec?.preemptionPolicy === 'Never') return 'preemption: not eligible due to preemptionPolicy=Never.'
  const counts = [...(unresolvable > 0 ? [['Preemption is not helpful for scheduling', unresolvable] as const] : []), ...(resolvable > 0 ? [['No preemption victims found for incoming pod', resolvable] as const] : [])]
  return `preemption: 0/${total} nodes are available: ${histogram(new Map(counts))}.`
}

const histogram = (counts: ReadonlyMap<string, number>): string => [...counts].map(([reason, count]) => `${count} ${reason}`).sort().join(', ')
