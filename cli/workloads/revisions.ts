/** The revisions of a deployment: its replica sets, numbered. */
import type { Deployment, ReplicaSet } from '../../shared/model/gen/api.ts'
import { formatLabelSelector } from '../../shared/model/selectors.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { Problem } from '../program/problem.ts'
import type { Target } from '../write/targets.ts'

export const REVISION = 'deployment.kubernetes.io/revision'
export const CHANGE_CAUSE = 'kubernetes.io/change-cause'

export const revisionOf = (object: Pick<ReplicaSet, 'metadata'>): number => Number(object.metadata.annotations?.[REVISION] ?? 0)

/** @throws Problem for what keeps its revisions elsewhere */
export function assertDeployment({ resource, shown }: Target, doing: string): void {
  if (resource.plural !== 'deployments') throw new Problem(`${shown}: ${doing} works on deployments, and so far on nothing else`)
}

const ROLLS_OUT = new Set(['deployments', 'daemonsets', 'statefulsets'])

/** @throws Problem for what has no rollouts */
export function assertRollsOut({ resource, shown }: Target, doing: string): void {
  if (resource.group !== 'apps' || !ROLLS_OUT.has(resource.plural)) throw new Problem(`${shown}: ${doing} works on deployments, daemonsets and statefulsets`)
}

export const deploymentOf = (cluster: Cluster, { path }: Target): Promise<Deployment> => cluster.json<Deployment>({ path })

/** Its replica sets, oldest revision first. */
export async function replicaSetsOf(cluster: Cluster, deployment: Deployment): Promise<readonly ReplicaSet[]> {
  const { namespace = '', uid } = deployment.metadata
  const { items } = await cluster.json<{ readonly items: readonly ReplicaSet[] }>({ path: `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/replicasets`, query: { labelSelector: formatLabelSelector(deployment.spec?.selector) } })
  return items.filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.controller && owner.uid === uid)).toSorted((a, b) => revisionOf(a) - revisionOf(b))
}
