import type { Pod, PodAffinityTerm, WeightedPodAffinityTerm } from '../../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../../shared/model/json.ts'
import { MAX_SCORE, type FilterPlugin, type ScorePlugin } from '../framework.ts'
import { labelMatcher } from '../match.ts'
import type { NodeInfo, PodInfo, Snapshot } from '../state.ts'

const AFFINITY = { reasons: ["node(s) didn't match pod affinity rules"], resolvable: false } as const
const ANTI_AFFINITY = { reasons: ["node(s) didn't match pod anti-affinity rules"], resolvable: true } as const
const EXISTING = { reasons: ["node(s) didn't satisfy existing pods anti-affinity rules"], resolvable: true } as const

/** What the required terms of existing pods weigh when nodes are scored. */
const HARD_AFFINITY_WEIGHT = 1

/** A term as a question about another pod; `owner` is the pod whose term it is. */
interface Term {
  readonly topologyKey: string
  readonly matches: (other: Pod) => boolean
}

function termOf(term: PodAffinityTerm, owner: Pod, snapshot: Snapshot): Term {
  const selects = labelMatcher(term.labelSelector)
  const namespaces = new Set(term.namespaces ?? [])
  const { namespaceSelector } = term
  if (namespaces.size === 0 && !namespaceSelector) namespaces.add(owner.metadata.namespace ?? '')
  const namespaceMatches = namespaceSelector && labelMatcher(namespaceSelector)
  const inScope = (namespace: string): boolean => namespaces.has(namespace) || (namespaceMatches?.(snapshot.namespaceLabels(namespace)) ?? false)
  return { topologyKey: term.topologyKey, matches: (other) => inScope(other.metadata.namespace ?? '') && selects(other.metadata.labels) }
}

/** Pods found per topology key and value. */
class Tally {
  readonly #counts = new Map<string, Map<string, number>>()

  add(node: NodeInfo, topologyKey: string, by: number): void {
    const value = node.labels[topologyKey]
    if (value === undefined) return
    const values = this.#counts.get(topologyKey) ?? new Map<string, number>()
    this.#counts.set(topologyKey, values.set(value, (values.get(value) ?? 0) + by))
  }

  at(node: NodeInfo, topologyKey: string): number {
    const value = node.labels[topologyKey]
    return value === undefined ? 0 : (this.#counts.get(topologyKey)?.get(value) ?? 0)
  }

  /** The sum over every topology key. */
  sum(node: NodeInfo): number {
    let total = 0
    for (const key of this.#counts.keys()) total += this.at(node, key)
    return total
  }

  get isEmpty(): boolean {
    return this.#counts.size === 0
  }

  get keys(): readonly string[] {
    return [...this.#counts.keys()]
  }
}

/** Anti-affinity that pods already running have against this one. */
function existingAntiAffinity(pod: Pod, snapshot: Snapshot): Tally {
  const tally = new Tally()
  if (snapshot.antiAffinityPods === 0) return tally
  for (const node of snapshot.nodes) {
    for (const other of node.pods) {
      for (const term of other.requiredAntiAffinity) if (termOf(term, other.pod, snapshot).matches(pod)) tally.add(node, term.topologyKey, 1)
    }
  }
  return tally
}

/** Required pod affinity and anti-affinity, the pod's own and those of the pods that run already. */
export const interPodAffinityFilter: FilterPlugin = {
  name: 'InterPodAffinity',
  filter(info, snapshot) {
    const existing = existingAntiAffinity(info.pod, snapshot)
    if (existing.isEmpty && info.requiredAffinity.length === 0 && info.requiredAntiAffinity.length === 0) return undefined
    const affinity = info.requiredAffinity.map((term) => termOf(term, info.pod, snapshot))
    const antiAffinity = info.requiredAntiAffinity.map((term) => termOf(term, info.pod, snapshot))
    const wanted = new Tally()
    const unwanted = new Tally()
    if (affinity.length > 0 || antiAffinity.length > 0) {
      for (const node of snapshot.nodes) {
        for (const { pod } of node.pods) {
          if (affinity.length > 0 && affinity.every((term) => term.matches(pod))) for (const term of affinity) wanted.add(node, term.topologyKey, 1)
          for (const term of antiAffinity) if (term.matches(pod)) unwanted.add(node, term.topologyKey, 1)
        }
      }
    }
    // The first of a group that wants its like beside it may go anywhere.
    const isFirst = affinity.length > 0 && wanted.isEmpty && affinity.every((term) => term.matches(info.pod))
    return (node) => {
      if (affinity.some((term) => node.labels[term.topologyKey] === undefined)) return AFFINITY
      if (!isFirst && affinity.some((term) => wanted.at(node, term.topologyKey) <= 0)) return AFFINITY
      if (antiAffinity.some((term) => unwanted.at(node, term.topologyKey) > 0)) return ANTI_AFFINITY
      if (existing.keys.some((key) => existing.at(node, key) > 0)) return EXISTING
      return undefined
    }
  },
  local: false,
  helps(info, event, snapshot) {
    if (event.kind === 'node') return !deepEqual(event.node.before?.labels, event.node.after?.labels)
    if (event.kind !== 'pod') return false
    const { before, after } = event.pod
    const concerns = (terms: readonly PodAffinityTerm[]): boolean => [before, after].some((other) => other && terms.some((term) => termOf(term, info.pod, snapshot).matches(other.pod)))
    // Whom the pod wants beside it came; or went, so that it may be the first of its group.
    if (concerns(info.requiredAffinity)) return true
    if (!before) return false
    return concerns(info.requiredAntiAffinity) || before.requiredAntiAffinity.some((term) => termOf(term, before.pod, snapshot).matches(info.pod))
  },
}

interface Weighted {
  readonly term: Term
  readonly weight: number
}

const weighted = (terms: readonly WeightedPodAffinityTerm[] | undefined, sign: 1 | -1, [owner, snapshot]: readonly [Pod, Snapshot]): readonly Weighted[] => (terms ?? []).map(({ weight, podAffinityTerm }) => ({ term: termOf(podAffinityTerm, owner, snapshot), weight: sign * weight }))

function preferencesOf(pod: Pod, snapshot: Snapshot): readonly Weighted[] {
  const { podAffinity, podAntiAffinity } = pod.spec?.affinity ?? {}
  return [...weighted(podAffinity?.preferredDuringSchedulingIgnoredDuringExecution, 1, [pod, snapshot]), ...weighted(podAntiAffinity?.preferredDuringSchedulingIgnoredDuringExecution, -1, [pod, snapshot])]
}

/** What an existing pod would like of newcomers. */
function wishesOf(other: PodInfo, snapshot: Snapshot): readonly Weighted[] {
  return [...other.requiredAffinity.map((term) => ({ term: termOf(term, other.pod, snapshot), weight: HARD_AFFINITY_WEIGHT })), ...preferencesOf(other.pod, snapshot)]
}

/** Preferred affinity both ways: the sum of weights over the topology domains of a node. */
export const interPodAffinityScore: ScorePlugin = {
  name: 'InterPodAffinity',
  weight: 2,
  local: false,
  scorer(info, snapshot) {
    const own = preferencesOf(info.pod, snapshot)
    if (own.length === 0 && snapshot.affinityPods === 0) return undefined
    const tally = new Tally()
    for (const node of snapshot.nodes) {
      for (const other of node.pods) {
        for (const { term, weight } of own) if (term.matches(other.pod)) tally.add(node, term.topologyKey, weight)
        if (other.pod.spec?.affinity === undefined) continue
        for (const { term, weight } of wishesOf(other, snapshot)) if (term.matches(info.pod)) tally.add(node, term.topologyKey, weight)
      }
    }
    if (tally.isEmpty) return undefined
    return {
      score: (node) => tally.sum(node),
      normalize(raw) {
        const least = Math.min(...raw)
        const range = Math.max(...raw) - least
        return raw.map((score) => (range === 0 ? 0 : Math.floor((MAX_SCORE * (score - least)) / range)))
      },
    }
  },
}
