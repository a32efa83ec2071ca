import type { FenceEvidence } from '../heartbeats/port.ts'

/** Whether nodes live, as the leader knows it. Wall times, for people. */
export type NodeState =
  /** Made by API: Kubernetes' own rules (lease, 40 s) hold. Or its agent was never admitted: given up by the same patience. */
  | { readonly kind: 'no-agent' }
  | { readonly kind: 'seen' }
  /** No sign of life since then; not judged. `undecided`: beyond its lease, because fewer than half of the members are seen. */
  | { readonly kind: 'silent'; readonly sinceMs: number; readonly undecided?: { readonly seen: number; readonly of: number; readonly silentForMs: number } | undefined }
  /** Nothing of it runs, which is stored: whatever it had may be started elsewhere. */
  | { readonly kind: 'fenced'; readonly evidence: FenceEvidence; readonly atMs: number }

export interface NodeLiveness {
  stateOf(nodeName: string): NodeState
  /** Called with the node's name when its state changes. The answer unsubscribes. */
  onChange(listener: (nodeName: string) => void): () => void
}
