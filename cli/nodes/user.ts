import { X509Certificate } from 'node:crypto'
import type { Cluster } from '../cluster/cluster.ts'
import { isStatusProblem } from '../cluster/status-problem.ts'

interface Review {
  readonly status?: { readonly userInfo?: { readonly username?: string } }
}

/** Who is asking: as the server knows them, else by their certificate or their login. */
export async function userOf(cluster: Cluster, env: Readonly<Record<string, string | undefined>>): Promise<string> {
  try {
    const { status } = await cluster.json<Review>({ method: 'POST', path: '/apis/authentication.k8s.io/v1/selfsubjectreviews', query: { dryRun: 'All' }, body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' } })
    if (status?.userInfo?.username) return status.userInfo.username
  } catch (error) {
    if (!isStatusProblem(error)) throw error
  }
  const { cert } = cluster.target.rest
  const named = cert === undefined ? undefined : /^CN=(.+)$/m.exec(new X509Certificate(cert).subject)?.[1]
  return named ?? env['USER'] ?? 'somebody'
}
