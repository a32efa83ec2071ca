import type { Pod, TopologySpreadConstraint } from '../../../../shared/model/gen/api.ts'
import { deepEqual } from '../../../../shared/model/json.ts'
import { MAX_SCORE, type FilterPlugin, type Refusal, type ScorePlugin } from '../framework.ts'
import { nodeSelectorMatches } from '../../../../shared/model/node-selector.ts'
import { isTolerated, labelMatcher } from '../match.ts'
import type { NodeInfo, PodInfo, Snapshot } from '../state.ts'

const HOSTNAME = 'kubernetes.io/hostname'
const ZONE = 'topology.kubernetes.io/zone'

interface Constraint {
  readonly maxSkew: number
  readonly minDomains: number
  readonly topologyKey: string
  readonly selects: (labels: Readonly<Record<string, string>> | undefined) => boolean
  readonly honorsAffinity: boolean
  readonly honorsTaints: boolean
}

const SKEWED: Refusal = { reasons: ["node(s) didn't match pod topology spread constraints"], resolvable: true }
const UNLABELLED: Refusal = { reasons: ["node(s) didn't match pod topology spread constraints (missing required label)"], resolvable: false }

const constraintOf = (constraint: TopologySpreadConstraint): Constraint => ({
  maxSkew: constraint.maxSkew,
  minDomains: constraint.minDomains ?? 1,
  topologyKey: constraint.topologyKey,
  selects: labelMatcher(constraint.labelSelector),
  honorsAffinity: (constraint.nodeAffinityPolicy ?? 'Honor') === 'Honor',
  honorsTaints: constraint.nodeTaintsPolicy === 'Honor',
})

const constraintsOf = (pod: Pod, when: string): readonly Constraint[] => (pod.spec?.topologySpreadConstraints ?? []).filter((one) => one.whenUnsatisfiable === when).map(constraintOf)

/** Whether pods on this node count at all for the constraint. */
function counts(constraint: Constraint, pod: Pod, node: NodeInfo): boolean {
  if (constraint.honorsAffinity) {
    const labels = Object.entries(pod.spec?.nodeSelector ?? {})
    const required = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
    if (!labels.every(([key, value]) => node.labels[key] === value) || (required && !nodeSelectorMatches(required, node))) return false
  }
  if (!constraint.honorsTaints) return true
  return node.taints.every((taint) => taint.effect === 'PreferNoSchedule' || isTolerated(taint, pod.spec?.tolerations ?? []))
}

function matching(constraint: Constraint, namespace: string | undefined, node: NodeInfo): number {
  let found = 0
  for (const { pod } of node.pods) if (pod.metadata.namespace === namespace && pod.metadata.deletionTimestamp === undefined && constraint.selects(pod.metadata.labels)) found++
  return found
}

const hasAll = (constraints: readonly Constraint[], node: NodeInfo): boolean => constraints.every(({ topologyKey }) => node.labels[topologyKey] !== undefined)

function countDomains(constraint: Constraint, all: readonly Constraint[], { pod, nodes }: { readonly pod: Pod; readonly nodes: readonly NodeInfo[] }): Map<string, number> {
  const domains = new Map<string, number>()
  for (const node of nodes) {
    if (!hasAll(all, node) || !counts(constraint, pod, node)) continue
    const value = node.labels[constraint.topologyKey] ?? ''
    domains.set(value, (domains.get(value) ?? 0) + matching(constraint, pod.metadata.namespace, node))
  }
  return domains
}

/** `DoNotSchedule`: after the pod, no domain may have more than `maxSkew` matching pods above the emptiest one. */
export const podTopologySpreadFilter: FilterPlugin = {
  name: 'PodTopologySpread',
  filter({ pod }, { nodes }) {
    const constraints = constraintsOf(pod, 'DoNotSchedule')
    if (constraints.length === 0) return undefined
    const domains = constraints.map((constraint) => {
      const found = countDomains(constraint, constraints, { pod, nodes })
      const least = found.size < constraint.minDomains ? 0 : Math.min(...found.values())
      return { constraint, found, least, self: constraint.selects(pod.metadata.labels) ? 1 : 0 }
    })
    return (node) => {
      for (const { constraint, found, least, self } of domains) {
        const value = node.labels[constraint.topologyKey]
        if (value === undefined) return UNLABELLED
        const here = (found.get(value) ?? 0) + self
        if (here - least > constraint.maxSkew) return { ...SKEWED, detail: `${constraint.topologyKey}=${value} would have ${here} matching pods, ${here - least} more than the emptiest (at most ${constraint.maxSkew})` }
      }
      return undefined
    }
  },
  local: false,
  helps({ pod }, event) {
    // Another set of domains, or of nodes that count.
    if (event.kind === 'node') return !deepEqual(event.node.before?.labels, event.node.after?.labels) || !deepEqual(event.node.before?.taints, event.node.after?.taints)
    if (event.kind !== 'pod') return false
    const others = [event.pod.before, event.pod.after].filter((other) => other?.pod.metadata.namespace === pod.metadata.namespace)
    return constraintsOf(pod, 'DoNotSchedule').some(({ selects }) => others.some((other) => selects(other?.pod.metadata.labels)))
  },
}

/** What kube-scheduler spreads by when a pod says nothing, but a service or owner selects its siblings. */
function systemConstraints(pod: PodInfo, snapshot: Snapshot): readonly Constraint[] {
  const selects = snapshot.siblingSelector(pod.pod)
  if (!selects) return []
  const one = (topologyKey: string, maxSkew: number): Constraint => ({ topologyKey, maxSkew, minDomains: 1, selects: (labels) => selects(labels ?? {}), honorsAffinity: true, honorsTaints: false })
  return [one(HOSTNAME, 3), one(ZONE, 5)]
}

/** `ScheduleAnyway`: the fewer matching pods in the node's domains, the better; small topologies weigh less. */
export const podTopologySpreadScore: ScorePlugin = {
  name: 'PodTopologySpread',
  weight: 2,
  local: false,
  scorer(info, snapshot, nodes) {
    const own = constraintsOf(info.pod, 'ScheduleAnyway')
    const explicit = (info.pod.spec?.topologySpreadConstraints ?? []).length > 0
    const constraints = explicit ? own : systemConstraints(info, snapshot)
    if (constraints.length === 0) return undefined
    const ignored = new Set(explicit ? nodes.filter((node) => !hasAll(constraints, node)) : [])
    const weighed = constraints.map((constraint) => weigh(constraint, { constraints, explicit, info, snapshot, nodes, ignored }))
    return {
      score: (node) => (ignored.has(node) ? Number.NaN : Math.round(weighed.reduce((sum, { constraint, weight, countAt }) => (node.labels[constraint.topologyKey] === undefined ? sum : sum + countAt(node) * weight + (constraint.maxSkew - 1)), 0))),
      normalize(raw) {
        const known = raw.filter((score) => !Number.isNaN(score))
        const least = Math.min(...known)
        const most = Math.max(...known)
        return raw.map((score) => (Number.isNaN(score) ? 0 : most === 0 ? MAX_SCORE : Math.floor((MAX_SCORE * (most + least - score)) / most)))
      },
    }
  },
}

interface Weighing {
  readonly constraints: readonly Constraint[]
  readonly explicit: boolean
  readonly info: PodInfo
  readonly snapshot: Snapshot
  readonly nodes: readonly NodeInfo[]
  readonly ignored: ReadonlySet<NodeInfo>
}

function weigh(constraint: Constraint, { constraints, explicit, info, snapshot, nodes, ignored }: Weighing): { readonly constraint: Constraint; readonly weight: number; readonly countAt: (node: NodeInfo) => number } {
  const { pod } = info
  if (constraint.topologyKey === HOSTNAME) return { constraint, weight: Math.log(nodes.length - ignored.size + 2), countAt: (node) => matching(constraint, pod.metadata.namespace, node) }
  const values = new Set(nodes.filter((node) => !ignored.has(node)).flatMap((node) => node.labels[constraint.topologyKey] ?? []))
  // A topology that no candidate has costs nothing.
  const found = values.size === 0 ? new Map<string, number>() : countDomains(constraint, explicit ? constraints : [], { pod, nodes: snapshot.nodes })
  return { constraint, weight: Math.log(values.size + 2), countAt: (node) => found.get(node.labels[constraint.topologyKey] ?? '') ?? 0 }
}
