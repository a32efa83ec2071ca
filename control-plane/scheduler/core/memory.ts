/**
 * Many pods are alike: replicas of one template ask the same of every node. What local plugins answered for one of them holds for the next, on every
 * node that has not changed since. PURE in effect: a placement is the same with and without it (see memory.prop.test.ts), it only comes sooner.
 */
import { firstRefusal, type NamedFilter, type NamedScorer, type Refused } from './schedule.ts'
import type { PodInfo, Snapshot } from './state.ts'

/** How many classes are remembered. */
const CLASSES = 32

export interface Remembered {
  /** Why the node at this position refuses pods of the class, if it does. */
  refusal(at: number, filters: readonly NamedFilter[]): Refused | undefined
  /** Its weighed score. */
  score(at: number, scorers: readonly NamedScorer[]): number
}

export interface Memory {
  of(pod: PodInfo, snapshot: Snapshot): Remembered
}

class ClassMemory implements Remembered {
  readonly layout: number
  readonly #snapshot: Snapshot
  readonly #refusals: Array<Refused | undefined>
  readonly #refusalVersions: Float64Array
  readonly #scores: Float64Array
  readonly #scoreVersions: Float64Array

  constructor(snapshot: Snapshot) {
    const size = snapshot.nodes.length
    this.layout = snapshot.layout
    this.#snapshot = snapshot
    this.#refusals = Array.from({ length: size }, () => undefined)
    this.#refusalVersions = new Float64Array(size).fill(-1)
    this.#scores = new Float64Array(size)
    this.#scoreVersions = new Float64Array(size).fill(-1)
  }

  refusal(at: number, filters: readonly NamedFilter[]): Refused | undefined {
    const version = this.#snapshot.versions[at] ?? 0
    if (this.#refusalVersions[at] === version) return this.#refusals[at]
    const node = this.#snapshot.nodes[at]
    const answer = node && firstRefusal(filters, node)
    this.#refusals[at] = answer
    this.#refusalVersions[at] = version
    return answer
  }

  score(at: number, scorers: readonly NamedScorer[]): number {
    const version = this.#snapshot.versions[at] ?? 0
    if (this.#scoreVersions[at] === version) return this.#scores[at] ?? 0
    const node = this.#snapshot.nodes[at]
    let total = 0
    if (node) for (const { weight, scorer } of scorers) total += scorer.score(node) * weight
    this.#scores[at] = total
    this.#scoreVersions[at] = version
    return total
  }
}

/** For one snapshot that changes in place ({@link ClusterState}): node versions say what is still true. */
export function createMemory(): Memory {
  const classes = new Map<string, ClassMemory>()
  return {
    of(pod, snapshot) {
      const known = classes.get(pod.classKey)
      if (known?.layout === snapshot.layout) return known
      classes.delete(pod.classKey)
      const fresh = new ClassMemory(snapshot)
      classes.set(pod.classKey, fresh)
      if (classes.size > CLASSES) classes.delete(classes.keys().next().value ?? '')
      return fresh
    },
  }
}
