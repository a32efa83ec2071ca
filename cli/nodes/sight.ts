/** What the leader knows of a node's life now, and, where it does not say, what its lease tells. */
import { parseTime } from '../../shared/model/time.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { isStatusProblem } from '../cluster/status-problem.ts'

export interface Sight {
  readonly kind: 'unknown' | 'seen' | 'silent' | 'fenced'
  /** Wall time of its last sign of life, as exactly as it is known. */
  readonly lastSeenMs?: number | undefined
  /** Why it is not judged: too few of the others are seen. */
  readonly undecided?: { readonly seen: number; readonly of: number } | undefined
}

/** `GET /gantry/v1/why/nodes/NAME` */
interface WhyNode {
  readonly sight: { readonly kind: Sight['kind']; readonly undecided?: Sight['undecided'] }
  readonly lastSeen?: string | null
}

interface Lease {
  readonly spec?: { readonly renewTime?: string }
}

export async function sightOf(cluster: Cluster, node: { readonly name?: string | undefined } | undefined): Promise<Sight> {
  const name = encodeURIComponent(node?.name ?? '')
  const [told, lease] = await Promise.all([
    ifThere(cluster.json<WhyNode>({ path: `/gantry/v1/why/nodes/${name}` })),
    ifThere(cluster.json<Lease>({ path: `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${name}` })),
  ])
  const lastSeenMs = parseTime(told?.lastSeen ?? lease?.spec?.renewTime)
  return { kind: told?.sight.kind ?? 'unknown', lastSeenMs, undecided: told?.sight.undecided }
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
