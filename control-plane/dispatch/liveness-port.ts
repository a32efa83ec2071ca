/** Whether nodes' agents give signs of life, as the dispatch room sees it. */
export type NodeState =
  /** Made by API, no agent: Kubernetes' own rules (lease, 40 s) hold. */
  | { readonly kind: 'no-agent' }
  | { readonly kind: 'seen' }
  /** No sign of life within its lease; `sinceMs` on the wall clock. */
  | { readonly kind: 'lost'; readonly sinceMs: number }

export interface NodeLiveness {
  stateOf(nodeName: string): NodeState
  /** Called with the node's name when its state changes. The answer unsubscribes. */
  onChange(listener: (nodeName: string) => void): () => void
}
