/** What follows for a node from its signs of life. PURE. */
import type { Node, NodeCondition, Pod, Taint } from '../../../shared/model/gen/api.ts'
import { staysWhenFenced } from '../../../shared/model/fenced-pods.ts'
import { formatMicroTime, parseTime } from '../../../shared/model/time.ts'
import { podCondition } from '../pod-control/pod-state.ts'
import { findNodeCondition, unknownConditions } from './conditions.ts'
import { taintsOf } from './taints.ts'

/** Kubernetes' patience with a node that was ready, and with one that never said anything. */
export const MONITOR_GRACE_MS = 40_000
export const STARTUP_GRACE_MS = 60_000

export type Life =
  /** Nobody but its lease and its status tell of it; `heardMs` is when one of them last changed. */
  | { readonly kind: 'no-agent'; readonly heardMs: number }
  | { readonly kind: 'seen' }
  /** Beyond its lease, and nobody can say whether it lives. `words`: a sentence for people. */
  | { readonly kind: 'undecided'; readonly words: string }
  /** Nothing of it runs. */
  | { readonly kind: 'fenced'; readonly words: string; readonly atMs: number }

export interface NodeView {
  readonly node: Node
  readonly life: Life
  /** Those bound to it. */
  readonly pods: readonly Pod[]
  readonly nowMs: number
}

export interface NodePlan {
  /** Conditions to write, by type. */
  readonly conditions: readonly NodeCondition[]
  /** All taints, if they change. */
  readonly taints: readonly Taint[] | undefined
  readonly labels: Readonly<Record<string, string>> | undefined
  /** `null` takes one away. */
  readonly annotations: Readonly<Record<string, string | null>> | undefined
  /** Pods that still say they are ready although their node is not. */
  readonly unready: readonly Pod[]
  /** The node was ready until now. */
  readonly hasFailed: boolean
  readonly againAfterMs: number | undefined
}

export function planNode({ node, life, pods, nowMs }: NodeView): NodePlan {
  const silence = silenceOf(node, life, nowMs)
  const conditions = silence.isSilent ? unknownConditions(node, nowMs, 'words' in life ? life.words : undefined) : []
  const judged = withConditions(node, conditions)
  return {
    conditions,
    taints: taintsOf(judged, { isFenced: isFenced(node, life), nowMs }),
    labels: missingLabels(node),
    annotations: annotationsOf(node, life),
    // Those that are about to be removed need not be called unready first.
    unready: pods.filter((pod) => isOutlived(pod, judged) && (life.kind !== 'fenced' || staysWhenFenced(pod))),
    hasFailed: findNodeCondition(node, 'Ready')?.status === 'True' && findNodeCondition(judged, 'Ready')?.status !== 'True',
    againAfterMs: silence.isSilent ? undefined : silence.inMs,
  }
}

/** Since when the node is given up: what was put on it because of that goes when its agent is back, and only that. */
export const FENCED_ANNOTATION = 'gantry.dev/fenced'
/** Who said that it is dead, if somebody did. */
const CONFIRMED_BY = 'gantry.dev/confirmed-dead-by'

/** `undefined`: the out-of-service taint is left as it is. It is somebody else's, or its agent has not spoken since the node was given up. */
function isFenced(node: Node, life: Life): boolean | undefined {
  if (life.kind === 'fenced') return true
  return life.kind === 'seen' && !isUnknown(node) && node.metadata.annotations?.[FENCED_ANNOTATION] !== undefined ? false : undefined
}

function annotationsOf(node: Node, life: Life): NodePlan['annotations'] {
  const { annotations = {} } = node.metadata
  const since = life.kind === 'fenced' ? formatMicroTime(life.atMs) : undefined
  const changes = {
    ...(annotations[TTL] === '0' ? {} : { [TTL]: '0' }),
    ...(since !== undefined && annotations[FENCED_ANNOTATION] !== since ? { [FENCED_ANNOTATION]: since } : {}),
    ...(isFenced(node, life) === false ? { [FENCED_ANNOTATION]: null, ...(annotations[CONFIRMED_BY] === undefined ? {} : { [CONFIRMED_BY]: null }) } : {}),
  }
  return Object.keys(changes).length === 0 ? undefined : changes
}

/** How long agents may cache what they read of the API; 0 as on every small cluster of Kubernetes. */
const TTL = 'node.alpha.kubernetes.io/ttl'

/** The agent has not spoken since its node was given up: what was put on it then stays until it does. */
const isUnknown = (node: Node): boolean => findNodeCondition(node, 'Ready')?.status === 'Unknown'

type Silence = { readonly isSilent: true } | { readonly isSilent: false; readonly inMs: number | undefined }

function silenceOf(node: Node, life: Life, nowMs: number): Silence {
  if (life.kind === 'undecided' || life.kind === 'fenced') return { isSilent: true }
  if (life.kind === 'seen') return { isSilent: false, inMs: undefined }
  const hasSpoken = findNodeCondition(node, 'Ready') !== undefined
  const endMs = hasSpoken ? life.heardMs + MONITOR_GRACE_MS : (parseTime(node.metadata.creationTimestamp) ?? nowMs) + STARTUP_GRACE_MS
  if (endMs <= nowMs) return { isSilent: true }
  return { isSilent: false, inMs: endMs - nowMs }
}

function withConditions(node: Node, changed: readonly NodeCondition[]): Node {
  if (changed.length === 0) return node
  const others = (node.status?.conditions ?? []).filter(({ type }) => !changed.some((one) => one.type === type))
  return { ...node, status: { ...node.status, conditions: [...others, ...changed] } }
}

/** The pod's word is older than the node's: nobody is there to take it back. */
function isOutlived(pod: Pod, node: Node): boolean {
  const nodeReady = findNodeCondition(node, 'Ready')
  const podReady = podCondition(pod, 'Ready')
  if (!nodeReady || nodeReady.status === 'True' || podReady?.status !== 'True') return false
  return (parseTime(podReady.lastTransitionTime) ?? 0) <= (parseTime(nodeReady.lastTransitionTime) ?? 0)
}

const BETA_LABELS: ReadonlyArray<readonly [from: string, to: string]> = [
  ['kubernetes.io/os', 'beta.kubernetes.io/os'],
  ['kubernetes.io/arch', 'beta.kubernetes.io/arch'],
]

/** The old names of two labels follow the new ones. */
function missingLabels(node: Node): Readonly<Record<string, string>> | undefined {
  const labels = node.metadata.labels ?? {}
  const missing = BETA_LABELS.flatMap(([from, to]) => (labels[from] !== undefined && labels[to] !== labels[from] ? [[to, labels[from]] as const] : []))
  return missing.length === 0 ? undefined : Object.fromEntries(missing)
}
