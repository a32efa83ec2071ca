/**
 * The scheduler as a pipeline of small plugins over a snapshot. A plugin first looks at the pod once (`filter(pod, snapshot)`), and answers either
 * `undefined` (it has nothing to say of this pod: it costs nothing) or a function to ask of each node. PURE throughout.
 */
import type { NodeInfo, PodInfo, Snapshot } from './state.ts'

/** Why a node cannot take the pod: a sentence of Kubernetes' own, and whether evicting pods there could help. */
export interface Refusal {
  readonly reasons: readonly string[]
  readonly resolvable: boolean
  /** How much is missing, for `gantry why`: `needs 2 cpu, 0.5 free`. */
  readonly detail?: string | undefined
}

export type NodeFilter = (node: NodeInfo) => Refusal | undefined

/** Scores nodes from 0 to 100 after `normalize`, more is better. */
export interface NodeScorer {
  score(node: NodeInfo): number
  /** Brings raw scores to 0…100; absent when they are already. Changes nothing it is given. */
  normalize?(raw: readonly number[], nodes: readonly NodeInfo[]): readonly number[]
}

/** Something as it was and as it is; one of the two is missing where it came or went. */
export interface Changed<T> {
  readonly before?: T | undefined
  readonly after?: T | undefined
}

/** What happened in the cluster and may make pods schedulable that were refused: wakes them from the queue. */
export type ClusterEvent =
  | { readonly kind: 'node'; readonly node: Changed<NodeInfo> }
  /** A pod that is on a node, with that node: both are missing where no such node is known. */
  | { readonly kind: 'pod'; readonly pod: Changed<PodInfo>; readonly node: Changed<NodeInfo> }
  /** A claim, or a class of devices, came or changed: nothing of a node. */
  | { readonly kind: 'devices'; readonly node: Changed<never> }
  /** A PersistentVolumeClaim (`namespace/name`) came or changed. */
  | { readonly kind: 'claim'; readonly key: string; readonly node: Changed<never> }
  /** A PersistentVolume or StorageClass came or changed. */
  | { readonly kind: 'volumes'; readonly node: Changed<never> }

interface Filter {
  readonly name: string
  filter(pod: PodInfo, snapshot: Snapshot): NodeFilter | undefined
  /** Why no node is even asked, in Kubernetes' words; undefined: they are. */
  rejects?(pod: PodInfo, snapshot: Snapshot): string | undefined
}

/** Its answer depends on the pod's class and that one node alone: it may be remembered until the node changes, and only a change of that node can change it. */
export interface LocalFilter extends Filter {
  readonly local: true
}

/** Its answer depends on other things too, so that it says itself what can help. */
export interface WideFilter extends Filter {
  readonly local: false
  /** Whether what happened may make a node pass that this plugin refused to the pod; true where it is not sure (a queueing hint, KEP-4247). */
  helps(pod: PodInfo, event: ClusterEvent, snapshot: Snapshot): boolean
}

export type FilterPlugin = LocalFilter | WideFilter

export interface ScorePlugin {
  readonly name: string
  readonly weight: number
  /** As for filters; a local scorer normalizes nothing. */
  readonly local: boolean
  /** `nodes` are those that passed the filters. */
  scorer(pod: PodInfo, snapshot: Snapshot, nodes: readonly NodeInfo[]): NodeScorer | undefined
}

export const MAX_SCORE = 100

/** Scales scores so that the highest is 100 (or, reversed, 0), as kube-scheduler does. */
export function scaleToHighest(raw: readonly number[], reverse = false): readonly number[] {
  const highest = Math.max(0, ...raw)
  if (highest === 0) return reverse ? raw.map(() => MAX_SCORE) : raw
  return raw.map((score) => {
    const scaled = Math.floor((MAX_SCORE * score) / highest)
    return reverse ? MAX_SCORE - scaled : scaled
  })
}
