/** What a node answers of its own use, for the metrics API of the control plane. */

/** Where it is asked: a page of the node's API, like those of kubelet. */
export const NODE_USAGE_PAGE = '/gantry/v1/usage'

export interface MeasuredUsage {
  /** Billionths of a processor, on average over the window. */
  readonly cpuNanoCores: number
  /** The working set. */
  readonly memoryBytes: number
}

export interface MeasuredPod {
  readonly uid: string
  /** The shortest of its containers' windows. */
  readonly windowMs: number
  /** Those that run; never none. */
  readonly containers: ReadonlyArray<MeasuredUsage & { readonly name: string }>
}

export interface NodeUsageReport {
  /** When the window ended, by the node's clock. */
  readonly atMs: number
  readonly windowMs: number
  readonly node: MeasuredUsage
  /** Pods without a container that was measured are left out. */
  readonly pods: readonly MeasuredPod[]
}
