/** What the leader knows of a node's life now, and, where it does not say, what its lease tells. */
import { parseTime } from '../../shared/model/time.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { isStatusProblem } from '../cluster/status-problem.ts'

export interface Sight {
  readonly kind: 'unknown' | 'seen' | 'silent' | 'fenced'
  /** Wall time of its last sign of life, as exactly as it is known; `undefined` of one that is seen: now, by and large. */
  readonly lastSeenMs?: number | undefined
  /** Why it is not judged: too few of the others are seen. */
  readonly undecided?: { readonly seen: number; readonly of: number } | undefined
}

/** `GET /gantry/v1/why/nodes/NAME`: times in ms of the server's wall clock. */
interface WhyNode {
  readonly nowMs: number
  readonly state: { readonly kind: 'no-agent' | 'seen' | 'silent' | 'fenced'; readonly sinceMs?: number; readonly undecided?: Sight['undecided'] }
}

interface Lease {
  readonly spec?: { readonly renewTime?: string }
}

export async function sightOf(cluster: Cluster, node: { readonly name?: string | undefined } | undefined, nowMs: number): Promise<Sight> {
  const name = encodeURIComponent(node?.name ?? '')
  const [told, lease] = await Promise.all([
    ifThere(cluster.json<WhyNode>({ path: `/gantry/v1/why/nodes/${name}`, once: true })),
    ifThere(cluster.json<Lease>({ path: `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}` })),
  ])
  const renewedMs = parseTime(lease?.spec?.renewTime)
  if (!told || told.state.kind === 'no-agent') return { kind: 'unknown', lastSeenMs: renewedMs }
  const { kind, sinceMs, undecided } = told.state
  return { kind, undecided, lastSeenMs: sinceMs === undefined ? undefined : sinceMs + nowMs - told.nowMs }
}

/** What only some servers or some people may be told. */
async function ifThere<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (isStatusProblem(error)) return undefined
    throw error
  }
}
